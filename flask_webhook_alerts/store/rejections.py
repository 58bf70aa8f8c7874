"""Keep the last refused requests of each integration."""

from __future__ import annotations

import sqlalchemy as sa

from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .listings import Record
from .listings import records_of

KEPT = 50
"""Refusals that are kept of each integration; all unknown ids together count as one."""


class Rejections:
    """The reads and writes of the refusals log."""

    def __init__(self, models: Models) -> None:
        self._rejection = table_of(models.Rejection)
        self._insert = sa.insert(self._rejection)

    def add(self, connection: sa.Connection, values: Record) -> None:
        """Write one refusal, and forget what is too old to be kept."""
        rejection = self._rejection.c
        connection.execute(self._insert, values)
        is_its = self._is_of(values["integration_id"])
        surplus = sa.select(rejection.id).where(is_its).order_by(rejection.id.desc())
        oldest = connection.execute(surplus.offset(KEPT).limit(1)).scalar()
        if oldest is not None:
            connection.execute(sa.delete(self._rejection).where(is_its, rejection.id <= oldest))

    def newest(
        self, connection: sa.Connection, integration_id: str | None, limit: int = KEPT
    ) -> list[Record]:
        """Return the last refusals of an integration, the newest first.

        :param integration_id: None for requests to ids that nobody has.
        """
        rejection = self._rejection.c
        statement = sa.select(*rejection).where(self._is_of(integration_id))
        return records_of(connection.execute(statement.order_by(rejection.id.desc()).limit(limit)))

    def forget(self, connection: sa.Connection, integration_id: str) -> None:
        """Delete the refusals of an integration that goes."""
        connection.execute(sa.delete(self._rejection).where(self._is_of(integration_id)))

    def _is_of(self, integration_id: str | None) -> sa.ColumnElement[bool]:
        column = self._rejection.c.integration_id
        return column.is_(None) if integration_id is None else column == integration_id
