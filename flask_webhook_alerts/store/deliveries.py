"""List the events whose signals are not delivered."""

from __future__ import annotations

import enum
import typing as t

import sqlalchemy as sa

from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .listings import EVENT_COLUMNS
from .listings import Record
from .listings import records_of
from .values import is_dead
from .values import is_owed


class DeliveryState(enum.StrEnum):
    """What is the matter with an event that is not delivered."""

    OWED = "owed"
    FAILED = "failed"
    DEAD = "dead"


class Deliveries:
    """The events that are owed, those of them that have failed before, and the dead."""

    def __init__(self, models: Models) -> None:
        self._event = table_of(models.AlertEvent)
        self._alert = table_of(models.Alert)
        self._integration = table_of(models.Integration)
        event = self._event.c
        self._is_in: dict[DeliveryState, tuple[sa.ColumnElement[bool], ...]] = {
            DeliveryState.OWED: is_owed(event),
            DeliveryState.FAILED: (*is_owed(event), event.last_error.is_not(None)),
            DeliveryState.DEAD: is_dead(event),
        }

    def counts(self, connection: sa.Connection) -> dict[DeliveryState, int]:
        """Return how many events are in each state; what has failed is owed, too."""
        counts = (
            sa.select(sa.func.count()).where(*conditions).scalar_subquery()
            for conditions in self._is_in.values()
        )
        row = connection.execute(sa.select(*counts)).one()
        return dict(zip(self._is_in, row, strict=True))

    def page(
        self, connection: sa.Connection, state: DeliveryState, before: int | None, limit: int
    ) -> list[Record]:
        """Return events in a state, the newest first, with their alerts' titles."""
        event = self._event.c
        statement = self._select().where(*self._is_in[state]).order_by(event.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(event.id < before)
        return records_of(connection.execute(statement))

    def event(self, connection: sa.Connection, event_id: int) -> Record | None:
        """Return one event in any state, delivered ones too, with its alert's title."""
        statement = self._select().where(self._event.c.id == event_id)
        return next(iter(records_of(connection.execute(statement))), None)

    def _select(self) -> t.Any:
        event, alert, integration = self._event.c, self._alert.c, self._integration.c
        columns: list[sa.ColumnElement[t.Any]] = [
            event[name] for name in (*EVENT_COLUMNS, "alert_id")
        ]
        return (
            sa.select(
                *columns,
                alert.title,
                alert.integration_id,
                integration.name.label("integration_name"),
            )
            .join_from(self._event, self._alert, alert.id == event.alert_id)
            .join(self._integration, integration.id == alert.integration_id)
        )
