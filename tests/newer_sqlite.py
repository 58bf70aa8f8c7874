"""Play the ``autocommit`` of Python 3.12's sqlite3 on older Pythons, after its documentation."""

from __future__ import annotations

import sqlite3
import sys
import typing as t

import sqlalchemy as sa

LEGACY = -1


def autocommit_options(autocommit: bool) -> dict[str, t.Any]:
    """Return what ``create_engine`` passes on for a connection with this ``autocommit``."""
    options: dict[str, t.Any] = {"autocommit": autocommit}
    return options if sys.version_info >= (3, 12) else options | {"factory": NewerConnection}


def rules_of(engine: sa.Engine) -> tuple[int, bool]:
    """Return the ``autocommit`` of a connection of the pool, and whether it is in a transaction."""
    with engine.connect() as connection:
        driver = t.cast(t.Any, connection.connection.dbapi_connection)
        return driver.autocommit, driver.in_transaction


class NewerConnection(sqlite3.Connection):
    """A connection that is always in a transaction, or never in one but by its own words."""

    def __init__(self, *args: t.Any, autocommit: bool, **options: t.Any) -> None:
        super().__init__(*args, **options | {"isolation_level": None})
        self._autocommit: int = LEGACY
        self.autocommit = autocommit

    @property
    def autocommit(self) -> int:
        return self._autocommit

    @autocommit.setter
    def autocommit(self, value: int) -> None:
        self._autocommit = value
        if value == 1 and self.in_transaction:
            self.execute("COMMIT")
        elif value == 0 and not self.in_transaction:
            self.execute("BEGIN")

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def _end(self, statement: str) -> None:
        if self._autocommit != 1 and self.in_transaction:
            self.execute(statement)
        if self._autocommit == 0:
            self.execute("BEGIN")
