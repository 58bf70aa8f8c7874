"""Run the statements of the hot path: compiled once, and where it may be on the driver's cursor.

SQLAlchemy's way of running a statement, with its cache keys, contexts and results, costs more than
the statement itself. ``direct`` says when it is spared, and what stays SQLAlchemy's.
"""

from __future__ import annotations

import collections
import json
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import sqlalchemy as sa

from flask_webhook_alerts.direct import DirectConnection
from flask_webhook_alerts.direct import Link

Parameters: t.TypeAlias = Mapping[str, t.Any]


class Statement:
    """One statement for one dialect.

    :param core: the statement, with a bound parameter of the same name for each value.
    :param columns: the names of what an INSERT is given, if they do not stand in it.
    """

    def __init__(self, core: t.Any, dialect: sa.Dialect, *, columns: Sequence[str] = ()) -> None:
        self._core = core
        compiled = core.compile(dialect=dialect, column_keys=list(columns) or None)
        self._sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup
        processors = _processors(compiled, dialect)
        self._fixed = {
            name: processors.pop(name, _same)(bound.value)
            for name, bound in compiled.binds.items()
            if not bound.required
        }
        self._processors = list(processors.items())
        names = [column.name for column in getattr(core, "exported_columns", ())]
        self._row = collections.namedtuple("Row", names) if names else tuple

    def first(self, link: Link, parameters: Parameters) -> t.Any:
        """Return the first row, whose columns are attributes, or None."""
        if not isinstance(link, DirectConnection):
            return link.execute(self._core, parameters).first()

        cursor = link.execute(self._sql, self._arguments(parameters))
        row = cursor.fetchone()
        cursor.close()
        return row and self._row(*row)

    def run(self, link: Link, parameters: Parameters) -> tuple[int, t.Any]:
        """Return how many rows were changed, and the id of the last one if the driver tells it."""
        if not isinstance(link, DirectConnection):
            result = link.execute(self._core, parameters)
            inserted = result.inserted_primary_key if result.is_insert else None
            return result.rowcount, inserted[0] if inserted else result.lastrowid

        cursor = link.execute(self._sql, self._arguments(parameters))
        changed = cursor.rowcount, getattr(cursor, "lastrowid", None)
        cursor.close()
        return changed

    def _arguments(self, parameters: Parameters) -> t.Any:
        values = {**self._fixed, **parameters}
        for name, process in self._processors:
            values[name] = process(values[name])
        return values if self._order is None else [values[name] for name in self._order]


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
