"""Run the writes of the hot path on the driver's own connection, where nobody would notice.

SQLAlchemy's ``Connection``, with its options, events and transactions, costs about as much as the
statement that runs on it. What stays SQLAlchemy's: the pool and all that happens at check-out and
return, the SQL, the types of values, and errors.
"""

from __future__ import annotations

import contextlib
import sqlite3
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa

_HOOKS = (
    "engine_connect", "begin", "commit", "rollback",
    "before_execute", "after_execute", "before_cursor_execute", "after_cursor_execute",
)  # fmt: skip
_CONNECT = sa.Engine.connect
_NO_CONTROL = contextlib.nullcontext()
_LEGACY_CONTROL = -1  # sqlite3.LEGACY_TRANSACTION_CONTROL, which Python 3.11 does not name


class DirectConnection:
    """A connection of the pool, for one transaction. Its errors are those of SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._errors: type[Exception] = engine.dialect.loaded_dbapi.Error
        try:
            self._pooled = engine.raw_connection()
        except self._errors as error:
            # Here and in _fail(): it tells who listens, forgets connections that broke, and raises
            # the error that belongs to the driver's. Nothing public does.
            sa.Connection._handle_dbapi_exception_noconnection(  # noqa: SLF001
                error, engine.dialect, engine
            )

    @property
    def driver(self) -> t.Any:
        """The driver's connection; None if it broke."""
        return self._pooled.dbapi_connection

    def execute(self, sql: str, arguments: t.Any = ()) -> t.Any:
        """Return a cursor that has run the statement."""
        cursor = None
        try:
            cursor = self.driver.cursor()
            cursor.execute(sql, arguments)
        except BaseException as error:  # noqa: BLE001 - also Ctrl-C leaves a connection broken
            self._fail(error, sql, cursor)
        return cursor

    def commit(self) -> None:
        """End the driver's transaction."""
        try:
            self.driver.commit()
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)

    def commit_by_itself(self) -> None:
        """Let the server commit each statement, until the connection goes back to the pool.

        For drivers of PostgreSQL, all of which have this attribute.
        """
        self.commit()  # what a listener to the pool has begun, such as a tenant's settings
        driver, errors = self.driver, self._errors
        was = driver.autocommit

        def restore(returned: t.Any) -> None:
            with contextlib.suppress(errors):  # whoever takes a broken one finds it out
                returned.autocommit = was

        # By the pool, which does it however the connection comes back. SQLAlchemy does the same.
        t.cast(t.Any, self._pooled)._connection_record.finalize_callback.append(restore)  # noqa: SLF001
        try:
            driver.autocommit = True
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(error)

    def roll_back(self) -> None:
        """Undo the driver's transaction; a connection that cannot is thrown away."""
        if self.driver is None:
            return

        try:
            # The driver's own: SQLAlchemy's leaves it out where an engine commits by itself.
            self.driver.rollback()
        except BaseException as error:
            self._pooled.invalidate(error)
            if not isinstance(error, self._errors):
                raise

    def close(self) -> None:
        """Give the connection back to the pool."""
        self._pooled.close()

    def _fail(
        self, error: BaseException, sql: str | None = None, cursor: t.Any = None
    ) -> t.NoReturn:
        # With a statement, errors that are not the driver's would become those of a bad value.
        statement = sql if isinstance(error, self._errors) else None
        connection = sa.Connection(self._engine, self._pooled)
        connection._handle_dbapi_exception(error, statement, None, cursor, None)  # noqa: SLF001


Link: t.TypeAlias = "sa.Connection | DirectConnection"
"""What the statements of the hot path run on."""


def is_unnoticed(engine: sa.Engine) -> bool:
    """Tell whether nobody listens to ``engine``, looks at its statements, or bends them."""
    # Nothing public tells; "echo" does not know the logger's level. Tests of the host's replace
    # connect by their own.
    return not (
        _is_heard(engine)
        or engine._should_log_info()  # noqa: SLF001
        or engine.get_execution_options()
        or type(engine).connect is not _CONNECT
        or "connect" in vars(engine)
    )


def _is_heard(engine: sa.Engine) -> bool:
    """Tell whether somebody listens to the connections of ``engine``."""
    # The flags by which SQLAlchemy spares itself the look at each list. They are never lowered, and
    # older versions have none for the class of connections.
    if getattr(sa.Connection, "_has_events", False) or engine.dialect._has_events:  # noqa: SLF001
        return True

    return engine._has_events and any(  # noqa: SLF001
        getattr(engine.dispatch, name) for name in _HOOKS
    )


def begun(
    engine: sa.Engine, *, single: bool
) -> contextlib.AbstractContextManager[DirectConnection]:
    """Lend a connection in a transaction, which is committed at the end, or undone by an error.

    :param single: one statement will be run, a transaction by itself.
    """
    if single and engine.dialect.name == "postgresql":
        return _committing_itself(engine)

    return _committed(engine)


@contextlib.contextmanager
def sqlite_control(driver: t.Any) -> Iterator[None]:
    """Let none but ourselves begin or commit on a connection of sqlite3's."""
    # Since Python 3.12 a host may let its driver begin or commit by itself; for a moment, we do.
    rules = getattr(driver, "autocommit", _LEGACY_CONTROL)
    if rules != _LEGACY_CONTROL:
        driver.autocommit = _LEGACY_CONTROL
    try:
        # A database in memory has one connection for all: the host's pending rows are kept,
        # since they cannot be kept out.
        end_sqlite(driver)
        yield
    finally:
        if rules != _LEGACY_CONTROL:
            with contextlib.suppress(sqlite3.ProgrammingError):  # it is closed, and has no rules
                driver.autocommit = rules


def end_sqlite(driver: t.Any) -> None:
    """Commit what has been begun on a connection of sqlite3's."""
    if driver.in_transaction:
        driver.commit()


@contextlib.contextmanager
def _committing_itself(engine: sa.Engine) -> Iterator[DirectConnection]:
    connection = DirectConnection(engine)
    try:
        # The driver's autocommit spares the round trips of BEGIN and COMMIT, and costs none.
        connection.commit_by_itself()
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def _committed(engine: sa.Engine) -> Iterator[DirectConnection]:
    connection = DirectConnection(engine)
    is_sqlite = engine.dialect.name == "sqlite"
    try:
        with sqlite_control(connection.driver) if is_sqlite else _NO_CONTROL:
            try:
                if is_sqlite:
                    # Take the write lock before reading, by waiting: taken later, it fails at once.
                    connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.commit()
            except BaseException:
                connection.roll_back()
                raise
    finally:
        connection.close()
