"""Let an alert live through what its columns tell of, each change at its time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t
from collections.abc import Mapping

from flask_webhook_alerts import clock
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.state import State

from .clients import Payload
from .holding import HeldClock


@dataclasses.dataclass(frozen=True, kw_only=True)
class Life:
    """What happened to an alert, and when; what has no time did not happen."""

    created_at: dt.datetime
    repetitions: int
    last_received_at: dt.datetime
    acknowledged_at: dt.datetime | None
    resolved_at: dt.datetime | None

    def __post_init__(self) -> None:
        """Raise :exc:`ValueError` unless it can have happened so."""
        if self.repetitions < 0:
            raise ValueError("An alert was created once at least: occurrences is 1 or more.")

        if self.repetitions == 0 and self.last_received_at != self.created_at:
            raise ValueError("An alert of one occurrence was last received when it was created.")

        changes = (self.last_received_at, self.acknowledged_at, self.resolved_at)
        times = [self.created_at, *(at for at in changes if at is not None)]
        if min(times) < self.created_at or max(times) > (self.resolved_at or max(times)):
            raise ValueError("An alert is created first and resolved last; these times are not so.")

    @classmethod
    def take(cls, status: str | None, columns: dict[str, t.Any]) -> Life:
        """Return the life that leads to a status, and take what tells of it out of ``columns``."""
        given = {name: columns.pop(name, None) for name in _TIMES}
        times = {name: clock.as_utc(at) for name, at in given.items() if at is not None}
        occurrences = columns.pop("occurrences", 2 if "last_received_at" in times else 1)
        implied = _implied(times)
        reached = AlertStatus(status or implied)
        if _ORDER.index(reached) < _ORDER.index(implied):
            raise ValueError(f"An alert that was {implied} is not {reached} in the end.")

        times.setdefault("created_at", min([clock.now(), *times.values()]))
        times.setdefault("last_received_at", times["created_at"])
        if reached is not AlertStatus.OPEN:
            times.setdefault(f"{reached}_at", max(times.values()))
        return cls(
            created_at=times["created_at"],
            repetitions=occurrences - 1,
            last_received_at=times["last_received_at"],
            acknowledged_at=times.get("acknowledged_at"),
            resolved_at=times.get("resolved_at"),
        )

    def live(self, state: State, integration_id: str, payload: Payload, by: str | None) -> int:
        """Let it happen. Return the alert's id.

        :param by: who acknowledged and resolved it.
        """
        with HeldClock(self.created_at) as clock_then:
            receipt = state.service.receive_from_host(integration_id, payload)
            if receipt.outcome is not Outcome.CREATED:
                raise ValueError(f"An alert with the Id {payload['Id']!r} is active already.")

            clock_then.freeze(self.last_received_at)
            for _ in range(self.repetitions):
                state.service.receive_from_host(integration_id, payload)
            alert_id = t.cast(int, receipt.alert_id)
            for kind, at in self._changes:
                clock_then.freeze(at)
                state.triage.change(alert_id, kind, by)
        return alert_id

    @property
    def _changes(self) -> list[tuple[EventKind, dt.datetime]]:
        changes = {
            EventKind.ACKNOWLEDGED: self.acknowledged_at,
            EventKind.RESOLVED: self.resolved_at,
        }
        return [(kind, at) for kind, at in changes.items() if at is not None]


_ORDER = list(AlertStatus)
_TIMES = ("created_at", "last_received_at", "acknowledged_at", "resolved_at")


def _implied(times: Mapping[str, dt.datetime]) -> AlertStatus:
    if "resolved_at" in times:
        return AlertStatus.RESOLVED

    return AlertStatus.ACKNOWLEDGED if "acknowledged_at" in times else AlertStatus.OPEN
