"""Read what lists and pages show: plain records, with times in UTC and without secrets."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t
from collections.abc import Sequence

import sqlalchemy as sa

from flask_webhook_alerts import clock
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .values import is_owed

Record: t.TypeAlias = dict[str, t.Any]
"""The columns of a row by name, as the documentation of the tables calls them."""

_INTEGRATION_COLUMNS = (
    "id",
    "name",
    "enabled",
    "capture_additional_data",
    "strict",
    "wrapper_key",
    "title_template",
    "description_template",
    "created_at",
    "updated_at",
)
SHORT_ALERT_COLUMNS = (
    "id",
    "integration_id",
    "thirdparty_id",
    "status",
    "title",
    "urgency",
    "tags",
    "incident",
    "incident_severity",
    "occurrences",
    "created_at",
    "last_received_at",
    "acknowledged_at",
    "resolved_at",
)
"""The columns of an alert that a list shows: not the long texts."""

_ALERT_COLUMNS = (
    "id",
    "integration_id",
    "thirdparty_id",
    "status",
    "title",
    "description",
    "urgency",
    "tags",
    "meta",
    "additional_data",
    "dedup_keys",
    "incident",
    "incident_severity",
    "incident_message",
    "occurrences",
    "created_at",
    "last_received_at",
    "acknowledged_at",
    "resolved_at",
)
EVENT_COLUMNS = (
    "id",
    "kind",
    "at",
    "by",
    "notes",
    "delivered_at",
    "delivered_to",
    "attempts",
    "next_attempt_at",
    "last_error",
)
"""The columns of an event that people see beside its alert."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Owed:
    """The events that are still owed.

    :ivar count: how many there are.
    :ivar oldest_at: when the oldest of them happened.
    :ivar due_at: when the first of them is, or was, due.
    """

    count: int
    oldest_at: dt.datetime | None
    due_at: dt.datetime | None


class Listings:
    """The lists of integrations, alerts and events."""

    def __init__(self, models: Models) -> None:
        self._integration = table_of(models.Integration)
        self._alert = table_of(models.Alert)
        self._event = table_of(models.AlertEvent)

    def integrations(
        self, connection: sa.Connection, integration_id: str | None = None
    ) -> list[Record]:
        """Return all integrations, the oldest first, or the one with exactly this id."""
        integration, alert = self._integration.c, self._alert.c
        active = (
            sa.select(sa.func.count())
            .where(alert.integration_id == integration.id, alert.active_key.is_not(None))
            .scalar_subquery()
        )
        statement = sa.select(
            *(integration[name] for name in _INTEGRATION_COLUMNS),
            integration.token_hash.is_not(None).label("has_token"),
            # Set by the first token too, which has none before it.
            sa.case(
                (
                    integration.previous_token_hash.is_not(None),
                    integration.previous_token_expires_at,
                )
            ).label("previous_token_expires_at"),
            active.label("active_alerts"),
        ).order_by(integration.created_at, integration.id)
        if integration_id is not None:
            statement = statement.where(integration.id == integration_id)
        records = records_of(connection.execute(statement))
        # MariaDB may find the id in another letter case.
        return [record for record in records if integration_id in {None, record["id"]}]

    def alerts(self, connection: sa.Connection, alert_ids: Sequence[int]) -> list[Record]:
        """Return these alerts without their long texts, the newest first."""
        alert = self._alert.c
        statement = self._alerts(SHORT_ALERT_COLUMNS).where(alert.id.in_(alert_ids))
        return records_of(connection.execute(statement.order_by(alert.id.desc())))

    def alert(self, connection: sa.Connection, alert_id: int) -> Record | None:
        """Return everything about one alert."""
        statement = self._alerts(_ALERT_COLUMNS).where(self._alert.c.id == alert_id)
        return next(iter(records_of(connection.execute(statement))), None)

    def events(self, connection: sa.Connection, alert_id: int) -> list[Record]:
        """Return the timeline of an alert, the oldest event first."""
        event = self._event.c
        columns = [event[name] for name in EVENT_COLUMNS]
        statement = sa.select(*columns).where(event.alert_id == alert_id).order_by(event.id)
        return records_of(connection.execute(statement))

    def owed(self, connection: sa.Connection) -> Owed:
        """Return how many events are owed, and since when."""
        event = self._event.c
        statement = sa.select(
            sa.func.count(), sa.func.min(event.at), sa.func.min(event.next_attempt_at)
        ).where(*is_owed(event))
        count, oldest_at, due_at = connection.execute(statement).one()
        return Owed(count=count, oldest_at=_utc(oldest_at), due_at=_utc(due_at))

    def _alerts(self, names: Sequence[str]) -> sa.Select[t.Any]:
        alert, integration = self._alert.c, self._integration.c
        return sa.select(
            *(alert[name] for name in names), integration.name.label("integration_name")
        ).join(self._integration, integration.id == alert.integration_id)


def records_of(rows: t.Any) -> list[Record]:
    """Return rows as records, their times in UTC."""
    return [{name: _utc(value) for name, value in row.items()} for row in rows.mappings()]


def _utc(value: t.Any) -> t.Any:
    return clock.as_utc(value) if isinstance(value, dt.datetime) else value
