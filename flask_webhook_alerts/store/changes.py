"""Change alerts: one atomic statement for each transition, then one for the event's row.

A transition names the state that it leaves, so no two can both have made it. What this module does
in steps of one transaction, ``single`` does in one statement where the database can.
"""

from __future__ import annotations

import datetime as dt
import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite

from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import Change
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import IncomingEvent
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .values import alert_row
from .values import event_row
from .values import Plan
from .values import Target

OUTCOMES = {
    EventKind.ACKNOWLEDGED: Outcome.ACKNOWLEDGED,
    EventKind.RESOLVED: Outcome.RESOLVED,
}


class Changes(t.Protocol):
    """The writes of the endpoint, each to be run in a transaction of its own."""

    is_single: bool
    """Whether each write is one statement, a transaction by itself."""

    def create(
        self, connection: sa.Connection, integration_id: str, event: IncomingEvent,
        at: dt.datetime, plan: Plan,
    ) -> Change:  # fmt: skip
        """Open an alert, or count a repetition of the active one."""
        ...

    def transition(
        self, connection: sa.Connection, kind: EventKind, target: Target,
        at: dt.datetime, plan: Plan, by: str | None = None,
    ) -> Change | None:  # fmt: skip
        """Acknowledge or resolve an alert; None if none is in a state that allows it."""
        ...


class SteppedChanges:
    """The writes in steps, for SQLite and MariaDB, and for hosts with defaults made in Python."""

    is_single = False

    def __init__(self, models: Models, dialect: sa.Dialect) -> None:
        self._alert = table_of(models.Alert)
        self._event = table_of(models.AlertEvent)
        self._returns = dialect.name in {"sqlite", "postgresql"}
        self._upsert = _UPSERTS[dialect.name](self._alert)
        if dialect.name == "sqlite":
            self._upsert = self._upsert.returning(_has_integration(models))
        self._insert_event = sa.insert(self._event)
        self._transitions = {
            (kind, by_id): self._transition(kind, by_id)
            for kind in OUTCOMES
            for by_id in (True, False)
        }
        alert, event = self._alert.c, self._event.c
        self._by_id = sa.select(*facts(alert)).where(*Target.condition(alert, by_id=True))
        self._owed = (
            sa.select(sa.literal(1))
            .where(
                event.alert_id == sa.bindparam("alert_id"),
                event.delivered_at.is_(None),
                event.next_attempt_at.is_not(None),
            )
            .limit(1)
        )

    def create(
        self, connection: sa.Connection, integration_id: str, event: IncomingEvent,
        at: dt.datetime, plan: Plan,
    ) -> Change:  # fmt: skip
        """Open an alert, or count a repetition of the active one."""
        values = {**alert_row(integration_id, event, at), "whose": integration_id}
        result = connection.execute(self._upsert, values)
        row = self._changed_row(connection, result)
        self._require_ours(row, event)
        if row.occurrences > 1:
            return change(Outcome.REPEATED, row)

        values = event_row(EventKind.CREATED, at, plan, by=None, notes=event.notes)
        return self._note(connection, Outcome.CREATED, row, values, plan)

    def transition(
        self, connection: sa.Connection, kind: EventKind, target: Target,
        at: dt.datetime, plan: Plan, by: str | None = None,
    ) -> Change | None:  # fmt: skip
        """Acknowledge or resolve an alert; None if none is in a state that allows it."""
        statement = self._transitions[kind, target.is_by_id]
        result = connection.execute(statement, {**target.parameters, "moment": at})
        row = self._changed_row(connection, result)
        if row is None:
            return None

        if plan.claim_until and connection.execute(self._owed, {"alert_id": row.id}).first():
            plan = Plan(due_at=at)
        values = event_row(kind, at, plan, by=by, notes=())
        return self._note(connection, OUTCOMES[kind], row, values, plan)

    def _transition(self, kind: EventKind, by_id: bool) -> sa.Update:
        alert = self._alert.c
        statement = transition_of(self._alert, kind, by_id)
        if self._returns:
            return statement.returning(*facts(alert))

        # MariaDB returns nothing from an UPDATE, but hands over an id that is passed through here.
        return statement.values(id=sa.func.last_insert_id(alert.id))

    def _changed_row(self, connection: sa.Connection, result: sa.CursorResult[t.Any]) -> t.Any:
        if self._returns:
            return result.first()

        if result.rowcount == 0:
            return None

        return connection.execute(self._by_id, Target(alert_id=result.lastrowid).parameters).one()

    def _require_ours(self, row: t.Any, event: IncomingEvent) -> None:
        """Raise :exc:`Refused` for what other databases refuse by themselves."""
        if not getattr(row, "has_integration", True):
            raise Refused("The integration is gone.")

        # MariaDB counts up the row that any unique key finds, also one of the host's own.
        if row.thirdparty_id != event.thirdparty_id or row.status == AlertStatus.RESOLVED:
            raise Refused("A unique key of the host's own refuses the alert.")

    def _note(
        self, connection: sa.Connection, outcome: Outcome, row: t.Any,
        values: dict[str, t.Any], plan: Plan,
    ) -> Change:  # fmt: skip
        result = connection.execute(self._insert_event, {**values, "alert_id": row.id})
        event_id = t.cast(t.Any, result.inserted_primary_key).id
        return change(outcome, row, event_id=event_id, claimed_until=plan.claim_until)


def transition_of(alert: sa.Table, kind: EventKind, by_id: bool) -> sa.Update:
    """Return the UPDATE that makes a transition from the states that allow it."""
    columns = alert.c
    which = Target.condition(columns, by_id=by_id)
    moment = sa.bindparam("moment", type_=columns.created_at.type)
    if kind is EventKind.ACKNOWLEDGED:
        return (
            sa.update(alert)
            .where(*which, columns.status == sa.literal_column(f"'{AlertStatus.OPEN}'"))
            .values(status=AlertStatus.ACKNOWLEDGED.value, acknowledged_at=moment)
        )

    return (
        sa.update(alert)
        .where(*which, columns.active_key.is_not(None))
        .values(status=AlertStatus.RESOLVED.value, active_key=None, resolved_at=moment)
    )


def facts(alert: t.Any) -> list[sa.ColumnElement[t.Any]]:
    """Return the columns that a receipt needs."""
    return [alert.id, alert.thirdparty_id, alert.status, alert.occurrences]


def _has_integration(models: Models) -> sa.ColumnElement[bool]:
    # SQLite checks no foreign key unless it is told to, and that is the host's to tell.
    integration = table_of(models.Integration).c
    return sa.exists().where(integration.id == sa.bindparam("whose")).label("has_integration")


def change(outcome: Outcome, row: t.Any, **event: t.Any) -> Change:
    """Return what a row of :func:`facts` and an event tell."""
    return Change(
        outcome=outcome,
        alert_id=row.id,
        thirdparty_id=row.thirdparty_id,
        status=row.status,
        occurrences=row.occurrences,
        **event,
    )


def upsert_returning(insert: t.Callable[[sa.Table], t.Any]) -> t.Callable[[sa.Table], t.Any]:
    """Return a function that builds INSERT … ON CONFLICT DO UPDATE … RETURNING in a dialect."""

    def upsert(alert: sa.Table) -> t.Any:
        statement = insert(alert)
        return statement.on_conflict_do_update(
            index_elements=[alert.c.integration_id, alert.c.active_key],
            set_={
                "occurrences": alert.c.occurrences + 1,
                "last_received_at": statement.excluded.last_received_at,
            },
        ).returning(*facts(alert.c))

    return upsert


def _upsert_mysql(alert: sa.Table) -> t.Any:
    statement = mysql.insert(alert)
    return statement.on_duplicate_key_update(
        id=sa.func.last_insert_id(alert.c.id),
        occurrences=alert.c.occurrences + 1,
        last_received_at=statement.inserted.last_received_at,
    )


_UPSERTS: dict[str, t.Callable[[sa.Table], t.Any]] = {
    "sqlite": upsert_returning(sqlite.insert),
    "postgresql": upsert_returning(postgresql.insert),
    "mysql": _upsert_mysql,
    "mariadb": _upsert_mysql,
}
