"""Change alerts on PostgreSQL: the transition and its event in one statement, one round trip."""

from __future__ import annotations

import datetime as dt
import typing as t
from functools import partial

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from flask_webhook_alerts.direct import Link
from flask_webhook_alerts.events import Change
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import IncomingEvent
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .changes import change
from .changes import insert_event
from .changes import note_row
from .changes import OUTCOMES
from .changes import transition_of
from .changes import transition_parameters
from .changes import TRANSITIONS
from .statement import Statement
from .upserts import upsert_returning
from .values import ALERT_PARAMETERS
from .values import alert_row
from .values import EVENT_PARAMETERS
from .values import event_row
from .values import facts
from .values import NEW_EVENT
from .values import Plan
from .values import Target


class SingleStatementChanges:
    """The writes as data-modifying common table expressions."""

    is_single = True
    may_be_direct = True

    def __init__(self, models: Models, dialect: sa.Dialect) -> None:
        self._alert = table_of(models.Alert)
        self._event = table_of(models.AlertEvent)
        build = partial(Statement, dialect=dialect)
        self._create = build(
            self._with_event(
                upsert_returning(postgresql.insert)(self._alert).values(
                    {name: _bind(self._alert.c[name]) for name in ALERT_PARAMETERS}
                ),
                is_new=True,
            )
        )
        self._transitions = {
            (kind, by_id): build(
                self._with_event(
                    transition_of(self._alert, kind, by_id).returning(*facts(self._alert.c)),
                    is_new=False,
                )
            )
            for kind, by_id in TRANSITIONS
        }
        self._insert_event = build(
            insert_event(self._event), columns=("alert_id", *EVENT_PARAMETERS)
        )

    def create(
        self, link: Link, integration_id: str, event: IncomingEvent,
        at: dt.datetime, plan: Plan,
    ) -> Change:  # fmt: skip
        """Open an alert, or count a repetition of the active one."""
        values = event_row(EventKind.CREATED, at, plan, by=None, notes=event.notes)
        alert = alert_row(integration_id, event, at)
        row = self._create.first(link, alert | values)
        return self._changed(Outcome.CREATED if row.event_id else Outcome.REPEATED, row, plan)

    def transition(
        self, link: Link, kind: EventKind, target: Target,
        at: dt.datetime, plan: Plan, by: str | None = None,
    ) -> Change | None:  # fmt: skip
        """Acknowledge, resolve or reopen an alert; None if none is in a state that allows it."""
        # A claim needs to know whether an earlier event is still owed, and a statement that waited
        # for the alert's row has an older view of the events: claimed is after the commit.
        if plan.claim_until is not None:
            plan = Plan(due_at=at)
        values = event_row(kind, at, plan, by=by, notes=())
        statement = self._transitions[kind, target.is_by_id]
        parameters = transition_parameters(kind, target, at)
        row = statement.first(link, parameters | values)
        return row and self._changed(OUTCOMES[kind], row, plan)

    def note(self, link: Link, alert_id: int, text: str, at: dt.datetime, by: str | None) -> None:
        """Put a person's note into the timeline of an alert. Nobody is told of it."""
        self._insert_event.run(link, note_row(alert_id, text, at, by))

    def _with_event(self, write: t.Any, *, is_new: bool) -> t.Any:
        written = write.cte("written")
        values = [_parameter(self._event.c[name]) for name in EVENT_PARAMETERS]
        source = sa.select(written.c.id, *values, *NEW_EVENT.values())
        if is_new:
            source = source.where(written.c.occurrences == sa.literal_column("1"))
        noted = (
            sa.insert(self._event)
            .from_select(["alert_id", *EVENT_PARAMETERS, *NEW_EVENT], source)
            .returning(self._event.c.id, self._event.c.attempts)
            .cte("noted")
        )
        return sa.select(*written.c, noted.c.id.label("event_id"), noted.c.attempts).select_from(
            written.outerjoin(noted, sa.true())
        )

    def _changed(self, outcome: Outcome, row: t.Any, plan: Plan) -> Change:
        claimed = plan.claim_until if row.attempts else None
        return change(outcome, row, event_id=row.event_id, claimed_until=claimed)


def _bind(column: sa.Column[t.Any]) -> sa.BindParameter[t.Any]:
    return sa.bindparam(column.name, type_=column.type)


def _parameter(column: sa.Column[t.Any]) -> sa.ColumnElement[t.Any]:
    # A cast, since PostgreSQL takes a bare parameter in a select list for text.
    return sa.cast(_bind(column), column.type)
