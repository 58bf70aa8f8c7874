"""Change alerts: one atomic statement for each transition, then one for the event's row.

A transition names the state that it leaves, so no two can both have made it. What this module does
in steps of one transaction, ``single`` does in one statement where the database can.
"""

from __future__ import annotations

import datetime as dt
import typing as t
from functools import partial

import sqlalchemy as sa

from flask_webhook_alerts.direct import Link
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import Change
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import IncomingEvent
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.mapping import fills_itself
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .statement import Statement
from .upserts import build_upsert
from .values import ALERT_PARAMETERS
from .values import alert_row
from .values import EVENT_PARAMETERS
from .values import event_row
from .values import facts
from .values import is_owed
from .values import NEW_EVENT
from .values import Plan
from .values import Target

OUTCOMES = {
    EventKind.ACKNOWLEDGED: Outcome.ACKNOWLEDGED,
    EventKind.RESOLVED: Outcome.RESOLVED,
    EventKind.REOPENED: Outcome.REOPENED,
}
TRANSITIONS = (
    (EventKind.ACKNOWLEDGED, True),
    (EventKind.ACKNOWLEDGED, False),
    (EventKind.RESOLVED, True),
    (EventKind.RESOLVED, False),
    (EventKind.REOPENED, True),
)
"""Each transition, and whether it finds its alert by the id. Senders do not know that of a
resolved alert, so only people reopen."""


class Changes(t.Protocol):
    """The writes of the endpoint, each to be run in a transaction of its own."""

    is_single: bool
    """Whether each write is one statement, a transaction by itself."""

    may_be_direct: bool
    """Whether the driver alone can run them. SQLAlchemy has to if a column of the host's has a
    default that is made in Python."""

    def create(
        self, link: Link, integration_id: str, event: IncomingEvent,
        at: dt.datetime, plan: Plan,
    ) -> Change:  # fmt: skip
        """Open an alert, or count a repetition of the active one."""
        ...

    def transition(
        self, link: Link, kind: EventKind, target: Target,
        at: dt.datetime, plan: Plan, by: str | None = None,
    ) -> Change | None:  # fmt: skip
        """Acknowledge, resolve or reopen an alert; None if none is in a state that allows it."""
        ...

    def note(self, link: Link, alert_id: int, text: str, at: dt.datetime, by: str | None) -> None:
        """Put a person's note into the timeline of an alert. Nobody is told of it."""
        ...


class SteppedChanges:
    """The writes in steps, for SQLite and MariaDB, and for hosts with defaults made in Python."""

    is_single = False

    def __init__(self, models: Models, dialect: sa.Dialect) -> None:
        self._alert = table_of(models.Alert)
        self._event = table_of(models.AlertEvent)
        self._returns = dialect.name in {"sqlite", "postgresql"}
        self.may_be_direct: bool = fills_itself(models)
        build = partial(Statement, dialect=dialect)
        upsert = build_upsert(self._alert, dialect)
        if dialect.name == "sqlite":
            upsert = upsert.returning(_has_integration(models))
        self._upsert = build(upsert, columns=ALERT_PARAMETERS)
        self._insert_event = build(
            insert_event(self._event), columns=("alert_id", *EVENT_PARAMETERS)
        )
        self._transitions = {
            (kind, by_id): build(self._transition(kind, by_id)) for kind, by_id in TRANSITIONS
        }
        alert, event = self._alert.c, self._event.c
        self._by_id = build(sa.select(*facts(alert)).where(*Target.condition(alert, by_id=True)))
        self._owed = build(
            sa.select(event.id)
            .where(event.alert_id == sa.bindparam("alert_id"), *is_owed(event))
            .limit(1)
        )

    def create(
        self, link: Link, integration_id: str, event: IncomingEvent,
        at: dt.datetime, plan: Plan,
    ) -> Change:  # fmt: skip
        """Open an alert, or count a repetition of the active one."""
        values = {**alert_row(integration_id, event, at), "whose": integration_id}
        row = self._changed_row(link, self._upsert, values)
        self._require_ours(row, event)
        if row.occurrences > 1:
            return change(Outcome.REPEATED, row)

        values = event_row(EventKind.CREATED, at, plan, by=None, notes=event.notes)
        return self._note(link, Outcome.CREATED, row, values, plan)

    def transition(
        self, link: Link, kind: EventKind, target: Target,
        at: dt.datetime, plan: Plan, by: str | None = None,
    ) -> Change | None:  # fmt: skip
        """Acknowledge, resolve or reopen an alert; None if none is in a state that allows it."""
        statement = self._transitions[kind, target.is_by_id]
        row = self._changed_row(link, statement, transition_parameters(kind, target, at))
        if row is None:
            return None

        if plan.claim_until and self._owed.first(link, {"alert_id": row.id}):
            plan = Plan(due_at=at)
        values = event_row(kind, at, plan, by=by, notes=())
        return self._note(link, OUTCOMES[kind], row, values, plan)

    def note(self, link: Link, alert_id: int, text: str, at: dt.datetime, by: str | None) -> None:
        """Put a person's note into the timeline of an alert. Nobody is told of it."""
        self._insert_event.run(link, note_row(alert_id, text, at, by))

    def _transition(self, kind: EventKind, by_id: bool) -> sa.Update:
        alert = self._alert.c
        statement = transition_of(self._alert, kind, by_id)
        if self._returns:
            return statement.returning(*facts(alert))

        # MariaDB returns nothing from an UPDATE, but hands over an id that is passed through here.
        return statement.values(id=sa.func.last_insert_id(alert.id))

    def _changed_row(self, link: Link, statement: Statement, values: dict[str, t.Any]) -> t.Any:
        if self._returns:
            return statement.first(link, values)

        changed, alert_id = statement.run(link, values)
        return self._by_id.first(link, {"which_id": alert_id}) if changed else None

    def _require_ours(self, row: t.Any, event: IncomingEvent) -> None:
        """Raise :exc:`Refused` for what other databases refuse by themselves."""
        if not getattr(row, "has_integration", True):
            raise Refused("The integration is gone.")

        # MariaDB counts up the row that any unique key finds, also one of the host's own.
        if row.thirdparty_id != event.thirdparty_id or row.status == AlertStatus.RESOLVED:
            raise Refused("A unique key of the host's own refuses the alert.")

    def _note(
        self, link: Link, outcome: Outcome, row: t.Any,
        values: dict[str, t.Any], plan: Plan,
    ) -> Change:  # fmt: skip
        _, event_id = self._insert_event.run(link, {**values, "alert_id": row.id})
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

    if kind is EventKind.REOPENED:
        # The unique key refuses it while a newer alert with this Id is active.
        return (
            sa.update(alert)
            .where(*which, columns.active_key.is_(None))
            .values(
                status=sa.case(
                    (columns.acknowledged_at.is_(None), AlertStatus.OPEN.value),
                    else_=AlertStatus.ACKNOWLEDGED.value,
                ),
                active_key=sa.bindparam("which_key"),
                resolved_at=None,
            )
        )

    return (
        sa.update(alert)
        .where(*which, columns.active_key.is_not(None))
        .values(status=AlertStatus.RESOLVED.value, active_key=None, resolved_at=moment)
    )


def transition_parameters(kind: EventKind, target: Target, at: dt.datetime) -> dict[str, t.Any]:
    """Return the values for :func:`transition_of`."""
    return target.parameters | ({} if kind is EventKind.REOPENED else {"moment": at})


def insert_event(event: sa.Table) -> sa.Insert:
    """Return the INSERT of a new event."""
    return sa.insert(event).values(NEW_EVENT)


def note_row(alert_id: int, text: str, at: dt.datetime, by: str | None) -> dict[str, t.Any]:
    """Return the columns of a note."""
    values = event_row(EventKind.NOTED, at, Plan(delivered_at=at), by=by, notes=(text,))
    return {**values, "alert_id": alert_id}


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
