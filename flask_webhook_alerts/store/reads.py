"""Look things up, without changing any."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm

from flask_webhook_alerts import clock
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import Change
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import IntegrationRecord
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .changes import change
from .changes import OUTCOMES
from .values import facts
from .values import LEASE
from .values import Target


class Reads:
    """The lookups of the endpoint, the commands and the deliverers."""

    def __init__(self, models: Models) -> None:
        self._integrations = table_of(models.Integration)
        self._alerts = table_of(models.Alert)
        self._events = table_of(models.AlertEvent)
        integration, alert = self._integrations.c, self._alerts.c
        names = [field.name for field in dataclasses.fields(IntegrationRecord)]
        # A row in any case, so that an id which nobody has takes as long as one that somebody has.
        always = sa.select(sa.literal_column("1")).subquery("always")
        self._integration = sa.select(*(integration[name] for name in names)).select_from(
            always.outerjoin(self._integrations, integration.id == sa.bindparam("integration_id"))
        )
        self._facts = {
            by_id: sa.select(*facts(alert)).where(*Target.condition(alert, by_id=by_id))
            for by_id in (True, False)
        }

        event = self._events.c
        moment = sa.bindparam("moment", type_=alert.created_at.type)
        is_its_creation = sa.and_(
            event.alert_id == alert.id, event.at == moment, event.kind == EventKind.CREATED.value
        )
        done = sa.select(*facts(alert), event.id.label("event_id")).add_columns(
            event.attempts, event.next_attempt_at
        )
        self._created = (
            done.select_from(self._alerts.outerjoin(self._events, is_its_creation))
            .where(*Target.condition(alert, by_id=False))
            .where(sa.or_(alert.created_at == moment, alert.last_received_at == moment))
        )
        its_change = done.join_from(self._alerts, self._events, event.alert_id == alert.id).where(
            event.at == moment, event.kind == sa.bindparam("kind")
        )
        self._changed = {
            True: its_change.where(*Target.condition(alert, by_id=True)),
            # A resolved alert has no key any more: its moment and its Id tell.
            False: its_change.where(
                alert.integration_id == sa.bindparam("which_integration"),
                sa.or_(alert.active_key == sa.bindparam("which_key"), alert.resolved_at == moment),
            ),
        }
        self._whole_event = (
            sa.select(event.id)
            .join(self._alerts, alert.id == event.alert_id)
            .join(self._integrations, integration.id == alert.integration_id)
            .where(event.id == sa.bindparam("event_id"))
        )
        related = (models.Integration, models.Integration.id == models.Alert.integration_id)
        # Of the host's classes, for its session to run.
        self._alert_entities: sa.Executable = (
            sa.select(models.Alert, models.Integration)
            .join(*related)
            .where(models.Alert.id == sa.bindparam("alert_id"))
        )
        self._event_entities: sa.Executable = (
            sa.select(models.AlertEvent, models.Alert, models.Integration)
            .join(models.Alert, models.Alert.id == models.AlertEvent.alert_id)
            .join(*related)
            .where(models.AlertEvent.id == sa.bindparam("event_id"))
        )

    def integration(
        self, connection: sa.Connection, integration_id: object
    ) -> IntegrationRecord | None:
        """Return the integration with exactly this id."""
        if not isinstance(integration_id, str):
            return None  # from host code; None would find the row that is always there

        row = connection.execute(self._integration, {"integration_id": integration_id}).one()
        # MariaDB may find the id in another letter case.
        if row.id != integration_id:
            return None

        values = dict(row._mapping)  # noqa: SLF001 - public, in spite of its name
        expires_at = values["previous_token_expires_at"]
        values["previous_token_expires_at"] = expires_at and clock.as_utc(expires_at)
        return IntegrationRecord(**values)

    def alert(self, connection: sa.Connection, target: Target) -> t.Any:
        """Return the facts of the alert that ``target`` means, or None."""
        return connection.execute(self._facts[target.is_by_id], target.parameters).first()

    def alert_rows(self, session: orm.Session, alert_id: int) -> dict[str, t.Any] | None:
        """Return what a receiver hears of an alert, loaded through ``session``; None if gone."""
        row = session.execute(self._alert_entities, {"alert_id": alert_id}).first()
        return None if row is None else {"alert": row[0], "integration": row[1]}

    def event_rows(self, session: orm.Session, event_id: int) -> dict[str, t.Any] | None:
        """Return what a receiver hears of an event, loaded through ``session``; None if gone."""
        row = session.execute(self._event_entities, {"event_id": event_id}).first()
        return None if row is None else {"event": row[0], "alert": row[1], "integration": row[2]}

    def created(self, connection: sa.Connection, target: Target, at: dt.datetime) -> Change | None:
        """Return what a create of this very moment has done, if it was committed."""
        row = connection.execute(self._created, {**target.parameters, "moment": at}).first()
        if row is None:
            return None

        return _done(Outcome.REPEATED if row.event_id is None else Outcome.CREATED, row, at)

    def changed(
        self, connection: sa.Connection, kind: EventKind, target: Target, thirdparty_id: str,
        at: dt.datetime,
    ) -> Change | None:  # fmt: skip
        """Return what a transition of this very moment has done, if it was committed."""
        parameters = {**target.parameters, "kind": kind.value, "moment": at}
        for row in connection.execute(self._changed[target.is_by_id], parameters):
            if row.thirdparty_id == thirdparty_id:
                return _done(OUTCOMES[kind], row, at)
        return None

    def has_event(self, connection: sa.Connection, event_id: int) -> bool:
        """Tell whether there is an event with its alert and its integration."""
        return connection.execute(self._whole_event, {"event_id": event_id}).first() is not None

    def count_alerts(self, connection: sa.Connection, integration_id: str) -> int:
        """Return how many alerts an integration has."""
        is_its = self._alerts.c.integration_id == integration_id
        return connection.execute(sa.select(sa.func.count()).where(is_its)).scalar_one()

    def count_open(self, connection: sa.Connection) -> dict[str, int]:
        """Return how many alerts are open and acknowledged."""
        status = self._alerts.c.status
        statement = (
            sa.select(status, sa.func.count())
            .where(status.in_([AlertStatus.OPEN.value, AlertStatus.ACKNOWLEDGED.value]))
            .group_by(status)
        )
        return {row[0]: row[1] for row in connection.execute(statement)}


def _done(outcome: Outcome, row: t.Any, at: dt.datetime) -> Change:
    """Return what a write whose answer was lost has done."""
    # What is due at another time was claimed by another deliverer meanwhile.
    due_at = row.next_attempt_at and clock.as_utc(row.next_attempt_at)
    claimed = row.next_attempt_at if due_at == at + LEASE else None
    return change(outcome, row, event_id=row.event_id, claimed_until=claimed)
