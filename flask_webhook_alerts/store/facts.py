"""Ask the database about itself: its tables, its durability, its isolation."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from flask_webhook_alerts.autocommit import commits_by_itself
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

_MICROSECONDS = 6


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schema:
    """How the tables in the database differ from the models.

    :ivar missing_tables: tables that are not there at all.
    :ivar missing: columns and keys that are not there, in words.
    :ivar foreign: what the database has otherwise, so that it refuses or cuts our rows, in words.
    """

    missing_tables: tuple[str, ...]
    missing: tuple[str, ...]
    foreign: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What the database says of itself.

    :ivar settings: the settings that matter here, under the database's own names.
    :ivar charsets: table → character set, where tables have one.
    """

    dialect: str
    version: str
    isolation_level: str
    is_autocommit: bool
    settings: Mapping[str, str]
    charsets: Mapping[str, str]


def read_schema(connection: sa.Connection, models: Models) -> Schema:
    """Compare the tables in the database with the models."""
    inspector = sa.inspect(connection)
    tables = [table_of(model) for model in models.all]
    there = [
        table for table in tables if inspector.has_table(table.name, **_place(inspector, table))
    ]
    pairs = [(table, _reflect(inspector, table)) for table in there]
    return Schema(
        missing_tables=tuple(table.name for table in tables if table not in there),
        missing=tuple(words for pair in pairs for words in _missing(inspector, *pair)),
        foreign=tuple(words for pair in pairs for words in _foreign(*pair)),
    )


def read_facts(connection: sa.Connection, models: Models) -> Facts:
    """Return what matters of the database's settings, as this connection sees them."""
    dialect = connection.dialect
    tables = [table_of(model).name for model in models.all]
    return Facts(
        dialect="mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name,
        version=".".join(map(str, dialect.server_version_info or ())),
        isolation_level=connection.get_isolation_level(),
        is_autocommit=commits_by_itself(connection.connection.dbapi_connection),
        settings=_SETTINGS[dialect.name](connection),
        charsets=_charsets(connection, tables) if dialect.name in _MYSQL else {},
    )


def _place(inspector: sa.Inspector, table: sa.Table) -> dict[str, str | None]:
    """Return the schema that statements on ``table`` go to: a host may map it to another."""
    schemas = inspector.bind.get_execution_options().get("schema_translate_map") or {}
    return {"schema": schemas.get(table.schema, table.schema)}


def _reflect(inspector: sa.Inspector, table: sa.Table) -> dict[str, t.Any]:
    columns = inspector.get_columns(table.name, **_place(inspector, table))
    return {column["name"]: column for column in columns}


def _missing(inspector: sa.Inspector, table: sa.Table, found: Mapping[str, t.Any]) -> list[str]:
    """Name the columns and keys of ours that the database does not have."""
    columns = [column.name for column in table.columns if column.name not in found]
    there = _unique_keys(inspector, table)
    keys = [
        [column.name for column in constraint.columns]
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    return sorted(
        [f"no column {table.name}.{name}" for name in columns]
        + [
            f"no unique key on {table.name} ({', '.join(key)})"
            for key in keys
            if frozenset(key) not in there
        ]
    )


def _unique_keys(inspector: sa.Inspector, table: sa.Table) -> set[frozenset[str | None]]:
    constraints = inspector.get_unique_constraints(table.name, **_place(inspector, table))
    indexes = inspector.get_indexes(table.name, **_place(inspector, table))
    keys = {frozenset[str | None](constraint["column_names"]) for constraint in constraints}
    return keys | {frozenset(index["column_names"]) for index in indexes if index["unique"]}


def _foreign(table: sa.Table, found: Mapping[str, t.Any]) -> list[str]:
    """Name the columns that would refuse our rows or cut our times."""
    ours = {column.name: column for column in table.columns}
    refusing = [
        f"column {table.name}.{name} wants a value"
        for name, column in found.items()
        if name not in ours and _wants_value(column)
    ]
    cutting = [
        f"column {table.name}.{name} has no microseconds"
        for name in ours.keys() & found.keys()
        if _is_coarse(ours[name].type, found[name]["type"])
    ]
    return sorted(refusing + cutting)


def _wants_value(column: Mapping[str, t.Any]) -> bool:
    has_value = column["default"] is not None or column.keys() & {"computed", "identity"}
    return not (column["nullable"] or has_value)


def _is_coarse(wanted: sa.types.TypeEngine[t.Any], found: sa.types.TypeEngine[t.Any]) -> bool:
    if not isinstance(found, mysql.DATETIME):
        return False

    # The lease of an event is a time that must be found again, to the microsecond.
    ours = wanted.dialect_impl(mysql.dialect())
    return getattr(ours, "fsp", None) == _MICROSECONDS != found.fsp


def _read_postgresql(connection: sa.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql(
        "SELECT name, setting FROM pg_settings WHERE name IN"
        " ('fsync', 'full_page_writes', 'lock_timeout', 'server_encoding', 'statement_timeout',"
        " 'synchronous_commit')"
    )
    return dict(map(tuple, rows))


def _read_mysql(connection: sa.Connection) -> dict[str, str]:
    rows = connection.exec_driver_sql(
        "SHOW VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit',"
        " 'innodb_lock_wait_timeout', 'log_bin', 'max_allowed_packet', 'sync_binlog')"
    )
    return dict(map(tuple, rows))


def _read_sqlite(connection: sa.Connection) -> dict[str, str]:
    names = ("journal_mode", "synchronous")
    settings = {
        name: str(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in names
    }
    (main,) = [
        row for row in connection.exec_driver_sql("PRAGMA database_list") if row[1] == "main"
    ]
    return settings | {"file": main[2]}


def _charsets(connection: sa.Connection, tables: list[str]) -> dict[str, str]:
    statement = sa.text(
        "SELECT table_name, table_collation FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name IN :tables"
    ).bindparams(sa.bindparam("tables", expanding=True))
    rows = connection.execute(statement, {"tables": tables})
    return {name: collation.partition("_")[0] for name, collation in rows}


_MYSQL = frozenset({"mysql", "mariadb"})
_SETTINGS: dict[str, Callable[[sa.Connection], dict[str, str]]] = {
    "postgresql": _read_postgresql,
    "mysql": _read_mysql,
    "mariadb": _read_mysql,
    "sqlite": _read_sqlite,
}
