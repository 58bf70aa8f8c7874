"""Apart from each other: two apps, the app and the extension, the host's rows and ours."""

from __future__ import annotations

import gc
import multiprocessing
import os
import sqlite3
import typing as t
import weakref
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask import g
from flask import Response
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from sqlalchemy.event import listens_for

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import request_rejected
from flask_webhook_alerts import WebhookAlerts
from tests.hosts import Host
from tests.hosts import MakeWiring
from tests.hosts import on_both
from tests.hosts import running_host
from tests.hosts import Wiring
from tests.hosts import with_flask_sqlalchemy

Connect: t.TypeAlias = Callable[..., None]
Hook: t.TypeAlias = Callable[[], None]

CREATE = {"event_type": "create", "Id": "disk", "Title": "Disk full", "Description": "/var"}
RESOLVE = {"event_type": "resolve", "Id": "disk"}


# --- Two apps ---


@pytest.fixture
def two_hosts(
    database_url: str, tmp_path: Path, make_wiring: MakeWiring
) -> Iterator[tuple[Host, Host]]:
    """Two apps of one extension object: one on every kind of database, one on SQLite."""
    wiring = make_wiring()
    with ExitStack() as stack:
        urls = [database_url, f"sqlite:///{tmp_path / 'other.db'}"]
        one, two = (
            stack.enter_context(running_host(url, db=wiring.db, alerts=wiring.alerts))
            for url in urls
        )
        yield one, two


@on_both
def test_two_apps_do_not_see_each_other(two_hosts: tuple[Host, Host]) -> None:
    one, two = two_hosts
    ids = [host.create_integration() for host in two_hosts]
    for number in range(3):
        for host, integration_id in zip(two_hosts, ids, strict=True):
            payload = {**CREATE, "Id": f"{host is one} {number}"}
            assert host.post(integration_id, payload).status_code == 200

    assert [alert.thirdparty_id for alert in one.stored_alerts()] == ["True 0", "True 1", "True 2"]
    assert [alert.thirdparty_id for alert in two.stored_alerts()] == [
        "False 0",
        "False 1",
        "False 2",
    ]
    assert one.post(ids[1], CREATE).status_code == two.post(ids[0], CREATE).status_code == 404


@on_both
def test_one_app_may_call_the_other_in_its_own_context(two_hosts: tuple[Host, Host]) -> None:
    one, two = two_hosts
    first, second = one.create_integration(), two.create_integration()
    with one.app.app_context():
        receipt = one.alerts.receive(first, CREATE)
        with two.app.app_context():
            two.alerts.receive(second, {**CREATE, "Title": "in two"})
            assert two.post(second, RESOLVE).status_code == 200
        assert receipt.alert.title == "Disk full"
        assert one.alerts.resolve(receipt.alert_id).outcome == "resolved"

    assert [alert.title for alert in two.stored_alerts()] == ["in two"]


@on_both
def test_receivers_hear_the_app_that_they_are_connected_to(
    two_hosts: tuple[Host, Host], connect: Connect
) -> None:
    heard: list[tuple[str, object, str]] = []

    def hear_one(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        heard.append(("one", app, alert.title))

    def hear_all(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        heard.append(("all", app, alert.title))

    one, two = two_hosts
    connect(alert_created, hear_one, sender=one.app)
    connect(alert_created, hear_all)
    ids = [host.create_integration() for host in two_hosts]
    for host, integration_id, title in zip(two_hosts, ids, ("in one", "in two"), strict=True):
        host.post(integration_id, {**CREATE, "Title": title})

    assert sorted(heard, key=repr) == sorted(
        [("one", one.app, "in one"), ("all", one.app, "in one"), ("all", two.app, "in two")],
        key=repr,
    )


@on_both
def test_an_event_waits_for_no_receiver_of_another_app(
    two_hosts: tuple[Host, Host], connect: Connect
) -> None:
    def fail(app: Flask, **extra: t.Any) -> None:
        raise ValueError

    one, two = two_hosts
    connect(alert_created, fail, sender=one.app)
    connect(request_rejected, fail, sender=one.app)
    for host in two_hosts:
        integration_id = host.create_integration()
        host.post(integration_id, CREATE)
        assert host.post(integration_id, {}).status_code == 422

    assert [event.delivered_at is None for event in one.stored_events()] == [True]
    assert [event.delivered_at is None for event in two.stored_events()] == [False]


def test_each_app_has_settings_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db)
    prefix, limit = (
        {"WEBHOOK_ALERTS_URL_PREFIX": "/hooks"},
        {"WEBHOOK_ALERTS_MAX_CONTENT_LENGTH": 9},
    )
    other_url = f"sqlite:///{tmp_path / 'other.db'}"
    with (
        running_host(sqlite_url, db=db, alerts=alerts, config=prefix) as one,
        running_host(other_url, db=db, alerts=alerts, config=limit) as two,
    ):
        first, second = one.create_integration(), two.create_integration()

        assert one.client.post(f"/hooks/{first}", json=CREATE).status_code == 200
        assert one.post(first, CREATE).status_code == 404
        assert two.post(second, CREATE).status_code == 413


# --- The app and the extension ---


def dead_app(wiring: Wiring, url: str, *, serves: bool) -> t.Any:
    """Make an app, let it serve if it should, and return what is left of it."""
    with running_host(url, db=wiring.db, alerts=wiring.alerts) as host:
        reference = weakref.ref(host.app)
        if serves:
            integration_id = host.create_integration(token="t0ken")
            for payload in (CREATE, RESOLVE, {}):
                host.post(integration_id, payload, headers={"pagertree-token": "t0ken"})
            host.post(integration_id, CREATE)
            with host.app.app_context():
                host.alerts.rotate_token(integration_id)
                host.alerts.deliver_pending()
    del host
    gc.collect()
    return reference()


@on_both
@pytest.mark.parametrize("serves", [False, True], ids=["before a request", "after requests"])
def test_nothing_on_the_extension_refers_to_the_app(
    sqlite_url: str, connect: Connect, serves: bool, make_wiring: MakeWiring
) -> None:
    def listen(app: Flask, **extra: t.Any) -> None: ...

    for signal in (alert_created, alert_resolved, request_rejected):
        connect(signal, listen)
    wiring = make_wiring()

    assert dead_app(wiring, sqlite_url, serves=serves) is None
    assert wiring.alerts.blueprint.name == "webhook_alerts"


def test_an_app_is_initialised_once(sqlite_host: Host) -> None:
    with pytest.raises(RuntimeError, match="initialised for this app already"):
        sqlite_host.alerts.init_app(sqlite_host.app)
    with pytest.raises(RuntimeError, match="initialised for this app already"):
        WebhookAlerts(SQLAlchemy(), sqlite_host.app)


def test_nothing_connects_before_the_first_request() -> None:
    attempts: list[str] = []

    def connect() -> t.NoReturn:
        attempts.append("tried")
        raise sqlite3.OperationalError("the database is away")

    app, db = Flask("host"), SQLAlchemy()
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"url": "sqlite:///away.db", "creator": connect}
    db.init_app(app)
    alerts = WebhookAlerts(db, app)
    with app.app_context():
        assert alerts.endpoint_url("int_AAAAAAAAAAAAAA").startswith("http://localhost/")
    attempts_before = list(attempts)
    answer = app.test_client().post("/integration/int_AAAAAAAAAAAAAA", json=CREATE)

    assert attempts_before == []
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert attempts == ["tried"]


def test_a_forked_process_takes_no_connection_along(host: Host) -> None:
    integration_id = host.create_integration()
    host.post(integration_id, CREATE)

    def receive() -> None:
        for number in range(20):
            answer = host.post(integration_id, {**CREATE, "Id": f"{os.getpid()} {number}"})
            assert answer.status_code == 200

    processes = [
        multiprocessing.get_context("fork").Process(target=receive, daemon=True) for _ in range(3)
    ]
    for process in processes:
        process.start()
    receive()
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(host.stored_alerts()) == 1 + 4 * 20


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///{}/host.db"], ids=["memory", "file"])
def test_only_a_database_in_memory_goes_along_with_a_fork(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_host(url.format(tmp_path)) as host:
        integration_id = host.create_integration()
        with host.app.app_context():
            pool = host.db.engine.pool

        monkeypatch.setattr(os, "getpid", lambda: 4_000_000)

        assert host.post(integration_id, CREATE).status_code == 200
        with host.app.app_context():
            assert (host.db.engine.pool is pool) == (url == "sqlite://")


def test_a_database_without_support_is_an_error_that_says_what_to_use() -> None:
    app, db = Flask("host"), SQLAlchemy()
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "url": "mssql+pymssql://host/db", "module": sqlite3, "pool_pre_ping": False
    }  # fmt: skip
    db.init_app(app)
    alerts = WebhookAlerts(db, app)

    with app.app_context(), pytest.raises(RuntimeError, match=r"mssql.*Use SQLite, PostgreSQL"):
        alerts.receive("int_AAAAAAAAAAAAAA", CREATE)


# --- The host's rows and ours ---


class NotingHost:
    """A host whose requests leave notes in its session before our view, and see them after it."""

    def __init__(self, host: Host, note: type[t.Any]) -> None:
        self.host, self.Note = host, note
        self.integration_id = host.create_integration()
        self.left: list[tuple[str, bool]] = []

    @property
    def session(self) -> orm.Session:
        return self.host.session

    def add(self) -> None:
        self.session.add(self.Note(text="pending"))

    def flush(self) -> None:
        self.add()
        self.session.flush()

    def read(self) -> None:
        self.session.scalars(sa.select(self.Note)).all()

    def post(self, *, before: Hook, after: Hook) -> Response:
        """Post a create to a host that does something ``before`` and ``after`` our view."""

        @self.host.app.before_request
        def work() -> None:
            before()
            g.session = self.session

        @self.host.app.after_request
        def finish(response: Response) -> Response:
            assert g.session is self.session
            after()
            return response

        return t.cast(Response, self.host.post(self.integration_id, CREATE))

    def notes(self) -> list[str]:
        with self.host.app.app_context():
            return list(self.session.scalars(sa.select(self.Note.text)))


@contextmanager
def noting(
    url: str,
    listen: Callable[[sa.Engine], None] | None = None,
    make_wiring: MakeWiring = with_flask_sqlalchemy,
    **options: t.Any,
) -> Iterator[NotingHost]:
    wiring = make_wiring()

    class Note(wiring.Base):  # type: ignore[name-defined, misc] # its base is made at run time
        __tablename__ = "note"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        text: orm.Mapped[str] = orm.mapped_column(sa.String(50))

    with running_host(url, db=wiring.db, alerts=wiring.alerts, engine_options=options) as host:
        with host.app.app_context():
            if listen:
                listen(wiring.db.engine)
        yield NotingHost(host, Note)


def outcome(response: Response) -> object:
    return t.cast(t.Any, response.get_json()).get("outcome")


@on_both
@pytest.mark.parametrize("wanted", ["commit", "rollback"])
def test_rows_that_the_host_has_not_flushed_stay_its_own(
    database_url: str, wanted: str, make_wiring: MakeWiring
) -> None:
    with noting(database_url, make_wiring=make_wiring) as noting_host:
        answer = noting_host.post(
            before=noting_host.add, after=lambda: getattr(noting_host.session, wanted)()
        )

        assert outcome(answer) == "created"
        assert noting_host.notes() == (["pending"] if wanted == "commit" else [])


@on_both
@pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
@pytest.mark.parametrize("wanted", ["commit", "rollback"])
def test_rows_that_the_host_has_flushed_stay_its_own(
    database_url: str, wanted: str, make_wiring: MakeWiring
) -> None:
    with noting(database_url, make_wiring=make_wiring) as noting_host:
        answer = noting_host.post(
            before=noting_host.flush, after=lambda: getattr(noting_host.session, wanted)()
        )

        assert outcome(answer) == "created"
        assert noting_host.notes() == (["pending"] if wanted == "commit" else [])


@on_both
@pytest.mark.parametrize("before", ["add", "flush", "read"])
def test_in_memory_sqlite_loses_nothing(
    before: str, connect: Connect, make_wiring: MakeWiring
) -> None:
    def listen(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        assert alert.title == "Disk full"

    connect(alert_created, listen)
    with noting("sqlite://", make_wiring=make_wiring) as noting_host:
        answer = noting_host.post(
            before=getattr(noting_host, before), after=lambda: noting_host.session.commit()
        )

        assert outcome(answer) == "created"
        assert noting_host.notes() == ([] if before == "read" else ["pending"])
        assert [alert.title for alert in noting_host.host.stored_alerts()] == ["Disk full"]
        assert [event.delivered_at is None for event in noting_host.host.stored_events()] == [False]


def begin_nothing(connection: t.Any, _record: object) -> None:
    connection.isolation_level = None


def begin_explicitly(engine: sa.Engine) -> None:
    @listens_for(engine, "begin")
    def do_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")


RECIPE: dict[str, t.Any] = {
    "listen": begin_explicitly,
    "pool_events": [(begin_nothing, "connect")],
}
"""What SQLAlchemy's documentation recommends for SQLite, so that transactions really begin."""


def begin_with_a_journal_for_readers(connection: t.Any, record: object) -> None:
    begin_nothing(connection, record)
    connection.execute("PRAGMA journal_mode=WAL")


FILE = "sqlite:///{}/host.db"
WAL = {**RECIPE, "pool_events": [(begin_with_a_journal_for_readers, "connect")]}


@pytest.mark.parametrize(
    ("url", "options", "before"),
    [
        pytest.param(FILE, RECIPE, "add", id="rows in a file"),
        pytest.param(FILE, WAL, "read", id="a read in a file"),
        pytest.param("sqlite://", RECIPE, "add", id="rows in memory"),
        pytest.param("sqlite://", RECIPE, "flush", id="flushed rows in memory"),
        pytest.param("sqlite://", RECIPE, "read", id="a read in memory"),
    ],
)
def test_hosts_that_begin_explicitly_are_served(
    url: str, options: dict[str, t.Any], before: str, tmp_path: Path, connect: Connect
) -> None:
    kinds: list[str] = []

    def listen(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        kinds.append(event.kind)

    for signal in (alert_created, alert_acknowledged, alert_resolved):
        connect(signal, listen)
    with noting(url.format(tmp_path), **options) as noting_host:
        host = noting_host.host
        answer = noting_host.post(
            before=getattr(noting_host, before), after=lambda: noting_host.session.commit()
        )
        assert answer.status_code == 200
        alert_id = t.cast(t.Any, answer.get_json())["alert"]["id"]
        with host.app.app_context():
            receipts = [host.alerts.acknowledge(alert_id), host.alerts.resolve(alert_id)]

        assert [receipt.outcome for receipt in receipts] == ["acknowledged", "resolved"]
        assert kinds == ["created", "acknowledged", "resolved"]
        assert noting_host.notes() == ([] if before == "read" else ["pending"])


@pytest.mark.parametrize(
    ("options", "before"),
    [
        pytest.param({}, "flush", id="the write lock"),
        # Rare: by default, pysqlite begins no transaction for a read.
        pytest.param(RECIPE, "read", id="a read that began explicitly"),
    ],
)
def test_a_host_that_holds_a_lock_of_file_sqlite_is_answered_with_503(
    sqlite_url: str, options: dict[str, t.Any], before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_webhook_alerts.transactions.PATIENCE", 0.5)
    with noting(sqlite_url, connect_args={"timeout": 0.2}, **options) as noting_host:
        answer = noting_host.post(
            before=getattr(noting_host, before), after=lambda: noting_host.session.commit()
        )

        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert noting_host.notes() == (["pending"] if before == "flush" else [])
        assert noting_host.host.stored_alerts() == []


@on_both
@pytest.mark.parametrize("before", ["add", "read"])
def test_a_pool_of_one_connection_is_answered_with_200_or_503(
    database_url: str, before: str, connect: Connect, make_wiring: MakeWiring
) -> None:
    def listen(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        assert alert.title == "Disk full"

    connect(alert_created, listen)
    pool: dict[str, t.Any] = {
        "poolclass": sa.QueuePool,
        "pool_size": 1,
        "max_overflow": 0,
        "pool_timeout": 0.2,
    }
    with noting(database_url, make_wiring=make_wiring, **pool) as noting_host:
        answer = noting_host.post(
            before=getattr(noting_host, before), after=lambda: noting_host.session.commit()
        )

        # After a read, the request holds the only connection.
        assert answer.status_code == (503 if before == "read" else 200)
        assert ("Retry-After" in answer.headers) == (before == "read")
        assert len(noting_host.host.stored_alerts()) == (0 if before == "read" else 1)
