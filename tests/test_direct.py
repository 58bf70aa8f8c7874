"""Writes on the driver's own connection: what is committed, what is undone, what is thrown away."""

from __future__ import annotations

import gc
import sqlite3
import typing as t
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc

from flask_webhook_alerts import direct
from flask_webhook_alerts import transactions
from flask_webhook_alerts.errors import Unavailable
from tests.newer_sqlite import autocommit_options
from tests.newer_sqlite import NewerConnection
from tests.newer_sqlite import rules_of

INSERT = "INSERT INTO crate (id) VALUES (1)"

metadata = sa.MetaData()
crate = sa.Table(
    "crate",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine of a database with no crate."""
    yield from prepared(sa.create_engine(database_url))


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[sa.Engine]:
    yield from prepared(sa.create_engine(sqlite_url, connect_args={"timeout": 0.05}))


def prepared(engine: sa.Engine) -> Iterator[sa.Engine]:
    metadata.create_all(engine)
    yield engine
    engine.dispose()
    metadata.drop_all(engine)
    engine.dispose()


def insert(engine: sa.Engine, sql: str = INSERT) -> None:
    """Write as the hot path does: on PostgreSQL by one statement that commits itself."""
    with direct.begun(engine, single=engine.dialect.name == "postgresql") as connection:
        connection.execute(sql).close()


def crates(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return count(connection)


def test_an_engine_to_which_somebody_has_listened_is_unnoticed_again(
    sqlite_engine: sa.Engine,
) -> None:
    def hear(*_: object) -> None:
        """Hear of a commit."""

    assert direct.is_unnoticed(sqlite_engine)
    event.listen(sa.Engine, "commit", hear)
    assert not direct.is_unnoticed(sqlite_engine)
    event.remove(sa.Engine, "commit", hear)
    assert direct.is_unnoticed(sqlite_engine)


def count(connection: sa.Connection) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(crate)) or 0


def test_what_was_written_is_committed(engine: sa.Engine) -> None:
    insert(engine)

    assert crates(engine) == 1


def test_an_error_of_the_database_is_that_of_sqlalchemy_and_undoes_all(engine: sa.Engine) -> None:
    insert(engine)

    with pytest.raises(exc.IntegrityError) as caught:
        insert(engine)

    assert caught.value.statement == INSERT
    assert not caught.value.connection_invalidated
    insert(engine, "DELETE FROM crate")
    assert crates(engine) == 0


@pytest.mark.parametrize("database_url", ["sqlite", "mariadb"], indirect=True)
def test_an_error_of_our_own_undoes_all(engine: sa.Engine) -> None:
    with pytest.raises(LookupError), direct.begun(engine, single=False) as connection:  # noqa: PT012
        connection.execute(INSERT).close()
        raise LookupError

    assert crates(engine) == 0


def test_connections_go_back_as_they_came(engine: sa.Engine) -> None:
    insert(engine)

    with engine.connect() as connection:
        connection.execute(sa.delete(crate))
        connection.rollback()
    assert crates(engine) == 1


def test_a_commit_that_fails_is_told_and_undone(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE label (crate_id REFERENCES crate (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        connection.execute(sa.insert(crate).values(id=1))
    sqlite_engine.dispose()
    event.listen(sqlite_engine, "connect", check_references)

    with pytest.raises(exc.IntegrityError):
        insert(sqlite_engine, "INSERT INTO label (crate_id) VALUES (7)")

    insert(sqlite_engine, "INSERT INTO label (crate_id) VALUES (1)")
    with sqlite_engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT * FROM label").all() == [(1,)]
        connection.exec_driver_sql("DROP TABLE label")
        connection.commit()


def check_references(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


def test_a_database_that_cannot_be_reached_is_told_by_sqlalchemys_error(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'no' / 'folder' / 'host.db'}")

    with pytest.raises(exc.OperationalError):
        insert(engine)
    with pytest.raises(Unavailable):
        transactions.run(engine, count, may_be_direct=True)


@pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
def test_a_connection_that_broke_is_told_and_replaced(engine: sa.Engine) -> None:
    insert(engine, "DELETE FROM crate")
    end_connections(engine)

    check_it_is_told_and_replaced(engine)


def check_it_is_told_and_replaced(engine: sa.Engine) -> None:
    with pytest.raises(exc.DBAPIError) as caught:
        insert(engine)

    assert caught.value.connection_invalidated
    insert(engine)
    assert crates(engine) == 1


def end_connections(engine: sa.Engine) -> None:
    """Let the server end the connection that waits in the pool."""
    is_postgresql = engine.dialect.name == "postgresql"
    with engine.connect() as waiting:
        number = waiting.exec_driver_sql(
            "SELECT pg_backend_pid()" if is_postgresql else "SELECT CONNECTION_ID()"
        ).scalar_one()
    other = sa.create_engine(engine.url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    end = f"SELECT pg_terminate_backend({number})" if is_postgresql else f"KILL {number}"
    with other.connect() as connection:
        connection.exec_driver_sql(end)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_was_closed_in_the_pool_is_told_and_replaced(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        driver = t.cast(t.Any, connection.connection.dbapi_connection)
    driver.close()

    check_it_is_told_and_replaced(engine)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
def test_a_connection_that_broke_and_commits_by_itself_is_told_and_replaced(
    engine: sa.Engine,
) -> None:
    insert(engine, "DELETE FROM crate")
    hasty = sa.create_engine(engine.url, isolation_level="AUTOCOMMIT")
    end_connections(hasty)

    check_it_is_told_and_replaced(hasty)
    hasty.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_breaks_before_it_commits_by_itself_is_told(engine: sa.Engine) -> None:
    class Breaking(psycopg.Connection[t.Any]):
        def set_autocommit(self, value: bool) -> None:
            self.close()
            super().set_autocommit(value)

    def connect() -> Breaking | psycopg.Connection[t.Any]:
        connected.append(1)
        made = (
            Breaking if len(connected) == 2 else psycopg.Connection
        )  # the dialect's look is first
        return made.connect(*args, **options)

    connected: list[int] = []
    args, options = engine.dialect.create_connect_args(engine.url)
    breaking = sa.create_engine(engine.url, creator=connect, poolclass=sa.NullPool)
    with breaking.connect():
        pass

    with pytest.raises(exc.DBAPIError) as caught:
        insert(breaking)
    assert caught.value.connection_invalidated
    insert(breaking)
    assert crates(engine) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_pool_ends_autocommit_however_a_connection_comes_back(engine: sa.Engine) -> None:
    connection = direct.DirectConnection(engine)
    connection.commit_by_itself()
    driver = connection.driver
    seen = [driver.autocommit]
    del connection
    gc.collect()

    seen.append(driver.autocommit)
    assert seen == [True, False]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_a_listener_to_the_pool_has_begun_is_kept(engine: sa.Engine) -> None:
    def set_up(driver: t.Any, *_: object) -> None:
        driver.execute("SET search_path TO public")

    event.listen(engine, "checkout", set_up)
    insert(engine)

    assert transactions.run(engine, count, single=True) == 1


@pytest.fixture
def unruly_engine(sqlite_url: str) -> Iterator[sa.Engine]:
    yield from prepared(sa.create_engine(sqlite_url, connect_args={"factory": Unruly}))


def fail(engine: sa.Engine, fault: type[BaseException], *, late: bool = False) -> None:
    """Let the driver raise ``fault`` in the statement, or late: when all is undone."""
    with direct.begun(engine, single=False) as connection:
        connection.driver.fault = fault
        if late:
            raise LookupError
        connection.execute(INSERT)


def connections_of(engine: sa.Engine) -> list[object]:
    """Return a list to which each new connection is added."""
    opened: list[object] = []
    event.listen(engine, "connect", lambda *found: opened.append(found))
    return opened


@pytest.mark.parametrize("fault", [sqlite3.OperationalError, KeyboardInterrupt])
def test_a_connection_that_cannot_roll_back_is_thrown_away(
    unruly_engine: sa.Engine, fault: type[BaseException]
) -> None:
    opened = connections_of(unruly_engine)

    with pytest.raises((LookupError, KeyboardInterrupt)):
        fail(unruly_engine, fault, late=True)

    assert crates(unruly_engine) == 0
    assert len(opened) == 1


def test_an_error_that_is_not_the_drivers_stays_what_it_is(unruly_engine: sa.Engine) -> None:
    with pytest.raises(MemoryError):
        fail(unruly_engine, MemoryError)

    assert crates(unruly_engine) == 0


@pytest.mark.parametrize("rules", [{}, autocommit_options(False)], ids=["old", "new"])
def test_an_interrupted_statement_costs_the_connection(
    sqlite_url: str, rules: dict[str, t.Any]
) -> None:
    options = {**rules, "factory": UnrulyAndNewer if rules else Unruly}
    engine = sa.create_engine(sqlite_url, connect_args=options)
    opened = connections_of(engine)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            fail(engine, KeyboardInterrupt)

    assert len(opened) == 2
    engine.dispose()


class Unruly(sqlite3.Connection):
    """A connection that fails once it is told how."""

    fault: type[BaseException] | None = None

    def cursor(self, factory: t.Any = sqlite3.Cursor) -> t.Any:
        self._fail()
        return super().cursor(factory)

    def rollback(self) -> None:
        self._fail()
        super().rollback()

    def _fail(self) -> None:
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault


class UnrulyAndNewer(Unruly, NewerConnection):
    """The same, with other rules for its commits."""


def test_a_connect_that_was_replaced_is_noticed(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sa.Engine.connect

    assert direct.is_unnoticed(sqlite_engine)
    monkeypatch.setattr(sa.Engine, "connect", lambda engine: connect(engine))
    assert not direct.is_unnoticed(sqlite_engine)


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_driver_that_commits_by_other_rules_keeps_them(
    autocommit: bool, sqlite_engine: sa.Engine, sqlite_url: str
) -> None:
    engine = sa.create_engine(sqlite_url, connect_args=autocommit_options(autocommit))

    insert(engine)

    assert crates(sqlite_engine) == 1
    assert rules_of(engine) == (autocommit, not autocommit)
    engine.dispose()


def test_a_write_lock_is_waited_for_and_then_told(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")

        with pytest.raises(exc.OperationalError, match="locked"):
            insert(sqlite_engine)

    insert(sqlite_engine)
    assert crates(sqlite_engine) == 1
