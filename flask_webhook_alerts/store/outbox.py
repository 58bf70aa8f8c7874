"""Claim the events that are owed, and mark what became of them.

An event is owed while ``delivered_at`` is null and ``next_attempt_at`` is not. A deliverer claims
it by moving ``next_attempt_at`` ahead; the moved value is its lease, and only who holds the lease
may mark the event. Each write is one statement that names the row as it was seen.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import sqlalchemy as sa

from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .values import is_dead
from .values import is_owed
from .values import LEASE
from .values import MAX_ATTEMPTS

_BATCH = 20


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """An event that this process holds.

    :ivar delivered_to: the receivers that have returned in earlier attempts.
    :ivar last_error: what went wrong in the last attempt.
    :ivar until: the lease: who marks the event must find this value in ``next_attempt_at``.
    :ivar attempts: how often the event was claimed, this time included.
    """

    event_id: int
    kind: EventKind
    until: dt.datetime
    attempts: int
    delivered_to: tuple[str, ...] = ()
    last_error: str | None = None


class Outbox:
    """The reads and writes of delivery."""

    def __init__(self, models: Models, dialect: sa.Dialect) -> None:
        event = table_of(models.AlertEvent)
        is_due = event.c.next_attempt_at <= sa.bindparam("now", type_=event.c.next_attempt_at.type)
        # What nobody has claimed yet needs no clock: that of a worker may be a little behind.
        is_new = sa.and_(event.c.attempts == 0, event.c.next_attempt_at.is_not(None))
        self._due = self._select(event, is_due)
        self._due_of_alert = self._select(
            event, sa.or_(is_due, is_new), event.c.alert_id == sa.bindparam("alert_id")
        )
        held = (event.c.id == sa.bindparam("event_id"), event.c.delivered_at.is_(None))
        seen = sa.bindparam("seen", type_=event.c.next_attempt_at.type)
        self._update = sa.update(event).where(*held, event.c.next_attempt_at == seen)
        # A mark that the server loses in a crash only repeats a delivery, so it waits for no disk.
        no_wait = sa.func.set_config("synchronous_commit", "off", sa.true()).is_not(None)
        is_postgresql = dialect.name == "postgresql"
        self._mark = self._update.where(no_wait) if is_postgresql else self._update
        self._hasten = (
            sa.update(event).where(*is_owed(event.c)).values(next_attempt_at=sa.bindparam("now"))
        )
        self._owed_by = sa.select(event.c.alert_id).where(
            event.c.id == sa.bindparam("event_id"), *is_owed(event.c)
        )
        self._revive = (
            sa.update(event)
            .where(*is_dead(event.c))
            .values(attempts=0, next_attempt_at=sa.bindparam("now"), last_error=None)
        )
        self._revive_one = self._revive.where(event.c.id == sa.bindparam("event_id"))

    def owed_by(self, connection: sa.Connection, event_id: int) -> int | None:
        """Return the alert that owes this event; None if nobody does."""
        return connection.execute(self._owed_by, {"event_id": event_id}).scalar()

    def due(
        self, connection: sa.Connection, now: dt.datetime, *, alert_id: int | None = None
    ) -> list[Claim]:
        """Return some events that may be claimed: of each alert, at most the earliest owed one."""
        statement = self._due if alert_id is None else self._due_of_alert
        rows = connection.execute(statement, {"now": now, "alert_id": alert_id})
        return [
            Claim(
                event_id=row.id,
                kind=EventKind(row.kind),
                until=row.next_attempt_at,
                attempts=row.attempts,
                delivered_to=tuple(row.delivered_to),
                last_error=row.last_error,
            )
            for row in rows
        ]

    def claim(self, connection: sa.Connection, seen: Claim, now: dt.datetime) -> Claim | None:
        """Take a due event for the time of a lease; None if another deliverer was faster.

        An event whose last attempt was never marked, because its process died, is buried instead.
        """
        if seen.attempts >= MAX_ATTEMPTS:
            self._write(connection, seen, {"next_attempt_at": None}, self._mark)
            return None

        claim = dataclasses.replace(seen, until=now + LEASE, attempts=seen.attempts + 1)
        values = {"next_attempt_at": claim.until, "attempts": claim.attempts}
        return claim if self._write(connection, seen, values, self._update) else None

    def renew(self, connection: sa.Connection, claim: Claim, now: dt.datetime) -> Claim | None:
        """Prolong a lease; None if it was lost."""
        renewed = dataclasses.replace(claim, until=now + LEASE)
        values = {"next_attempt_at": renewed.until}
        return renewed if self._write(connection, claim, values, self._update) else None

    def mark(self, connection: sa.Connection, claim: Claim, values: dict[str, t.Any]) -> bool:
        """Write what became of a claimed event; False if the lease was lost meanwhile."""
        return self._write(connection, claim, values, self._mark)

    def revive(
        self, connection: sa.Connection, now: dt.datetime, event_id: int | None = None
    ) -> int:
        """Make dead events due again, as if they had never failed. Return how many there were.

        :param event_id: only this one.
        """
        if event_id is None:
            return connection.execute(self._revive, {"now": now}).rowcount

        return connection.execute(self._revive_one, {"now": now, "event_id": event_id}).rowcount

    def hasten(self, connection: sa.Connection, now: dt.datetime) -> None:
        """Make every owed event due, whether it waits for its pause or somebody holds it."""
        connection.execute(self._hasten, {"now": now})

    @staticmethod
    def _write(
        connection: sa.Connection, held: Claim, values: dict[str, t.Any], update: sa.Update
    ) -> bool:
        parameters = {"event_id": held.event_id, "seen": held.until, **values}
        return connection.execute(update, parameters).rowcount == 1

    @staticmethod
    def _select(event: sa.Table, *conditions: sa.ColumnElement[bool]) -> t.Any:
        earlier = event.alias()
        waits = sa.exists().where(
            earlier.c.alert_id == event.c.alert_id,
            earlier.c.id < event.c.id,
            *is_owed(earlier.c),
        )
        return (
            sa.select(
                event.c.id,
                event.c.kind,
                event.c.next_attempt_at,
                event.c.attempts,
                event.c.delivered_to,
                event.c.last_error,
            )
            .where(*conditions, event.c.delivered_at.is_(None), ~waits)
            .order_by(event.c.next_attempt_at, event.c.id)
            .limit(_BATCH)
        )
