"""Receivers are guests: whatever one does, the alert, the answer and the others do not suffer."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import sqlalchemy as sa
from flask import current_app
from flask import Flask
from flask import g
from flask import globals as flask_globals
from flask import Response
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_repeated
from tests.databases import KINDS
from tests.databases import new_database
from tests.hosts import Host
from tests.hosts import on_both
from tests.hosts import running_host

Connect: t.TypeAlias = Callable[..., None]
Misdeed: t.TypeAlias = Callable[["NotingHost", t.Any], object]


class NotingHost:
    """A host with a table of its own, in which its requests and its receivers write notes."""

    def __init__(self, host: Host, note: type[t.Any]) -> None:
        self.app, self.alerts, self.Note, self.host = host.app, host.alerts, note, host
        self.requests_write = False
        self.app.before_request(self._begin_note)
        self.app.after_request(self._commit_note)

    @property
    def session(self) -> orm.Session:
        return t.cast(orm.Session, self.host.db.session())

    def note(self, text: str) -> None:
        self.session.add(self.Note(text=text))

    def notes(self) -> list[str]:
        with self.app.app_context():
            return sorted(self.session.scalars(sa.select(self.Note.text)))

    def clear(self) -> None:
        self.requests_write = False
        alerts = self.alerts
        with self.app.app_context():
            for model in (alerts.AlertEvent, alerts.Alert, alerts.Integration, self.Note):
                self.session.execute(sa.delete(model))
            self.session.commit()

    def _begin_note(self) -> None:
        if self.requests_write:
            self.note("request")
            g.session = self.session

    def _commit_note(self, response: Response) -> Response:
        if self.requests_write:
            assert g.session is self.session
            assert [note.text for note in self.session.new] == ["request"]
            self.session.commit()
        return response


@pytest.fixture(scope="module", params=KINDS)
def shared_host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotingHost]:
    """A host in a database of its own, for all tests of this module: making tables takes long."""
    db = SQLAlchemy()

    class Note(db.Model):  # type: ignore[name-defined, misc] # its base is made at run time
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        text: orm.Mapped[str] = orm.mapped_column(sa.String(50), unique=True)

    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path_factory.mktemp('notes') / 'host.db'}"
        if request.param != "sqlite":
            url = stack.enter_context(new_database(request.param))
        yield NotingHost(stack.enter_context(running_host(url, db=db)), Note)


@pytest.fixture
def noting_host(shared_host: NotingHost) -> Iterator[NotingHost]:
    yield shared_host
    shared_host.clear()


def send(
    host: Host, integration_id: str, event_type: str = "create", key: str = "disk"
) -> TestResponse:
    payload = {"event_type": event_type, "Id": key, "Title": "Disk full", "Description": "/var"}
    return host.post(integration_id, payload)


# --- The misdeeds: each gets the host and the rows that its receiver was given ---


def recurse(host: NotingHost, rows: t.Any) -> object:
    return recurse(host, rows)


def raising(error: BaseException) -> Misdeed:
    def misdeed(host: NotingHost, rows: t.Any) -> None:
        raise error

    return misdeed


def fail_to_flush(host: NotingHost, rows: t.Any) -> None:
    host.note("guest")
    host.note("guest")
    host.session.flush()


def swallow_a_failed_flush(host: NotingHost, rows: t.Any) -> None:
    with pytest.raises(IntegrityError):
        fail_to_flush(host, rows)


def leave_a_savepoint_open(host: NotingHost, rows: t.Any) -> None:
    host.session.begin_nested()
    host.note("inner")
    host.session.flush()


def break_a_savepoint(host: NotingHost, rows: t.Any) -> None:
    host.session.begin_nested()
    fail_to_flush(host, rows)


def change_the_isolation(host: NotingHost, rows: t.Any) -> None:
    host.session.rollback()
    host.session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
    host.note("guest")
    host.session.flush()


def change_the_rows(host: NotingHost, rows: t.Any) -> None:
    rows["alert"].title = rows["integration"].name = "changed by a guest"
    rows["event"].kind = "resolved"


def flush_changed_rows(host: NotingHost, rows: t.Any) -> None:
    change_the_rows(host, rows)
    host.session.flush()


def delete_the_rows(host: NotingHost, rows: t.Any) -> None:
    host.session.delete(rows["event"])
    host.session.delete(rows["alert"])


RETURNING: dict[str, Misdeed] = {
    "returns": lambda host, rows: None,
    "rolls back": lambda host, rows: host.session.rollback(),
    "closes": lambda host, rows: host.session.close(),
    "removes": lambda host, rows: host.host.db.session.remove(),
    "expunges": lambda host, rows: host.session.expunge_all(),
    "flushes": lambda host, rows: host.session.flush(),
    "swallows a failed flush": swallow_a_failed_flush,
    "leaves a savepoint open": leave_a_savepoint_open,
    "changes the isolation": change_the_isolation,
    "invalidates the connection": lambda host, rows: host.session.connection().invalidate(),
    "closes the connection": lambda host, rows: host.session.connection().close(),
    "changes the rows": change_the_rows,
    "flushes changed rows": flush_changed_rows,
    "deletes the rows": delete_the_rows,
    "leaves a request open": lambda host, rows: host.host.app.test_request_context().push(),
    "changes g": lambda host, rows: setattr(g, "who", "guest"),
}
RAISING: dict[str, Misdeed] = {
    "raises": raising(ValueError("guest")),
    "exits": raising(SystemExit(3)),
    "raises GeneratorExit": raising(GeneratorExit()),
    "raises CancelledError": raising(asyncio.CancelledError()),
    "raises StopIteration": raising(StopIteration()),
    "runs out of memory": raising(MemoryError()),
    "recurses": recurse,
    "fails to flush": fail_to_flush,
    "breaks a savepoint": break_a_savepoint,
    "pops the context": lambda host, rows: flask_globals._cv_app.get().pop(),
}


@pytest.mark.parametrize("misdeed", RETURNING.values(), ids=RETURNING)
def test_a_guest_that_returns_harms_nobody(
    noting_host: NotingHost, connect: Connect, misdeed: Misdeed
) -> None:
    answer = answer_between_witnesses(noting_host, connect, misdeed)

    (event,) = noting_host.host.stored_events()
    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "created")
    assert noting_host.notes() == ["a witness", "request", "z witness"]
    assert (event.delivered_at is not None, len(event.delivered_to)) == (True, 3)
    (alert,) = noting_host.host.stored_alerts()
    assert (alert.title, alert.status, event.kind) == ("Disk full", "open", "created")


@pytest.mark.parametrize("misdeed", RAISING.values(), ids=RAISING)
def test_a_guest_that_raises_harms_nobody(
    noting_host: NotingHost, connect: Connect, misdeed: Misdeed
) -> None:
    answer = answer_between_witnesses(noting_host, connect, misdeed)

    (event,) = noting_host.host.stored_events()
    assert (answer.status_code, answer.get_json()["outcome"]) == (200, "created")
    assert noting_host.notes() == ["a witness", "request", "z witness"]
    assert [name.rpartition(".")[2] for name in event.delivered_to] == ["a_witness", "z_witness"]
    assert (event.delivered_at, event.next_attempt_at is None) == (None, False)


def answer_between_witnesses(host: NotingHost, connect: Connect, misdeed: Misdeed) -> TestResponse:
    """Post an event to a host whose request works with its session; return the answer."""

    def a_witness(app: Flask, **rows: t.Any) -> None:
        witness(host, rows, "a witness")

    def guest(app: Flask, **rows: t.Any) -> None:
        host.note("pending guest")
        misdeed(host, rows)

    def z_witness(app: Flask, **rows: t.Any) -> None:
        witness(host, rows, "z witness")

    for receiver in (a_witness, guest, z_witness):
        connect(alert_created, receiver)
    host.requests_write = True
    return send(host.host, host.host.create_integration())


def witness(host: NotingHost, rows: t.Any, text: str) -> None:
    """Fail unless the session is as new; then write a note with it."""
    session = host.session
    assert [*session.new, *session.dirty, *session.deleted] == []
    assert not session.in_nested_transaction()
    assert {sa.inspect(row).session for row in rows.values()} == {session}
    assert (rows["alert"].title, rows["event"].kind) == ("Disk full", "created")
    assert "who" not in g
    host.note(text)
    session.commit()


def test_what_a_receiver_committed_stays_and_the_rest_goes(
    noting_host: NotingHost, connect: Connect
) -> None:
    def receiver(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        noting_host.note(f"committed for {alert.title}")
        noting_host.session.commit()
        noting_host.note("flushed")
        noting_host.session.flush()
        noting_host.note("added")
        raise ValueError

    connect(alert_created, receiver)
    response = send(noting_host.host, noting_host.host.create_integration())

    assert response.status_code == 200
    assert noting_host.notes() == ["committed for Disk full"]


def test_a_guest_that_leaves_a_context_pushed_leaves_no_session_open(
    noting_host: NotingHost, connect: Connect
) -> None:
    sessions: list[orm.Session] = []

    def guest(app: Flask, **rows: t.Any) -> None:
        noting_host.note("pending guest")
        sessions.append(noting_host.session)
        app.app_context().push()

    connect(alert_created, guest)
    response = send(noting_host.host, noting_host.host.create_integration())
    (session,) = sessions
    is_open, left = session.in_transaction(), list(session)
    session.close()

    assert response.status_code == 200
    assert (is_open, left) == (False, [])


def test_a_guest_among_the_receivers_of_repetitions_harms_nobody(
    noting_host: NotingHost, connect: Connect
) -> None:
    def a_guest(app: Flask, **rows: t.Any) -> None:
        fail_to_flush(noting_host, rows)

    def z_witness(app: Flask, **rows: t.Any) -> None:
        noting_host.note("z witness")
        noting_host.session.commit()

    connect(alert_repeated, a_guest)
    connect(alert_repeated, z_witness)
    integration_id = noting_host.host.create_integration()
    outcomes = [send(noting_host.host, integration_id).get_json()["outcome"] for _ in range(2)]

    assert outcomes == ["created", "repeated"]
    assert noting_host.notes() == ["z witness"]


@on_both
def test_a_receiver_may_post_to_our_own_endpoint(host: Host, connect: Connect) -> None:
    told: list[tuple[str, str]] = []
    integration_id = host.create_integration()

    def loop(app: Flask, *, alert: t.Any, event: t.Any, **extra: t.Any) -> None:
        told.append((alert.thirdparty_id, event.kind))
        if alert.thirdparty_id == "disk" and event.kind == "created":
            assert send(host, integration_id, "acknowledge").status_code == 200
            assert send(host, integration_id, key="disk again").status_code == 200

    for signal in (alert_created, alert_acknowledged):
        connect(signal, loop)
    response = send(host, integration_id)

    assert response.get_json()["alert"]["status"] == "open"
    assert told == [("disk", "created"), ("disk again", "created"), ("disk", "acknowledged")]
    assert [event.delivered_at is None for event in host.stored_events()] == [False] * 3


@on_both
def test_a_receiver_may_acknowledge_its_alert(host: Host, connect: Connect) -> None:
    told: list[tuple[str, str]] = []

    def take(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        receipt = host.alerts.acknowledge(alert, by="the robot")
        told.append(("created", receipt.alert.status))

    def listen(app: Flask, *, alert: t.Any, event: t.Any, **extra: t.Any) -> None:
        told.append((event.kind, event.by))

    connect(alert_created, take)
    connect(alert_acknowledged, listen)
    response = send(host, host.create_integration())

    assert response.get_json()["alert"]["status"] == "open"
    assert told == [("created", "acknowledged"), ("acknowledged", "the robot")]


@on_both
def test_every_receiver_has_a_context_and_a_session_of_its_own(
    sqlite_host: Host, connect: Connect
) -> None:
    contexts: list[object] = []

    def remember() -> None:
        contexts.append(flask_globals._cv_app.get())
        contexts.append(sqlite_host.session)

    def first(app: Flask, **extra: t.Any) -> None:
        remember()
        assert current_app == app

    def second(app: Flask, **extra: t.Any) -> None:
        remember()

    sqlite_host.app.before_request(remember)
    connect(alert_created, first)
    connect(alert_created, second)
    send(sqlite_host, sqlite_host.create_integration())

    assert len({id(each) for each in contexts}) == len(contexts) == 6
