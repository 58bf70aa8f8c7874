"""Run the writes of the hot path on the driver's own connection, where nobody would notice.

SQLAlchemy's ``Connection``, with its options, events and transactions, costs about as much as the
statement that runs on it. What stays SQLAlchemy's: the pool and all that happens at check-out and
return, the SQL, the types of values, and errors.
"""

from __future__ import annotations

import contextlib
import typing as t
from collections.abc import Iterator

import sqlalchemy as sa

from .autocommit import in_control

_HOOKS = (
    "engine_connect", "begin", "commit", "rollback",
    "before_execute", "after_execute", "before_cursor_execute", "after_cursor_execute",
)  # fmt: skip
_CONNECT = sa.Engine.connect


class DirectConnection:
    """A connection of the pool, for one transaction. Its errors are those of SQLAlchemy."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self.errors: type[Exception] = engine.dialect.loaded_dbapi.Error
        try:
            self._pooled = engine.raw_connection()
        except self.errors as error:
            # As raise_as_sqlalchemy(), where there is no connection yet.
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
            self.fail(error, sql, cursor)
        return cursor

    def commit(self) -> None:
        """End the driver's transaction."""
        try:
            self.driver.commit()
        except BaseException as error:  # noqa: BLE001 - as above
            self.fail(error)

    def commit_by_itself(self) -> None:
        """Let the server commit each statement, until the connection goes back to the pool.

        For drivers of PostgreSQL, all of which have this attribute.
        """
        self.commit()  # what a listener to the pool has begun, such as a tenant's settings
        driver, errors = self.driver, self.errors
        was = driver.autocommit

        def restore(returned: t.Any) -> None:
            with contextlib.suppress(errors):  # whoever takes a broken one finds it out
                returned.autocommit = was

        # By the pool, which does it however the connection comes back. SQLAlchemy does the same.
        t.cast(t.Any, self._pooled)._connection_record.finalize_callback.append(restore)  # noqa: SLF001
        try:
            driver.autocommit = True
        except BaseException as error:  # noqa: BLE001 - as above
            self.fail(error)

    def roll_back(self) -> None:
        """Undo the driver's transaction; a connection that cannot is thrown away."""
        if self.driver is None:
            return

        try:
            # The driver's own: SQLAlchemy's leaves it out where an engine commits by itself.
            self.driver.rollback()
        except BaseException as error:
            self._pooled.invalidate(error)
            if not isinstance(error, self.errors):
                raise

    def close(self) -> None:
        """Give the connection back to the pool."""
        self._pooled.close()

    def fail(
        self, error: BaseException, sql: str | None = None, cursor: t.Any = None
    ) -> t.NoReturn:
        """Raise what SQLAlchemy would raise for an error."""
        # With a statement, errors that are not the driver's would become those of a bad value.
        statement = sql if isinstance(error, self.errors) else None
        raise_as_sqlalchemy(sa.Connection(self._engine, self._pooled), error, statement, cursor)


Link: t.TypeAlias = "sa.Connection | DirectConnection"
"""What the statements of the hot path run on."""


def raise_as_sqlalchemy(
    connection: sa.Connection, error: BaseException, statement: str | None = None,
    cursor: t.Any = None,
) -> t.NoReturn:  # fmt: skip
    """Raise the error of SQLAlchemy's that belongs to a driver's."""
    # It tells who listens, and forgets connections that broke. Nothing public does.
    connection._handle_dbapi_exception(error, statement, None, cursor, None)  # noqa: SLF001


def is_unnoticed(engine: sa.Engine) -> bool:
    """Tell whether nobody listens to ``engine``, looks at its statements, or bends them."""
    # Nothing public tells; "echo" does not know the logger's level.
    return not (
        is_replaced(engine)
        or _is_heard(engine)
        or engine._should_log_info()  # noqa: SLF001
        or engine.get_execution_options()
    )


def is_replaced(engine: sa.Engine) -> bool:
    """Tell whether ``engine.connect`` is not SQLAlchemy's, as in tests that lend a connection."""
    # Some tests lend by a stand-in for the engine, which is of another class.
    return getattr(type(engine), "connect", None) is not _CONNECT or "connect" in vars(engine)


def may_commit_by_itself(engine: sa.Engine) -> bool:
    """Tell whether a single statement may go without a transaction: nobody sets anything for one.

    Listeners do, by ``SET LOCAL``: a tenant, a role, a time limit.
    """
    if engine.dialect.name != "postgresql" or is_replaced(engine):
        return False

    return not (_is_heard(engine) or engine.pool.dispatch.checkout)


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
    if single and may_commit_by_itself(engine):
        return _committing_itself(engine)

    return _committed(engine)


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
    try:
        with in_control(engine, connection.driver, single=False):
            try:
                if engine.dialect.name == "sqlite":
                    # Take the write lock before reading, by waiting: taken later, it fails at once.
                    connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.commit()
            except BaseException:
                connection.roll_back()
                raise
    except connection.errors as error:
        connection.fail(error)  # what the control has met
    finally:
        connection.close()
