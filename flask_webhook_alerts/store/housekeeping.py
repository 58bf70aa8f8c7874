"""Delete what is no longer wanted, in batches that lock little and briefly."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .rejections import Rejections
from .values import is_owed

BATCH: int = 200
"""Alerts to delete in one transaction: few enough that nobody waits for their locks for long."""


class Housekeeping:
    """The deletions of alerts, each with its events."""

    def __init__(self, models: Models) -> None:
        self._alert = table_of(models.Alert)
        self._event = table_of(models.AlertEvent)
        self._integration = table_of(models.Integration)
        self._rejections = Rejections(models)

    def end_of_page(self, connection: sa.Connection, *, after: int, size: int) -> int | None:
        """Return the last of the next ``size`` ids above ``after``; None if there are none."""
        alert = self._alert.c
        page = sa.select(alert.id).where(alert.id > after).order_by(alert.id).limit(size)
        statement = sa.select(sa.func.max(page.subquery().c.id))
        return connection.execute(statement).scalar()

    def purgeable(
        self, connection: sa.Connection, resolved_before: dt.datetime, *, after: int, until: int,
        locks: bool = False,
    ) -> list[int]:  # fmt: skip
        """Return ids of alerts that were resolved before and owe no event, of a range of ids.

        :param locks: let nobody change these alerts until the transaction ends.
        """
        alert, event = self._alert.c, self._event.c
        owes = sa.exists().where(event.alert_id == alert.id, *is_owed(event))
        statement = (
            sa.select(alert.id)
            .where(
                alert.status == AlertStatus.RESOLVED.value,
                alert.id > after,
                alert.id <= until,
                alert.resolved_at < resolved_before,
                ~owes,
            )
            .order_by(alert.id)
        )
        if not locks:
            return list(connection.execute(statement).scalars())

        ids = list(connection.execute(statement.with_for_update()).scalars())
        # A dead event may be revived at this moment, which changes its own row alone.
        is_its = event.alert_id.in_(ids)
        events = sa.select(event.alert_id, sa.and_(*is_owed(event)).label("is_owed")).where(is_its)
        rows = connection.execute(events.with_for_update())
        owing = {row.alert_id for row in rows if row.is_owed}
        return [alert_id for alert_id in ids if alert_id not in owing]

    def delete_alerts(self, connection: sa.Connection, ids: list[int]) -> int:
        """Delete alerts and their events. Return how many alerts there were."""
        connection.execute(sa.delete(self._event).where(self._event.c.alert_id.in_(ids)))
        return connection.execute(sa.delete(self._alert).where(self._alert.c.id.in_(ids))).rowcount

    def hold_integration(self, connection: sa.Connection, integration_id: str) -> None:
        """Let an integration take no more alerts until the transaction ends."""
        integration = self._integration.c
        # Each new alert of another transaction locks the row that it refers to.
        connection.execute(
            sa.select(integration.id).where(integration.id == integration_id).with_for_update()
        )

    def delete_integration(
        self, connection: sa.Connection, integration_id: str, most: int
    ) -> tuple[int, bool | None]:
        """Delete alerts of an integration that is held, and the integration with the last ones.

        :param most: how many alerts may be deleted.
        :return: how many were, and whether the integration was: None if it still has alerts.
        """
        alert, integration = self._alert.c, self._integration.c
        its_alerts = sa.select(alert.id).where(alert.integration_id == integration_id)
        ids = list(connection.execute(its_alerts.limit(most)).scalars())
        if ids:
            self.delete_alerts(connection, ids)
        if len(ids) == most:
            return most, None

        self._rejections.forget(connection, integration_id)
        statement = sa.delete(self._integration).where(integration.id == integration_id)
        return len(ids), connection.execute(statement).rowcount > 0
