"""Run one write as one transaction, and again where that helps."""

from __future__ import annotations

import contextlib
import enum
import logging
import random
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import exc

from . import direct
from .autocommit import end_sqlite
from .autocommit import in_control
from .errors import Refused
from .errors import Unavailable

logger: logging.Logger = logging.getLogger(__name__)

T = t.TypeVar("T")
Begin: t.TypeAlias = Callable[..., contextlib.AbstractContextManager[t.Any]]

PATIENCE = 8.0
"""Seconds after which a write that lost to others is not tried again."""

_CLOSE = sa.Connection.close
_MAX_TRIES = 10
_MAX_PAUSE = 0.25

# PostgreSQL's serialization_failure, deadlock_detected and lock_not_available; MariaDB's lock wait
# time-out, deadlock and "record has changed since last read"; SQLite's BUSY and LOCKED.
_CONFLICTS = frozenset({"40001", "40P01", "55P03", 1205, 1213, 1020, 5, 6})

# What drivers call an operational error, and is one of the values: PostgreSQL's limits of a
# statement, MariaDB's missing defaults, checks and JSON that it cannot take.
_REFUSALS = frozenset({"54000", "54001", 1364, 3140, 3819, 4025})


class Fault(enum.Enum):
    """What an error of the database means for the write that met it."""

    CONFLICT = "others were in the way: the same write can succeed at once"
    LOST = "the connection broke: a new one may work"
    AWAY = "the database does not serve now"
    REFUSED = "the database will never take this write"


# Besides what SQLAlchemy wraps: text that the connection's encoding does not have, and integers
# that the driver cannot send.
_FAULTS = (exc.StatementError, exc.TimeoutError, UnicodeError, OverflowError)


def diagnose(error: Exception) -> Fault:
    """Tell what ``error`` means; what is not known to be final counts as passing."""
    if isinstance(error, exc.DBAPIError):
        if error.connection_invalidated:
            return Fault.LOST

        code = _code(error.orig)
        if code in _CONFLICTS:
            return Fault.CONFLICT

        # A missing table is an OperationalError or a ProgrammingError, hence "away": the sender
        # tries again, and nothing is lost until the host has migrated.
        is_final = isinstance(error, (exc.DataError, exc.IntegrityError))
        return Fault.REFUSED if is_final or code in _REFUSALS else Fault.AWAY

    return Fault.AWAY if isinstance(error, exc.TimeoutError) else Fault.REFUSED


def run(
    engine: sa.Engine,
    work: Callable[[sa.Connection], T] | Callable[[direct.Link], T],
    *,
    single: bool = False,
    may_be_direct: bool = False,
    recover: Callable[[sa.Connection], T | None] | None = None,
) -> T:
    """Return what ``work`` returns, once its transaction is committed.

    The whole transaction is repeated after a conflict, a few times with jitter, and once after a
    lost connection.

    :param work: called with a :class:`sqlalchemy.Connection`.
    :param single: ``work`` runs one statement, which is a transaction by itself.
    :param may_be_direct: ``work`` also takes a :class:`.direct.DirectConnection`.
    :param recover: finds what ``work`` has done if the connection broke after its commit.
    :raises Refused: the database will never take the write.
    :raises Unavailable: it may take it later.
    """
    started = time.monotonic()
    attempt = lost = 0
    while True:
        attempt += 1
        try:
            is_direct = may_be_direct and not lost and direct.is_unnoticed(engine)
            begun: Begin = direct.begun if is_direct else _begun
            with begun(engine, single=single) as connection:
                if lost and recover and (done := recover(connection)) is not None:
                    return done

                return work(connection)
        except _FAULTS as error:
            fault = diagnose(error)
            lost += fault is Fault.LOST
            if not _may_repeat(fault, attempt, lost, started):
                raise _given_up(fault) from error

        time.sleep(random.uniform(0, min(_MAX_PAUSE, 0.005 * 2**attempt)))  # noqa: S311 - jitter


@contextlib.contextmanager
def _begun(engine: sa.Engine, *, single: bool) -> Iterator[t.Any]:
    lender = engine.connect()
    with lender as connection:
        # Tests of the host's lend one that is in a transaction, and roll all of it back.
        is_lent = connection.in_transaction() and _is_kept_open(engine, lender)
        with connection.begin_nested() if is_lent else _transaction(engine, connection, single):
            yield connection
    if is_lent and connection.closed:
        raise Unavailable(
            "engine.connect() was replaced, and closes what it lends: nothing is kept."
        )


def _is_kept_open(engine: sa.Engine, lender: object) -> bool:
    """Tell whether a connection outlives the block that it is used in, as none of a pool does."""
    return direct.is_replaced(engine) and (
        getattr(type(lender), "close", None) is not _CLOSE or "close" in vars(lender)
    )


@contextlib.contextmanager
def _transaction(engine: sa.Engine, connection: sa.Connection, single: bool) -> Iterator[None]:
    driver = t.cast(t.Any, connection.connection.dbapi_connection)
    try:
        with in_control(engine, driver, single=single):
            # A listener of the host's that has run a statement has begun it. Nobody else ends it.
            begun = connection.get_transaction()
            if begun is None and single and direct.may_commit_by_itself(engine):
                # First what a listener to the pool has begun, such as a tenant's settings.
                driver.commit()
                connection.execution_options(isolation_level="AUTOCOMMIT")
            # Begun in any case: hosts that listen to the engine hear of each commit.
            with begun or connection.begin():
                if engine.dialect.name == "sqlite":
                    _begin_sqlite(connection, driver, single)
                yield
    except engine.dialect.loaded_dbapi.Error as error:
        direct.raise_as_sqlalchemy(connection, error)  # of what was asked of the driver itself


def _begin_sqlite(connection: sa.Connection, driver: t.Any, single: bool) -> None:
    end_sqlite(driver)  # what an engine of the host's has begun by itself
    if not single:
        # Take the write lock before reading, by waiting: taken later, it fails at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _code(driver_error: object) -> str | int | None:
    """Return the driver's own code: a SQLSTATE, a MariaDB number, or SQLite's primary code."""
    arguments = getattr(driver_error, "args", ())
    if arguments and isinstance(arguments[0], int):
        return arguments[0]  # before the SQLSTATE, which MariaDB's drivers may have too, and vague

    sqlite_code = getattr(driver_error, "sqlite_errorcode", None)
    if isinstance(sqlite_code, int):
        return sqlite_code & 0xFF  # the extended codes keep the primary one in the lowest byte

    return getattr(driver_error, "sqlstate", None) or getattr(driver_error, "pgcode", None)


def _may_repeat(fault: Fault, attempt: int, lost: int, started: float) -> bool:
    if fault is Fault.LOST:
        return lost == 1

    in_time = attempt < _MAX_TRIES and time.monotonic() - started < PATIENCE
    return fault is Fault.CONFLICT and in_time


def _given_up(fault: Fault) -> Refused | Unavailable:
    if fault is Fault.REFUSED:
        return Refused("The database refused the values.")

    return Unavailable("The database cannot take the change now.")
