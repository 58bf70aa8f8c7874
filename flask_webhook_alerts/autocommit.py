"""Let no driver begin or commit by itself what is one transaction of ours.

Hosts may let it, by their engine's options or in a listener. For a moment, we do.
"""

from __future__ import annotations

import contextlib
import sqlite3
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa

_LEGACY_CONTROL = -1  # sqlite3.LEGACY_TRANSACTION_CONTROL, which Python 3.11 does not name
_NO_CONTROL = contextlib.nullcontext()


def in_control(
    engine: sa.Engine, driver: t.Any, *, single: bool
) -> contextlib.AbstractContextManager[None]:
    """Take over a driver's connection for one transaction, and give it back as it came.

    :param single: it is one statement, which may commit by itself.
    """
    if engine.dialect.name == "sqlite":
        return _sqlite_control(driver)

    return _NO_CONTROL if single or not commits_by_itself(driver) else _as_one(driver)


def end_sqlite(driver: t.Any) -> None:
    """Commit what has been begun on a connection of sqlite3's."""
    if driver.in_transaction:
        driver.commit()


@contextlib.contextmanager
def _sqlite_control(driver: t.Any) -> Iterator[None]:
    rules = getattr(driver, "autocommit", _LEGACY_CONTROL)  # new in Python 3.12
    if rules != _LEGACY_CONTROL:
        driver.autocommit = _LEGACY_CONTROL
    try:
        # A database in memory has one connection for all: the host's pending rows are kept,
        # since they cannot be kept out.
        end_sqlite(driver)
        yield
    except BaseException:
        # SQLAlchemy leaves it out where an engine commits by itself.
        with contextlib.suppress(sqlite3.Error):
            driver.rollback()
        raise
    finally:
        if rules != _LEGACY_CONTROL:
            with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed, and has no rules
                driver.autocommit = rules


def commits_by_itself(driver: t.Any) -> bool:
    """Tell whether a driver's connection commits each statement."""
    if hasattr(driver, "get_autocommit"):  # MariaDB's drivers
        return bool(driver.get_autocommit())

    # sqlite3 has had the attribute since Python 3.12, where -1 means "as always".
    return getattr(driver, "autocommit", False) is True


@contextlib.contextmanager
def _as_one(driver: t.Any) -> Iterator[None]:
    _set_autocommit(driver, False)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # it broke, which whoever takes it finds out
            _set_autocommit(driver, True)


def _set_autocommit(driver: t.Any, value: bool) -> None:
    if callable(driver.autocommit):  # MariaDB's drivers
        driver.autocommit(value)
    else:
        driver.autocommit = value
