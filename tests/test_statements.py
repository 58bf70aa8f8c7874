"""What one request costs the database: its statements, transactions and round trips.

They are counted where they leave the driver, so nothing that SQLAlchemy or the driver adds is
missed.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from flask import appcontext_pushed
from flask import Flask
from sqlalchemy import event

from flask_webhook_alerts import alert_created
from tests.conftest import PostEvent
from tests.hosts import Host

LIFE = ("create", "create", "acknowledge", "resolve")
OUTCOMES = ("created", "repeated", "acknowledged", "resolved")

_STEPS = {
    "created": ["INSERT webhook_alert", "INSERT webhook_alert_event"],
    "repeated": ["INSERT webhook_alert"],
    "acknowledged": ["UPDATE webhook_alert", "INSERT webhook_alert_event"],
    "resolved": ["UPDATE webhook_alert", "INSERT webhook_alert_event"],
}
STATEMENTS = {
    "sqlite": {outcome: ["BEGIN IMMEDIATE", *steps, "COMMIT"] for outcome, steps in _STEPS.items()},
    # One statement, which is a transaction by itself, in one round trip.
    "postgresql": {outcome: ["WITH webhook_alert"] for outcome in OUTCOMES},
    # MariaDB tells no row from a write, so one SELECT asks for it. There is no BEGIN: the driver
    # switches autocommit off once. The ROLLBACK is the pool's, as after every use of a connection.
    "mysql": {
        outcome: [steps[0], "SELECT webhook_alert", *steps[1:], "COMMIT", "ROLLBACK"]
        for outcome, steps in _STEPS.items()
    },
}

_MARK = {
    "sqlite": ["BEGIN", "UPDATE webhook_alert_event", "COMMIT"],
    "postgresql": ["UPDATE webhook_alert_event"],
    "mysql": ["UPDATE webhook_alert_event", "COMMIT", "ROLLBACK"],
}
_LOAD = {
    "sqlite": ["SELECT webhook_alert_event"],
    "postgresql": [
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "SELECT webhook_alert_event",
        "ROLLBACK",
    ],
    # The session's ROLLBACK, then the pool's.
    "mysql": ["SELECT webhook_alert_event", "ROLLBACK", "ROLLBACK"],
}
_LOOK_FOR_MORE = {
    "sqlite": ["SELECT webhook_alert_event"],
    "postgresql": ["SELECT webhook_alert_event"],
    "mysql": ["SELECT webhook_alert_event", "COMMIT", "ROLLBACK"],
}

Connect = Callable[..., None]


@pytest.fixture(autouse=True)
def _integrations_stay_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no slow machine make a request look its integration up again."""
    monkeypatch.setattr("flask_webhook_alerts.memory.SECONDS", 3600)


@pytest.fixture
def sent(host: Host, post_event: PostEvent) -> Iterator[Wire]:
    """What goes to the database, once its connection is open and the integration is known."""
    with recorded(host) as wire:
        post_event("acknowledge", "an alert that never was")
        wire.take()
        yield wire


def test_each_event_costs_its_statements_and_no_more(
    host: Host, post_event: PostEvent, sent: Wire
) -> None:
    seen = {}
    for kind in LIFE:
        outcome = outcome_of(post_event(kind))
        seen[outcome] = sent.take()

    assert seen == STATEMENTS[host_backend(host)]


def test_an_ignored_event_costs_one_lookup_more(post_event: PostEvent, sent: Wire) -> None:
    post_event("resolve", "never-seen")

    reads = [name for name in sent.take() if name.startswith(("SELECT", "UPDATE", "WITH"))]
    assert reads[0] in {"UPDATE webhook_alert", "WITH webhook_alert"}
    assert reads[1:] == ["SELECT webhook_alert"]


def test_an_unknown_integration_is_looked_up_once(post_event: PostEvent, host: Host) -> None:
    with recorded(host) as wire:
        post_event()
        first = wire.take()
        post_event(key="another")
        second = wire.take()

    assert first.count("SELECT webhook_integration") == 1
    assert second.count("SELECT webhook_integration") == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_takes_each_event_in_one_round_trip(post_event: PostEvent, sent: Wire) -> None:
    trips: dict[str, list[int]] = {outcome: [] for outcome in OUTCOMES}
    for number in range(8):
        for kind in LIFE:
            outcome = outcome_of(post_event(kind, f"alert-{number}"))
            trips[outcome].append(len(sent.take()))

    # Used for the sixth time on a connection, a statement is prepared on the server: one trip
    # more, once. Create and repeat are one statement.
    flat = [count for counts in trips.values() for count in counts]
    assert (max(flat), sum(flat)) == (2, len(flat) + 3)
    assert {outcome: counts[-1] for outcome, counts in trips.items()} == dict.fromkeys(OUTCOMES, 1)


def test_without_receivers_an_event_is_delivered_by_its_own_insert(
    host: Host, post_event: PostEvent, sent: Wire, contexts: list[Flask]
) -> None:
    post_event()

    assert sent.take() == STATEMENTS[host_backend(host)]["created"]
    assert len(contexts) == 1
    (stored,) = host.stored_events()
    assert stored.delivered_at == stored.at


@pytest.mark.parametrize("count", [1, 3])
def test_each_receiver_costs_a_context_and_a_load_and_all_one_mark(
    host: Host, post_event: PostEvent, sent: Wire, contexts: list[Flask], connect: Connect,
    count: int,
) -> None:  # fmt: skip
    for receiver in (first, second, third)[:count]:
        connect(alert_created, receiver, sender=host.app)

    post_event()

    backend = host_backend(host)
    assert sent.take() == [
        *STATEMENTS[backend]["created"],
        *_LOAD[backend] * count,
        *_MARK[backend],
        *_LOOK_FOR_MORE[backend],
    ]
    assert len(contexts) == 1 + count
    (stored,) = host.stored_events()
    assert len(stored.delivered_to) == count


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_mark_alone_waits_for_no_disk(
    host: Host, post_event: PostEvent, connect: Connect
) -> None:
    hurried: list[str] = []
    settings: set[str] = set()

    def look(_connection: object, cursor: t.Any, statement: str, *_: object) -> None:
        if "set_config(" in statement:
            hurried.append(statement.split()[0])
        # On the same connection: what was set for one transaction is gone before the next.
        settings.add(cursor.connection.execute("SHOW synchronous_commit").fetchone()[0])

    connect(alert_created, first, sender=host.app)
    with host.app.app_context():
        event.listen(host.db.engine, "before_cursor_execute", look)
    post_event()

    assert (hurried, settings) == (["UPDATE"], {"on"})
    (stored,) = host.stored_events()
    assert stored.delivered_at is not None


# --- What the tests above look through ---


def first(_app: Flask, **_facts: t.Any) -> None: ...


def second(_app: Flask, **_facts: t.Any) -> None: ...


def third(_app: Flask, **_facts: t.Any) -> None: ...


@pytest.fixture
def contexts(host: Host, sent: Wire, connect: Connect) -> list[Flask]:
    """The app contexts pushed so far."""
    pushed: list[Flask] = []
    connect(appcontext_pushed, pushed.append, sender=host.app)
    return pushed


class Wire(t.Protocol):
    """A tap on what a driver sends."""

    def tap(self, connection: t.Any) -> None:
        """Listen to a connection of the driver."""
        ...

    def take(self) -> list[str]:
        """Return what was sent since the last call, one name for each round trip."""
        ...

    def close(self) -> None:
        """Let go of what was opened for listening."""
        ...


class SqliteWire:
    """There are no trips to a file: what counts are the statements."""

    def __init__(self) -> None:
        self._sent: list[str] = []

    def tap(self, connection: t.Any) -> None:
        connection.set_trace_callback(lambda sql: self._sent.append(name_of(sql)))

    def take(self) -> list[str]:
        sent, self._sent = self._sent, []
        return sent

    def close(self) -> None: ...


class MariadbWire:
    """Each command is a trip, and PyMySQL sends all of them through one method."""

    def __init__(self) -> None:
        self._sent: list[str] = []

    def tap(self, connection: t.Any) -> None:
        send = connection._execute_command

        def execute_command(command: int, sql: str | bytes) -> t.Any:
            self._sent.append(name_of(sql if isinstance(sql, str) else sql.decode()))
            return send(command, sql)

        connection._execute_command = execute_command

    def take(self) -> list[str]:
        sent, self._sent = self._sent, []
        return sent

    def close(self) -> None: ...


class PostgresqlWire:
    """libpq writes down the protocol: a trip ends with a Sync or is a simple Query."""

    def __init__(self) -> None:
        self._protocol = tempfile.TemporaryFile("w+")  # noqa: SIM115 - close() does
        self._prepared: dict[str, str] = {}

    def tap(self, connection: psycopg.Connection) -> None:
        connection.pgconn.trace(self._protocol.fileno())
        connection.pgconn.set_trace_flags(psycopg.pq.Trace.SUPPRESS_TIMESTAMPS)

    def take(self) -> list[str]:
        self._protocol.seek(0)
        text = self._protocol.read()
        self._protocol.seek(0)
        self._protocol.truncate()
        return list(self._trips(text))

    def close(self) -> None:
        self._protocol.close()

    def _trips(self, text: str) -> Iterator[str]:
        name = ""
        for kind, detail in re.findall(
            r"^F\t\d+\t(\w+)\t?(.*(?:\n(?![FB]\t).*)*)", text, re.MULTILINE
        ):
            if kind == "Query":
                yield name_of(detail.strip(' "\n'))
            elif kind == "Parse":
                _, prepared, _, sql = detail.split('"', 3)
                name = self._prepared[prepared] = name_of(sql)
            elif kind == "Bind":
                name = self._prepared[detail.split('"')[3]]
            elif kind == "Sync":
                yield name


_WIRES: dict[str, Callable[[], Wire]] = {
    "sqlite": SqliteWire,
    "postgresql": PostgresqlWire,
    "mysql": MariadbWire,
}


@contextlib.contextmanager
def recorded(host: Host) -> Iterator[Wire]:
    """Yield what the host's connections send, from the next one that it opens."""
    wire = _WIRES[host_backend(host)]()
    with host.app.app_context():
        engine = host.db.engine
    engine.dispose()

    def tap(connection: t.Any, _record: t.Any) -> None:
        wire.tap(connection)

    event.listen(engine, "connect", tap)
    try:
        yield wire
    finally:
        event.remove(engine, "connect", tap)
        engine.dispose()
        wire.close()


def host_backend(host: Host) -> str:
    return sa.make_url(host.app.config["SQLALCHEMY_DATABASE_URI"]).get_backend_name()


def name_of(sql: str) -> str:
    """Return the verb and the first table of a statement, or all of a short one."""
    verb = sql.split(maxsplit=1)[0].upper() if sql.strip() else ""
    table = re.search(r"(?:INTO|UPDATE|FROM|JOIN)\s+(\w+)", sql)
    return f"{verb} {table[1]}" if table else sql.strip().upper()


def outcome_of(response: t.Any) -> str:
    return str(response.json["outcome"])
