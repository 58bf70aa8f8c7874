"""Count and measure what happened: the numbers behind the charts."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t
from collections.abc import Sequence

import sqlalchemy as sa

from flask_webhook_alerts import clock
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .chronology import first_id_since
from .listings import Record
from .listings import records_of

MOST_COUNTED = 10_000
"""Where counting ends: nobody reads a larger number, and counting it would cost its size."""

MOST_MEASURED = 10_000
"""Alerts whose times are measured, the newest first."""

Conditions: t.TypeAlias = Sequence[sa.ColumnElement[bool]]
"""Which alerts are counted."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Durations:
    """How long alerts took, in seconds.

    :ivar newest: of how many alerts these are, the newest ones; None if of all.
    """

    acknowledged: Sequence[float]
    resolved: Sequence[float]
    newest: int | None


_HOUR = "%Y-%m-%d %H"
_SHOWN = 10


class Figures:
    """The counts of one database."""

    def __init__(self, models: Models, dialect: sa.Dialect) -> None:
        self._integration = table_of(models.Integration)
        self._alert = table_of(models.Alert)
        self._event = table_of(models.AlertEvent)
        self._hour = _HOURS[dialect.name]
        self._counts = sa.select(*(self._count(status) for status in AlertStatus))

    def counts(self, connection: sa.Connection) -> dict[AlertStatus, int]:
        """Return how many alerts are in each status; at most one more than ``MOST_COUNTED``."""
        row = connection.execute(self._counts).one()
        return dict(zip(AlertStatus, row, strict=True))

    def by_hour(
        self, connection: sa.Connection, since: dt.datetime
    ) -> dict[tuple[EventKind, dt.datetime], int]:
        """Return how many events of each kind there were in each hour, by its beginning in UTC."""
        event = self._event.c
        first = first_id_since(connection, event.id, event.at, since)
        hour = self._hour(event.at).label("hour")
        statement = (
            sa.select(event.kind, hour, sa.func.count())
            .where(event.id >= first, event.at >= since)
            .group_by(event.kind, hour)
        )
        return {
            (EventKind(kind), dt.datetime.strptime(name, _HOUR).replace(tzinfo=dt.UTC)): count
            for kind, name, count in connection.execute(statement)
        }

    def created_since(self, connection: sa.Connection, since: dt.datetime) -> Conditions:
        """Return what finds the alerts that were created then or later."""
        alert = self._alert.c
        first = first_id_since(connection, alert.id, alert.created_at, since)
        return [alert.id >= first, alert.created_at >= since]

    def durations(self, connection: sa.Connection, which: Conditions) -> Durations:
        """Return the seconds to acknowledge and to resolve of the newest alerts."""
        alert = self._alert.c
        statement = (
            sa.select(alert.created_at, alert.acknowledged_at, alert.resolved_at)
            .where(*which)
            .order_by(alert.id.desc())
            .limit(MOST_MEASURED + 1)
        )
        found = connection.execute(statement).all()
        rows = found[:MOST_MEASURED]
        return Durations(
            acknowledged=[_seconds(row[0], row[1]) for row in rows if row[1] is not None],
            resolved=[_seconds(row[0], row[2]) for row in rows if row[2] is not None],
            newest=MOST_MEASURED if len(found) > MOST_MEASURED else None,
        )

    def noisiest_integrations(
        self, connection: sa.Connection, which: Conditions
    ) -> Sequence[Record]:
        """Return the integrations with the most occurrences."""
        alert, integration = self._alert.c, self._integration.c
        return self._noisiest(connection, which, alert.integration_id, integration.name)

    def noisiest_ids(self, connection: sa.Connection, which: Conditions) -> Sequence[Record]:
        """Return the sender's Ids with the most occurrences."""
        alert, integration = self._alert.c, self._integration.c
        return self._noisiest(
            connection, which, alert.integration_id, integration.name, alert.thirdparty_id
        )

    def _noisiest(
        self, connection: sa.Connection, which: Conditions, *columns: sa.ColumnElement[t.Any]
    ) -> Sequence[Record]:
        alert, integration = self._alert.c, self._integration.c
        occurrences = sa.func.sum(alert.occurrences)
        statement = (
            sa.select(
                *columns,
                sa.func.count().label("alerts"),
                sa.cast(occurrences, sa.BigInteger()).label("occurrences"),
            )
            .join_from(self._alert, self._integration, integration.id == alert.integration_id)
            .where(*which)
            .group_by(*columns)
            .order_by(occurrences.desc(), *columns)
            .limit(_SHOWN)
        )
        return records_of(connection.execute(statement))

    def _count(self, status: AlertStatus) -> sa.ScalarSelect[int]:
        some = (
            sa.select(self._alert.c.id)
            .where(self._alert.c.status == status.value)
            .limit(MOST_COUNTED + 1)
            .subquery()
        )
        return sa.select(sa.func.count()).select_from(some).scalar_subquery()


def _seconds(start: dt.datetime, end: dt.datetime) -> float:
    # Clocks of two workers may differ: nothing was acknowledged before it came.
    return max(0.0, (clock.as_utc(end) - clock.as_utc(start)).total_seconds())


def _hour_postgresql(at: t.Any) -> sa.ColumnElement[str]:
    return sa.func.to_char(sa.func.timezone("UTC", at), "YYYY-MM-DD HH24")


def _hour_sqlite(at: t.Any) -> sa.ColumnElement[str]:
    # A text in the database, and so we take it: SQLAlchemy would read it as a time.
    return sa.func.substr(sa.type_coerce(at, sa.String()), 1, 13)


def _hour_mysql(at: t.Any) -> sa.ColumnElement[str]:
    return sa.func.date_format(at, "%Y-%m-%d %H")


_HOURS: dict[str, t.Callable[[t.Any], sa.ColumnElement[str]]] = {
    "postgresql": _hour_postgresql,
    "sqlite": _hour_sqlite,
    "mysql": _hour_mysql,
    "mariadb": _hour_mysql,
}
