"""Name the values that statements take: one place for the columns of an alert and of an event."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import sqlalchemy as sa

from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import EventType
from flask_webhook_alerts.events import IncomingEvent
from flask_webhook_alerts.tokens import digest_thirdparty_id

MOST_ID: int = 2**63 - 1
"""The highest id that a table can hold."""

MAX_ATTEMPTS = 10
"""After this many failed attempts an event is dead."""

LEASE = dt.timedelta(seconds=60)
"""How long a deliverer holds what it has claimed, unless it renews it."""

_FIRST_PAUSE = dt.timedelta(seconds=10)
_LONGEST_PAUSE = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What the new event's row says about its delivery.

    :ivar delivered_at: set if nobody wants to hear of the event.
    :ivar due_at: when a deliverer may take it; None if it is delivered or claimed.
    :ivar claim_until: set if this process wants to deliver it itself, unless an earlier event of
        the alert is still owed.
    """

    delivered_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    claim_until: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Target:
    """Which alert is meant: the active one of a key, or the one with an id.

    With an id, the key is the one that the alert shall be active under again.
    """

    integration_id: str | None = None
    active_key: str | None = None
    alert_id: int | None = None

    @property
    def is_by_id(self) -> bool:
        """Whether the id tells which alert, and not the key."""
        return self.alert_id is not None

    @property
    def parameters(self) -> dict[str, t.Any]:
        """The values for :meth:`condition`."""
        if not self.is_by_id:
            return {"which_integration": self.integration_id, "which_key": self.active_key}

        return {"which_id": self.alert_id} | (
            {} if self.active_key is None else {"which_key": self.active_key}
        )

    @staticmethod
    def condition(alert: t.Any, *, by_id: bool) -> list[sa.ColumnElement[bool]]:
        """Return the condition that finds the alert among the columns of its table."""
        if by_id:
            return [alert.id == sa.bindparam("which_id")]

        return [
            alert.integration_id == sa.bindparam("which_integration"),
            alert.active_key == sa.bindparam("which_key"),
        ]


def alert_row(integration_id: str, event: IncomingEvent, at: dt.datetime) -> dict[str, t.Any]:
    """Return the values of a new alert, but for those of :data:`NEW_ALERT`."""
    return {
        "integration_id": integration_id,
        "thirdparty_id": event.thirdparty_id,
        "active_key": digest_thirdparty_id(event.thirdparty_id),
        "title": event.title,
        "description": event.description,
        "urgency": event.urgency,
        "tags": list(event.tags),
        "meta": event.meta,
        "additional_data": event.additional_data,
        "dedup_keys": list(event.dedup_keys),
        "incident": event.incident,
        "incident_severity": event.incident_severity,
        "incident_message": event.incident_message,
        "created_at": at,
        "last_received_at": at,
    }


def event_row(
    kind: EventKind, at: dt.datetime, plan: Plan, *, by: str | None, notes: tuple[str, ...]
) -> dict[str, t.Any]:
    """Return the values of a new event, but for its alert; as if nothing earlier were owed."""
    return {
        "kind": kind.value,
        "at": at,
        "by": by,
        "notes": list(notes),
        "delivered_at": plan.delivered_at,
        "attempts": 1 if plan.claim_until else 0,
        "next_attempt_at": plan.claim_until or plan.due_at,
    }


def facts(alert: t.Any) -> list[sa.ColumnElement[t.Any]]:
    """Return the columns that a receipt needs."""
    return [alert.id, alert.thirdparty_id, alert.status, alert.occurrences]


def is_owed(event: t.Any) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Return the conditions of an event whose receivers have yet to hear of it.

    :param event: the columns of its table.
    """
    return event.delivered_at.is_(None), event.next_attempt_at.is_not(None)


def is_dead(event: t.Any) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Return the conditions of an event that has failed too often to be tried again."""
    return event.delivered_at.is_(None), event.next_attempt_at.is_(None)


def pause_after(attempts: int) -> dt.timedelta:
    """Return how long to wait after this many failed attempts: 10 s, 30 s, 90 s … 1 h."""
    return min(_FIRST_PAUSE * int(3 ** (attempts - 1)), _LONGEST_PAUSE)


_SAMPLE_TIME = dt.datetime.min.replace(tzinfo=dt.UTC)
_SAMPLE_EVENT = IncomingEvent(type=EventType.CREATE, thirdparty_id="")

ALERT_PARAMETERS = tuple(alert_row("", _SAMPLE_EVENT, _SAMPLE_TIME))
"""The names in :func:`alert_row`."""

EVENT_PARAMETERS = tuple(event_row(EventKind.CREATED, _SAMPLE_TIME, Plan(), by=None, notes=()))
"""The names in :func:`event_row`."""

# What is the same in each new row stands in the statement, which spares a parameter.
NEW_ALERT: dict[str, sa.ColumnElement[t.Any]] = {
    "status": sa.literal_column(f"'{AlertStatus.OPEN}'"),
    "occurrences": sa.literal_column("1"),
}
"""What :func:`alert_row` leaves out."""

NEW_EVENT: dict[str, sa.ColumnElement[t.Any]] = {"delivered_to": sa.literal_column("'[]'")}
"""What :func:`event_row` leaves out."""
