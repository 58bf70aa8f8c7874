"""Let an alert live through what its columns tell of, each change at its time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

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

    @classmethod
    def take(cls, status: str | None, columns: dict[str, t.Any]) -> Life:
        """Return the life that leads to a status, and take what tells of it out of ``columns``."""
        created_at = columns.pop("created_at", None) or clock.now()
        last_received_at = columns.pop("last_received_at", None)
        occurrences = columns.pop("occurrences", 1 if last_received_at is None else 2)
        acknowledged_at = columns.pop("acknowledged_at", None)
        resolved_at = columns.pop("resolved_at", None)
        implied = _implied(acknowledged_at, resolved_at)
        reached = AlertStatus(status or implied)
        if _ORDER.index(reached) < _ORDER.index(implied):
            raise ValueError(f"An alert that was {implied} is not {reached} in the end.")

        last_received_at = last_received_at or created_at
        if reached is AlertStatus.ACKNOWLEDGED:
            acknowledged_at = acknowledged_at or last_received_at
        if reached is AlertStatus.RESOLVED:
            resolved_at = resolved_at or acknowledged_at or last_received_at
        return cls(
            created_at=created_at,
            repetitions=occurrences - 1,
            last_received_at=last_received_at,
            acknowledged_at=acknowledged_at,
            resolved_at=resolved_at,
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


def _implied(acknowledged_at: dt.datetime | None, resolved_at: dt.datetime | None) -> AlertStatus:
    if resolved_at is not None:
        return AlertStatus.RESOLVED

    return AlertStatus.OPEN if acknowledged_at is None else AlertStatus.ACKNOWLEDGED
