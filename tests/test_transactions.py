"""Writes that fail: which errors mean "again", which mean "later", which mean "never"."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy import exc
from sqlalchemy.event import listens_for

from flask_webhook_alerts import direct
from flask_webhook_alerts import transactions
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.transactions import diagnose
from flask_webhook_alerts.transactions import Fault
from tests.newer_sqlite import autocommit_options
from tests.newer_sqlite import rules_of

Work: t.TypeAlias = Callable[[sa.Connection], object]

SERVERS = ["postgresql", "mariadb"]
IS_NEW = sa.__version__ >= "2.0.43"  # it can skip the rollback of what commits by itself

metadata = sa.MetaData()
box = sa.Table(
    "box",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.String(10), nullable=False, default=""),
    sa.Column("count", sa.Integer, nullable=False, default=0),
    sa.Column("extra", sa.JSON),
)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine of a database with two boxes, that waits for no lock for long."""
    options: dict[str, t.Any] = {}
    if database_url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 0.05}
    engine = sa.create_engine(database_url, **options)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(box), [{"id": 1}, {"id": 2}])
    yield engine
    engine.dispose()
    metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[sa.Engine]:
    engine = sa.create_engine(sqlite_url, connect_args={"timeout": 0.05})
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def count_up(connection: sa.Connection, id_: int = 1) -> int:
    statement = sa.update(box).where(box.c.id == id_).values(count=box.c.count + 1)
    return connection.execute(statement).rowcount


def counts(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(box.c.count).order_by(box.c.id)))


class Tries:
    """Work that first runs into a fault, so many times, and then counts up."""

    def __init__(self, fault: Work, times: int = 1) -> None:
        self.fault, self.times, self.number = fault, times, 0

    def __call__(self, connection: sa.Connection) -> int:
        self.number += 1
        if self.number <= self.times:
            self.fault(connection)
        return count_up(connection)


def runner_of(link: t.Any) -> t.Any:
    """Return what runs SQL as it stands on a connection of either kind."""
    is_direct = isinstance(link, direct.DirectConnection)
    return link.execute if is_direct else link.exec_driver_sql


def raising(error: BaseException) -> Work:
    def fault(_connection: sa.Connection) -> None:
        raise error

    return fault


def operational(*args: object, **attributes: object) -> exc.OperationalError:
    """Return the error of an imagined driver."""
    error = sqlite3.OperationalError(*args)
    vars(error).update(attributes)
    return exc.OperationalError("UPDATE", {}, error)


# --- What is committed ---


@pytest.mark.parametrize("single", [False, True])
def test_the_work_is_committed_when_it_returns(engine: sa.Engine, single: bool) -> None:
    assert transactions.run(engine, count_up, single=single) == 1

    assert counts(engine) == [1, 0]


def test_what_work_did_before_an_error_is_gone(engine: sa.Engine) -> None:
    def work(connection: sa.Connection) -> t.NoReturn:
        count_up(connection)
        raise LookupError("a fault of our own")

    with pytest.raises(LookupError):
        transactions.run(engine, work)

    assert counts(engine) == [0, 0]


@pytest.mark.parametrize("single", [False, True])
def test_connections_go_back_as_they_came(engine: sa.Engine, single: bool) -> None:
    transactions.run(engine, count_up, single=single)
    with engine.connect() as connection:
        count_up(connection)
        connection.rollback()

    assert counts(engine) == [1, 0]


def test_a_transaction_that_the_driver_has_begun_is_kept(sqlite_engine: sa.Engine) -> None:
    @listens_for(sqlite_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("INSERT INTO box (id, content, count) VALUES (1, '', 0)")

    assert transactions.run(sqlite_engine, count_up) == 1


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("single", [False, True])
def test_a_driver_that_commits_by_other_rules_keeps_them_and_loses_nothing(
    autocommit: bool, single: bool, sqlite_url: str, sqlite_engine: sa.Engine
) -> None:
    engine = sa.create_engine(sqlite_url, connect_args=autocommit_options(autocommit))
    with sqlite_engine.begin() as connection:
        connection.execute(sa.insert(box).values(id=1))

    def fail(connection: sa.Connection) -> None:
        count_up(connection)
        raise LookupError

    with pytest.raises(LookupError):
        transactions.run(engine, fail)
    assert transactions.run(engine, count_up, single=single) == 1

    assert counts(sqlite_engine) == [1]
    assert rules_of(engine) == (autocommit, not autocommit)
    engine.dispose()


def test_a_commit_whose_answer_was_lost_is_found_and_not_repeated(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.begin() as connection:
        connection.execute(sa.insert(box).values(id=1))
    lost = exc.OperationalError("COMMIT", {}, sqlite3.OperationalError())
    lost.connection_invalidated = True

    def work(_connection: sa.Connection) -> int:
        transactions.run(sqlite_engine, count_up, single=True)
        raise lost

    def recover(connection: sa.Connection) -> int | None:
        return connection.scalar(sa.select(box.c.count))

    assert transactions.run(sqlite_engine, work, single=True, recover=recover) == 1
    assert counts(sqlite_engine) == [1]


# --- What a host has begun ---


def listen(engine: sa.Engine, begin: Work) -> None:
    """Run something on each connection that is made, as a host that sets a tenant does."""

    @listens_for(engine, "engine_connect")
    def run(connection: sa.Connection) -> None:
        begin(connection)


def read(connection: sa.Connection) -> None:
    connection.exec_driver_sql("SELECT 1")


def write(connection: sa.Connection) -> None:
    count_up(connection, 2)


BEGUN: dict[str, Work] = {
    "by a read": read,
    "by a write": write,
    "by its word": lambda connection: connection.begin(),
}


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("begin", BEGUN.values(), ids=BEGUN)
def test_a_transaction_that_a_listener_has_begun_is_committed(
    engine: sa.Engine, begin: Work, single: bool
) -> None:
    watched = sa.create_engine(engine.url)
    listen(watched, begin)

    assert transactions.run(watched, count_up, single=single) == 1

    assert counts(engine)[0] == 1
    watched.dispose()


@pytest.mark.parametrize("single", [False, True])
def test_what_work_did_in_a_transaction_of_a_listener_is_gone_after_an_error(
    engine: sa.Engine, single: bool
) -> None:
    def work(connection: sa.Connection) -> t.NoReturn:
        count_up(connection)
        raise LookupError

    watched = sa.create_engine(engine.url)
    listen(watched, read)

    with pytest.raises(LookupError):
        transactions.run(watched, work, single=single)

    assert counts(engine) == [0, 0]
    watched.dispose()


SET_TENANT = "SET LOCAL app.tenant = 'a'"
SETTERS: dict[str, Callable[..., object]] = {
    "engine_connect": lambda connection: connection.exec_driver_sql(SET_TENANT),
    "begin": lambda connection: connection.exec_driver_sql(SET_TENANT),
    "checkout": lambda driver, *_: driver.execute(SET_TENANT),
    "before_cursor_execute": lambda _connection, cursor, *_: cursor.execute(SET_TENANT),
}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("may_be_direct", [False, True])
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("hook", SETTERS)
def test_what_a_listener_has_set_holds_for_the_work(
    engine: sa.Engine, hook: str, single: bool, may_be_direct: bool
) -> None:
    watched = sa.create_engine(engine.url)
    event.listen(watched, hook, SETTERS[hook])

    def work(link: t.Any) -> str:
        run = runner_of(link)
        return str(run("SHOW app.tenant").fetchone()[0])

    told = transactions.run(watched, work, single=single, may_be_direct=may_be_direct)
    assert told == "a"
    watched.dispose()


def commits_by_itself(url: str) -> sa.Engine:
    return sa.create_engine(url, isolation_level="AUTOCOMMIT")


def switched_on(url: str) -> sa.Engine:
    """Return an engine on whose connections a listener switches autocommit on."""
    engine = sa.create_engine(url)

    @listens_for(engine, "connect")
    def switch(driver: t.Any, _record: object) -> None:
        if isinstance(driver, sqlite3.Connection):
            driver.isolation_level = None
        elif callable(driver.autocommit):
            driver.autocommit(True)
        else:
            driver.autocommit = True

    return engine


def without_rollback(url: t.Any, **options: t.Any) -> sa.Engine:
    if IS_NEW:
        options["skip_autocommit_rollback"] = True
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", **options)


def read_first(url: str) -> sa.Engine:
    engine = commits_by_itself(url)
    listen(engine, read)
    return engine


AUTOCOMMIT = [commits_by_itself, switched_on, without_rollback, read_first]


@pytest.mark.parametrize("is_heard", [False, True])
@pytest.mark.parametrize("create", AUTOCOMMIT)
def test_a_driver_that_commits_by_itself_stores_all_or_nothing(
    engine: sa.Engine, create: Callable[[t.Any], sa.Engine], is_heard: bool
) -> None:
    def work(link: t.Any) -> None:
        run = runner_of(link)
        run("UPDATE box SET count = count + 1 WHERE id = 1").close()
        if fails:
            raise LookupError
        run("UPDATE box SET count = count + 1 WHERE id = 2").close()

    hasty, fails = create(engine.url), True
    if is_heard:
        event.listen(hasty, "before_cursor_execute", lambda *_: None)
    with pytest.raises(LookupError):
        transactions.run(hasty, work, may_be_direct=True)
    assert counts(engine) == [0, 0]
    fails = False
    transactions.run(hasty, work, may_be_direct=True)

    assert counts(engine) == [1, 1]
    with hasty.connect() as connection:  # which commits by itself as before
        count_up(connection)
        connection.rollback()
    assert counts(engine) == [2, 1]
    hasty.dispose()


def test_a_commit_that_a_reader_holds_up_is_undone(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "PATIENCE", 0.2)
    with sqlite_engine.begin() as connection:
        connection.execute(sa.insert(box).values(id=1))
    hasty = without_rollback(sqlite_engine.url, connect_args={"timeout": 0.05})
    event.listen(hasty, "before_cursor_execute", lambda *_: None)
    with sqlite_engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.exec_driver_sql("SELECT * FROM box").all()
        with pytest.raises(Unavailable):
            transactions.run(hasty, count_up)

    assert counts(sqlite_engine) == [0]
    assert transactions.run(hasty, count_up) == 1
    assert counts(sqlite_engine) == [1]
    hasty.dispose()


def keep_open(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(connection, "close", lambda: None)
    return connection


LENT = {
    "by a block": lambda connection, _monkeypatch: contextlib.nullcontext(connection),
    "by a close that does nothing": keep_open,
}


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("lend", LENT.values(), ids=LENT)
@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_a_transaction_of_a_connection_that_a_test_lends_is_the_tests(
    engine: sa.Engine, lend: t.Any, monkeypatch: pytest.MonkeyPatch, single: bool
) -> None:
    with engine.connect() as connection, connection.begin():
        with monkeypatch.context() as patched:
            lent = lend(connection, patched)
            patched.setattr(engine, "connect", lambda: lent)
            assert transactions.run(engine, count_up, single=single) == 1
        inside = connection.scalar(sa.select(box.c.count).where(box.c.id == 1))
        connection.rollback()

    assert (inside, counts(engine)) == (1, [0, 0])


@pytest.mark.parametrize("may_be_direct", [False, True])
@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_a_stand_in_for_the_engine_may_lend(engine: sa.Engine, may_be_direct: bool) -> None:
    stand_in = mock.MagicMock(spec=sa.Engine)
    with engine.connect() as connection, connection.begin():
        stand_in.connect.return_value = contextlib.nullcontext(connection)
        assert transactions.run(stand_in, count_up, may_be_direct=may_be_direct) == 1
        connection.rollback()

    assert counts(engine) == [0, 0]


@pytest.mark.parametrize("single", [False, True])
def test_a_connection_that_is_lent_goes_back_as_it_came(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, single: bool
) -> None:
    with engine.connect() as connection:
        with monkeypatch.context() as patched:
            lent = keep_open(connection, patched)
            patched.setattr(engine, "connect", lambda: lent)
            assert transactions.run(engine, count_up, single=single) == 1
        with connection.begin():
            count_up(connection)
            connection.rollback()

    assert counts(engine) == [1, 0]


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_what_is_closed_with_the_transaction_of_a_lender_is_not_kept_and_told(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = engine.connect

    def lend() -> object:
        connection = connect()
        connection.begin()
        return contextlib.closing(connection)

    with monkeypatch.context() as patched:
        patched.setattr(engine, "connect", lend)
        with pytest.raises(Unavailable, match="closes what it lends"):
            transactions.run(engine, count_up)

    assert counts(engine) == [0, 0]


@pytest.mark.parametrize("single", [False, True])
def test_a_close_that_was_replaced_for_all_connections_lends_nothing(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, single: bool
) -> None:
    close = sa.Connection.close
    monkeypatch.setattr(sa.Connection, "close", lambda connection: close(connection))
    watched = sa.create_engine(engine.url)
    listen(watched, read)

    assert transactions.run(watched, count_up, single=single) == 1

    assert counts(engine) == [1, 0]
    watched.dispose()


# --- Others are in the way ---


@contextlib.contextmanager
def locked(engine: sa.Engine, id_: int = 1) -> Iterator[sa.Connection]:
    """Hold the lock of a box in another transaction."""
    with engine.connect() as other, other.begin():
        count_up(other, id_)
        yield other


def do_not_wait(connection: sa.Connection) -> None:
    """Let the connection wait for locks as briefly as its database can."""
    statements = {
        "postgresql": "SET LOCAL lock_timeout = '50ms'",
        "mysql": "SET innodb_lock_wait_timeout = 1",
    }
    connection.exec_driver_sql(statements[connection.dialect.name])


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_a_write_that_waited_too_long_is_tried_again(engine: sa.Engine) -> None:
    with locked(engine) as other:

        def meet_the_lock(connection: sa.Connection) -> None:
            do_not_wait(connection)
            try:
                count_up(connection)
            finally:
                other.rollback()

        tries = Tries(meet_the_lock)
        assert transactions.run(engine, tries) == 1

    assert (tries.number, counts(engine)) == (2, [1, 0])


@pytest.mark.parametrize("single", [False, True])
def test_a_busy_sqlite_is_tried_again(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, single: bool
) -> None:
    pauses: list[float] = []
    with sqlite_engine.begin() as connection:
        connection.execute(sa.insert(box), [{"id": 1}, {"id": 2}])
    with locked(sqlite_engine) as other:

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                other.rollback()

        monkeypatch.setattr(time, "sleep", pause)
        assert transactions.run(sqlite_engine, count_up, single=single) == 1

    assert counts(sqlite_engine) == [1, 0]
    assert len(pauses) == 2
    assert all(0 <= seconds <= 0.25 for seconds in pauses)


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_a_lock_that_is_never_given_back_is_not_waited_for_for_ever(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "PATIENCE", 0.5)
    tries = Tries(do_not_wait, times=99)

    with locked(engine), pytest.raises(Unavailable):
        transactions.run(engine, tries)

    assert 0 < tries.number < 99


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_the_loser_of_a_deadlock_is_tried_again(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        more = [{"id": number} for number in range(3, 30)]
        connection.execute(sa.insert(box), more)
    waits = threading.Event()
    with ThreadPoolExecutor(1) as pool, locked(engine, 2) as other:
        # MariaDB ends the transaction that has written less, PostgreSQL the one that looks first.
        if other.dialect.name == "postgresql":
            other.exec_driver_sql("SET LOCAL deadlock_timeout = '1min'")
        other.execute(sa.update(box).where(box.c.id > 2).values(content="much"))

        def take_the_first_box() -> None:
            waits.set()
            count_up(other, 1)
            other.commit()

        def cross(connection: sa.Connection) -> None:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL deadlock_timeout = '200ms'")
            count_up(connection, 1)
            pool.submit(take_the_first_box)
            assert waits.wait(10)
            count_up(connection, 2)

        tries = Tries(cross)
        assert transactions.run(engine, tries) == 1

    assert (tries.number, counts(engine)[:2]) == (2, [2, 1])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_write_that_was_not_serializable_is_tried_again(engine: sa.Engine, level: str) -> None:
    strict = engine.execution_options(isolation_level=level)

    def read_what_another_changes(connection: sa.Connection) -> None:
        connection.execute(sa.select(box)).all()
        with engine.begin() as other:
            count_up(other)

    tries = Tries(read_what_another_changes)
    assert transactions.run(strict, tries) == 1

    assert (tries.number, counts(engine)) == (2, [2, 0])


def test_a_write_that_always_loses_is_given_up_after_ten_tries(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    tries = Tries(raising(operational(sqlite_errorcode=sqlite3.SQLITE_BUSY)), times=100)

    with pytest.raises(Unavailable):
        transactions.run(sqlite_engine, tries)

    assert (tries.number, len(pauses)) == (10, 9)
    assert all(0 <= seconds <= 0.25 for seconds in pauses)


def test_a_write_that_always_loses_is_given_up_when_patience_ends(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(0, 1_000, 3))
    monkeypatch.setattr(time, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    tries = Tries(raising(operational(sqlite_errorcode=sqlite3.SQLITE_BUSY)), times=100)

    with pytest.raises(Unavailable):
        transactions.run(sqlite_engine, tries)

    assert tries.number == 3


# --- The connection breaks ---


def backend(connection: sa.Connection) -> int:
    """Return what the server calls the connection."""
    is_postgresql = connection.dialect.name == "postgresql"
    statement = "SELECT pg_backend_pid()" if is_postgresql else "SELECT connection_id()"
    return t.cast(int, connection.exec_driver_sql(statement).scalar_one())


def kill(other: sa.Connection, id_: int) -> None:
    """Have the server end a connection."""
    is_postgresql = other.dialect.name == "postgresql"
    other.exec_driver_sql(f"SELECT pg_terminate_backend({id_})" if is_postgresql else f"KILL {id_}")


@contextlib.contextmanager
def killing(engine: sa.Engine) -> Iterator[Work]:
    """Yield a fault that has the server end the connection."""
    with engine.connect() as other:
        yield lambda connection: kill(other, backend(connection))


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
@pytest.mark.parametrize("single", [False, True])
def test_a_write_whose_connection_broke_is_tried_once_more(engine: sa.Engine, single: bool) -> None:
    with killing(engine) as fault:
        tries = Tries(fault)
        assert transactions.run(engine, tries, single=single) == 1

    assert (tries.number, counts(engine)) == (2, [1, 0])


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_a_write_whose_second_connection_broke_too_is_given_up(engine: sa.Engine) -> None:
    with killing(engine) as fault:
        tries = Tries(fault, times=100)
        with pytest.raises(Unavailable):
            transactions.run(engine, tries)

    assert (tries.number, counts(engine)) == (2, [0, 0])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_was_closed_in_the_pool_is_replaced(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        driver = t.cast(t.Any, connection.connection.dbapi_connection)
    driver.close()

    assert transactions.run(engine, count_up, single=True) == 1


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
def test_connections_that_broke_in_the_pool_are_replaced(engine: sa.Engine) -> None:
    with engine.connect() as other:
        with engine.connect() as idle:
            id_ = backend(idle)
        kill(other, id_)

    assert transactions.run(engine, count_up) == 1


# --- The database does not serve, or never will ---


def too_long(connection: sa.Connection) -> None:
    connection.execute(sa.insert(box).values(id=3, content="x" * 11))


def too_large(connection: sa.Connection) -> None:
    connection.execute(sa.insert(box).values(id=3, count=2**40))


def null(connection: sa.Connection) -> None:
    connection.execute(sa.insert(box).values(id=3, content=None))


def duplicate(connection: sa.Connection) -> None:
    connection.execute(sa.insert(box).values(id=1))


def no_text(connection: sa.Connection) -> None:
    connection.execute(sa.insert(box).values(id=3, content="\ud800"))


def no_integer(connection: sa.Connection) -> None:
    connection.execute(sa.insert(box).values(id=2**70))


@pytest.mark.parametrize("fault", [null, duplicate, no_text, no_integer])
def test_what_the_database_refuses_is_not_tried_again(engine: sa.Engine, fault: Work) -> None:
    check_one_try(engine, fault, Refused)


@pytest.mark.parametrize("database_url", SERVERS, indirect=True)
@pytest.mark.parametrize("fault", [too_long, too_large])
def test_what_does_not_fit_is_not_tried_again(engine: sa.Engine, fault: Work) -> None:
    check_one_try(engine, fault, Refused)


def missing_table(connection: sa.Connection) -> None:
    connection.exec_driver_sql("UPDATE no_such_table SET x = 1")


def read_only(connection: sa.Connection) -> None:
    statements = {
        "sqlite": "PRAGMA query_only = ON",
        "postgresql": "SET LOCAL transaction_read_only = ON",
        "mysql": "SELECT 1",
    }
    connection.exec_driver_sql(statements[connection.dialect.name])
    count_up(connection)
    raise operational("MariaDB cannot be made read-only within a transaction")


@pytest.mark.parametrize("fault", [missing_table, read_only])
def test_what_the_database_does_not_serve_now_is_not_tried_again(
    engine: sa.Engine, fault: Work
) -> None:
    check_one_try(engine, fault, Unavailable)


def check_one_try(engine: sa.Engine, fault: Work, error: type[Exception]) -> None:
    tries = Tries(fault)
    with pytest.raises(error) as caught:
        transactions.run(engine, tries)

    assert isinstance(caught.value.__cause__, (exc.SQLAlchemyError, UnicodeError, OverflowError))
    assert (tries.number, counts(engine)) == (1, [0, 0])


def test_a_full_sqlite_is_unavailable(sqlite_engine: sa.Engine) -> None:
    def fill(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        connection.execute(sa.insert(box).values(id=3, extra="x" * 1_000_000))

    tries = Tries(fill)
    with pytest.raises(Unavailable):
        transactions.run(sqlite_engine, tries)
    assert tries.number == 1


def test_a_database_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'no' / 'folder' / 'host.db'}")

    with pytest.raises(Unavailable):
        transactions.run(engine, count_up)


@pytest.mark.parametrize("name", ["postgresql+psycopg", "mysql+pymysql"])
def test_a_server_that_is_not_there_is_unavailable(name: str) -> None:
    engine = sa.create_engine(f"{name}://nobody@127.0.0.1:9/nothing")

    with pytest.raises(Unavailable):
        transactions.run(engine, count_up)


def test_an_exhausted_pool_is_unavailable(database_url: str) -> None:
    engine = sa.create_engine(
        database_url, poolclass=sa.QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.05
    )
    with engine.connect(), pytest.raises(Unavailable):
        transactions.run(engine, count_up)
    engine.dispose()


# --- Errors that cannot be had on demand ---

FAULTS: dict[str, tuple[exc.StatementError | exc.TimeoutError, Fault]] = {
    "a deadlock of psycopg 2": (operational("deadlock", pgcode="40P01"), Fault.CONFLICT),
    "a deadlock of asyncpg": (operational("deadlock", sqlstate="40P01"), Fault.CONFLICT),
    "a changed record of MariaDB": (operational(1020, "Record has changed"), Fault.CONFLICT),
    "the same with a SQLSTATE": (
        operational(1020, "Record has changed", sqlstate="HY000"),
        Fault.CONFLICT,
    ),
    "a busy snapshot of SQLite": (
        operational("locked", sqlite_errorcode=sqlite3.SQLITE_BUSY_SNAPSHOT),
        Fault.CONFLICT,
    ),
    "a locked table of SQLite": (
        operational("locked", sqlite_errorcode=sqlite3.SQLITE_LOCKED),
        Fault.CONFLICT,
    ),
    "a broken file of SQLite": (
        operational("malformed", sqlite_errorcode=sqlite3.SQLITE_CORRUPT),
        Fault.AWAY,
    ),
    "an unknown code": (operational(4711, "what?"), Fault.AWAY),
    "a shutdown of PostgreSQL": (operational("bye", sqlstate="57P03"), Fault.AWAY),
    "no code": (operational("what?"), Fault.AWAY),
    "no words": (operational(), Fault.AWAY),
    "a SQLSTATE that is none": (operational("what?", sqlstate=None), Fault.AWAY),
    "a broken connection": (
        exc.OperationalError("UPDATE", {}, sqlite3.OperationalError(), connection_invalidated=True),
        Fault.LOST,
    ),
    "a conflict on a broken connection": (
        exc.OperationalError(
            "UPDATE", {}, sqlite3.OperationalError(1213, "x"), connection_invalidated=True
        ),
        Fault.LOST,
    ),
    "an exhausted pool": (exc.TimeoutError("QueuePool limit"), Fault.AWAY),
    "a value that no type takes": (
        exc.StatementError("bad value", "INSERT", {}, TypeError("no JSON")),
        Fault.REFUSED,
    ),
    "a value out of range": (
        exc.DataError("INSERT", {}, sqlite3.DataError("out of range")),
        Fault.REFUSED,
    ),
}


@pytest.mark.parametrize(("error", "fault"), FAULTS.values(), ids=FAULTS)
def test_errors_are_told_apart(error: Exception, fault: Fault) -> None:
    assert diagnose(error) is fault
