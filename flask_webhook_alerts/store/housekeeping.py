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
        if locks:
            statement = statement.with_for_update()
        return list(connection.execute(statement).scalars())

    def alerts_of(self, connection: sa.Connection, integration_id: str, limit: int) -> list[int]:
        """Return the ids of some alerts of an integration."""
        alert = self._alert.c
        statement = sa.select(alert.id).where(alert.integration_id == integration_id).limit(limit)
        return list(connection.execute(statement).scalars())

    def delete_alerts(self, connection: sa.Connection, ids: list[int]) -> int:
        """Delete alerts and their events. Return how many alerts there were."""
        connection.execute(sa.delete(self._event).where(self._event.c.alert_id.in_(ids)))
        return connection.execute(sa.delete(self._alert).where(self._alert.c.id.in_(ids))).rowcount

    def delete_integration(self, connection: sa.Connection, integration_id: str) -> int:
        """Delete an integration. Return 1, or 0 if it was gone, or has alerts."""
        self._rejections.forget(connection, integration_id)
        integration = self._integration.c
        # By itself SQLite checks no foreign key, and the alert would be in no list any more.
        has_alerts = sa.exists().where(self._alert.c.integration_id == integration.id)
        statement = sa.delete(self._integration).where(
            integration.id == integration_id, ~has_alerts
        )
        return connection.execute(statement).rowcount
