"""Open an alert or count its repetition, in one statement of each dialect."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite

from .values import facts
from .values import NEW_ALERT

_ONE: sa.ColumnElement[int] = sa.literal_column("1")


def build_upsert(alert: sa.Table, dialect: sa.Dialect) -> t.Any:
    """Return the statement for a dialect. Where it can, it returns the facts of the alert."""
    return _UPSERTS[dialect.name](alert)


def upsert_returning(insert: t.Callable[[sa.Table], t.Any]) -> t.Callable[[sa.Table], t.Any]:
    """Return a function that builds INSERT … ON CONFLICT DO UPDATE … RETURNING in a dialect."""

    def upsert(alert: sa.Table) -> t.Any:
        statement = insert(alert).values(NEW_ALERT)
        return statement.on_conflict_do_update(
            index_elements=[alert.c.integration_id, alert.c.active_key],
            set_={
                "occurrences": alert.c.occurrences + _ONE,
                "last_received_at": statement.excluded.last_received_at,
            },
        ).returning(*facts(alert.c))

    return upsert


def _upsert_mysql(alert: sa.Table) -> t.Any:
    statement = mysql.insert(alert).values(NEW_ALERT)
    return statement.on_duplicate_key_update(
        id=sa.func.last_insert_id(alert.c.id),
        occurrences=alert.c.occurrences + _ONE,
        last_received_at=statement.inserted.last_received_at,
    )


_UPSERTS: dict[str, t.Callable[[sa.Table], t.Any]] = {
    "sqlite": upsert_returning(sqlite.insert),
    "postgresql": upsert_returning(postgresql.insert),
    "mysql": _upsert_mysql,
    "mariadb": _upsert_mysql,
}
