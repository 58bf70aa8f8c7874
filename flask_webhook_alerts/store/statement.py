"""Run the statements of the hot path: compiled once, on the driver's own cursor.

SQLAlchemy's way of running a statement, with its cache keys, contexts and results, costs more than
the statement itself. What stays SQLAlchemy's: the SQL, the types of values, connections, pools,
transactions, and errors.
"""

from __future__ import annotations

import collections
import json
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import sqlalchemy as sa

Parameters: t.TypeAlias = Mapping[str, t.Any]

_HOOKS = ("before_execute", "after_execute", "before_cursor_execute", "after_cursor_execute")


class Statement:
    """One statement for one dialect.

    :param core: the statement, with a bound parameter of the same name for each value.
    :param columns: the names of what an INSERT is given, if they do not stand in it.
    :param by_driver: False lets SQLAlchemy run it, which alone fills columns of the host's that
        have defaults made in Python.
    """

    def __init__(
        self, core: t.Any, dialect: sa.Dialect, *, columns: Sequence[str] = (),
        by_driver: bool = True,
    ) -> None:  # fmt: skip
        self._core = core
        self._by_driver = by_driver
        compiled = core.compile(dialect=dialect, column_keys=list(columns) or None)
        self._sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup
        self._dialect = dialect
        processors = _processors(compiled, dialect)
        self._fixed = {
            name: processors.pop(name, _same)(bound.value)
            for name, bound in compiled.binds.items()
            if not bound.required
        }
        self._processors = list(processors.items())
        names = [column.name for column in getattr(core, "exported_columns", ())]
        self._row = collections.namedtuple("Row", names) if names else tuple

    def first(self, connection: sa.Connection, parameters: Parameters) -> t.Any:
        """Return the first row, whose columns are attributes, or None."""
        if self._is_watched(connection):
            return connection.execute(self._core, parameters).first()

        cursor = self._execute(connection, parameters)
        row = cursor.fetchone()
        cursor.close()
        return row and self._row(*row)

    def run(self, connection: sa.Connection, parameters: Parameters) -> tuple[int, t.Any]:
        """Return how many rows were changed, and the id of the last one if the driver tells it."""
        if self._is_watched(connection):
            result = connection.execute(self._core, parameters)
            inserted = result.inserted_primary_key if result.is_insert else None
            return result.rowcount, inserted[0] if inserted else result.lastrowid

        cursor = self._execute(connection, parameters)
        changed = cursor.rowcount, getattr(cursor, "lastrowid", None)
        cursor.close()
        return changed

    def _is_watched(self, connection: sa.Connection) -> bool:
        """Tell whether SQLAlchemy has to run it, for a host that listens, looks or renames."""
        return (
            not self._by_driver
            or connection._echo  # noqa: SLF001 - engine.echo does not know the logger's level
            or "schema_translate_map" in connection.get_execution_options()
            or _is_heard(connection)
        )

    def _execute(self, connection: sa.Connection, parameters: Parameters) -> t.Any:
        arguments = self._arguments(parameters)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, arguments)
        except self._dialect.loaded_dbapi.Error as error:
            # It closes the cursor, forgets connections that broke, tells who listens, and raises
            # SQLAlchemy's own error. Nothing public does.
            connection._handle_dbapi_exception(  # noqa: SLF001
                error, self._sql, None, t.cast(t.Any, cursor), None
            )
        return cursor

    def _arguments(self, parameters: Parameters) -> t.Any:
        values = {**self._fixed, **parameters}
        for name, process in self._processors:
            values[name] = process(values[name])
        return values if self._order is None else [values[name] for name in self._order]


def _is_heard(connection: sa.Connection) -> bool:
    """Tell whether somebody listens to the statements of a connection."""
    # The flags by which SQLAlchemy spares itself the look at each list; nothing public tells.
    if connection.dialect._has_events:  # noqa: SLF001
        return True

    if not (connection._has_events or connection.engine._has_events):  # noqa: SLF001
        return False

    return any(getattr(connection.dispatch, name) for name in _HOOKS)


def _processors(compiled: t.Any, dialect: sa.Dialect) -> dict[str, Callable[[t.Any], t.Any]]:
    """Return what turns values into those of the driver, by the name of the parameter."""
    by_name = {name: _processor(bound.type, dialect) for name, bound in compiled.binds.items()}
    return {name: process for name, process in by_name.items() if process is not None}


def _processor(type_: t.Any, dialect: sa.Dialect) -> Callable[[t.Any], t.Any] | None:
    if isinstance(type_, sa.JSON):
        # As text, which the statement casts: psycopg's own wrapper takes much longer. The host may
        # have given its engine a serializer.
        return _quick_on_empty(getattr(dialect, "_json_serializer", None) or json.dumps)

    process: Callable[[t.Any], t.Any] | None = type_.dialect_impl(dialect).bind_processor(dialect)
    return process


def _quick_on_empty(serialize: Callable[[t.Any], str]) -> Callable[[t.Any], str]:
    def process(value: t.Any) -> str:
        # Most lists and objects of an event are empty, and there is one way to write those.
        if not value and isinstance(value, (list, dict)):
            return "[]" if isinstance(value, list) else "{}"

        return serialize(value)

    return process


def _same(value: t.Any) -> t.Any:
    return value
