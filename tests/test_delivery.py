"""The signals: after the commit, to each receiver, at least once, and in order."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import sqlite3
import sys
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import current_app
from flask import Flask
from sqlalchemy import orm
from sqlalchemy.event import listen
from sqlalchemy.event import remove
from werkzeug.local import LocalProxy

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_repeated
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import request_rejected
from flask_webhook_alerts import transactions
from flask_webhook_alerts.delivery import Delivery
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.state import state_of
from tests.hosts import Host
from tests.hosts import MakeWiring
from tests.hosts import on_both
from tests.hosts import running_host

Connect: t.TypeAlias = Callable[..., None]

OF_EVENTS = (alert_created, alert_acknowledged, alert_resolved)
LEASE = 60
LONG = 4_000
"""Seconds after which any failed event is due again."""


class Clock:
    """A clock that stands still until it is told to move."""

    def __init__(self) -> None:
        self.time = dt.datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)


class Listener:
    """A receiver that notes the events it is told of, and fails for as long as it has errors."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.heard: list[tuple[str, int]] = []

    def __call__(self, app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        self.heard.append((event.kind, event.id))
        if self.errors:
            raise self.errors.pop(0)

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.heard]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("flask_webhook_alerts.clock.now", clock.now)
    return clock


@pytest.fixture
def manual_host(sqlite_url: str, make_wiring: MakeWiring) -> Iterator[Host]:
    wiring, config = make_wiring(), {"WEBHOOK_ALERTS_DELIVERY": "manual"}
    with running_host(sqlite_url, db=wiring.db, alerts=wiring.alerts, config=config) as host:
        yield host


def send(host: Host, integration_id: str, event_type: str = "create", key: str = "disk") -> t.Any:
    """Post an event and return the outcome."""
    payload = {"event_type": event_type, "Id": key, "Title": "Disk full", "Description": "/var"}
    response = host.post(integration_id, payload)
    assert response.status_code == 200, response.json
    return t.cast(t.Any, response.json)["outcome"]


def deliver(host: Host, limit: int | None = None) -> int:
    with host.app.app_context():
        return host.alerts.deliver_pending(limit)


def revive(host: Host, event_id: int | None = None) -> int:
    with host.app.app_context():
        return t.cast(int, host.app.extensions["webhook_alerts"].delivery.revive(event_id))


def owed(host: Host) -> list[str]:
    """Return the kinds of the events that are still owed."""
    return [event.kind for event in host.stored_events() if event.delivered_at is None]


@contextlib.contextmanager
def dying_before_signals() -> Iterator[None]:
    """Let processes die as soon as they have committed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Delivery, "announce", lambda *_: None)
        yield


# --- After the commit ---


@on_both
def test_a_receiver_hears_of_what_others_can_already_see(host: Host, connect: Connect) -> None:
    seen: list[tuple[str, str, list[str]]] = []

    def look(app: Flask, *, alert: t.Any, event: t.Any, **extra: t.Any) -> None:
        alerts, events = host.alerts.Alert, host.alerts.AlertEvent
        with host.db.engine.connect() as other:
            status = other.scalar(sa.select(alerts.status).where(alerts.id == alert.id))
            kinds = other.scalars(sa.select(events.kind).order_by(events.id))
            seen.append((event.kind, str(status), list(kinds)))

    for signal in OF_EVENTS:
        connect(signal, look)
    integration_id = host.create_integration()
    for event_type in ("create", "acknowledge", "resolve"):
        send(host, integration_id, event_type)

    assert seen == [
        ("created", "open", ["created"]),
        ("acknowledged", "acknowledged", ["created", "acknowledged"]),
        ("resolved", "resolved", ["created", "acknowledged", "resolved"]),
    ]


@on_both
def test_receivers_get_rows_of_their_own_session(host: Host, connect: Connect) -> None:
    heard: list[dict[str, t.Any]] = []
    sessions: list[bool] = []

    def receiver(app: Flask, **arguments: t.Any) -> None:
        session = host.session
        sessions.extend(sa.inspect(row).session is session for row in arguments.values())
        related = arguments["event"].alert, arguments["alert"].integration
        heard.append({"app": app, "related": related, **arguments})

    connect(alert_created, receiver)
    integration_id = host.create_integration()
    send(host, integration_id)

    (call,) = heard
    assert call["app"] is host.app
    assert call.keys() == {"app", "related", "alert", "integration", "event"}
    assert call["related"] == (call["alert"], call["integration"])
    assert (call["integration"].id, call["alert"].title) == (integration_id, "Disk full")
    assert sessions == [True, True, True]


@on_both
def test_nothing_but_changes_is_sent(sqlite_host: Host, connect: Connect) -> None:
    listener, repeats = Listener(), list[dict[str, t.Any]]()

    def repeated(app: Flask, **arguments: t.Any) -> None:
        repeats.append({"app": app, "count": arguments["alert"].occurrences, **arguments})

    for signal in OF_EVENTS:
        connect(signal, listener)
    connect(alert_repeated, repeated)
    integration_id = sqlite_host.create_integration()
    types = ["resolve", "create", "create", "acknowledge", "acknowledge", "resolve", "resolve"]
    outcomes = [send(sqlite_host, integration_id, event_type) for event_type in types]

    assert outcomes == [
        "ignored", "created", "repeated", "acknowledged", "unchanged", "resolved", "ignored",
    ]  # fmt: skip
    assert listener.kinds == ["created", "acknowledged", "resolved"]
    (repeat,) = repeats
    assert repeat.keys() == {"app", "count", "alert", "integration"}
    assert (repeat["app"], repeat["count"]) == (sqlite_host.app, 2)


def test_a_receiver_of_repetitions_may_fail_and_is_not_called_again(
    host: Host, connect: Connect
) -> None:
    calls: list[int] = []

    def repeated(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        calls.append(alert.id)
        raise ValueError("no repeats today")

    connect(alert_repeated, repeated)
    integration_id = host.create_integration()
    outcomes = [send(host, integration_id), send(host, integration_id)]

    assert outcomes == ["created", "repeated"]
    assert deliver(host) == 0
    assert len(calls) == 1


def test_without_receivers_an_event_is_delivered_with_its_insert(host: Host, clock: Clock) -> None:
    with dying_before_signals():
        send(host, host.create_integration())

    (event,) = host.stored_events()
    assert (event.at, event.delivered_at) == (clock.time, clock.time)
    assert (event.delivered_to, event.attempts, event.next_attempt_at) == ([], 0, None)


def test_an_event_is_delivered_when_all_have_returned(
    host: Host, connect: Connect, clock: Clock
) -> None:
    during: list[t.Any] = []

    def second(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        clock.advance(2)
        during.append((event.delivered_at, event.attempts, event.next_attempt_at - event.at))

    connect(alert_created, second)
    send(host, host.create_integration())

    (event,) = host.stored_events()
    assert during == [(None, 1, dt.timedelta(seconds=LEASE))]
    assert event.delivered_at == clock.time
    assert (event.attempts, event.next_attempt_at, event.last_error) == (1, None, None)


def plain_function(app: Flask, **extra: t.Any) -> None: ...


async def async_function(app: Flask, **extra: t.Any) -> None: ...


class Pager:
    """Objects and methods as receivers."""

    def __call__(self, app: Flask, **extra: t.Any) -> None: ...

    def ring(self, app: Flask, **extra: t.Any) -> None: ...

    @classmethod
    def ring_all(cls, app: Flask, **extra: t.Any) -> None: ...


def test_delivered_to_holds_module_and_qualified_name(sqlite_host: Host, connect: Connect) -> None:
    def local(app: Flask, **extra: t.Any) -> None: ...

    pager, here = Pager(), local.__module__
    partial = functools.partial(plain_function)
    for receiver in (plain_function, async_function, local, pager, partial):
        connect(alert_created, receiver)
    connect(alert_created, pager.ring)
    connect(alert_created, Pager.ring_all)
    send(sqlite_host, sqlite_host.create_integration())

    (event,) = sqlite_host.stored_events()
    assert event.delivered_at is not None
    assert sorted(event.delivered_to) == sorted(
        [
            f"{here}:plain_function",
            f"{here}:async_function",
            f"{here}:test_delivered_to_holds_module_and_qualified_name.<locals>.local",
            f"{here}:Pager",
            f"{here}:Pager.ring",
            f"{here}:Pager.ring_all",
            "functools:partial",
        ]
    )


def test_a_receiver_that_is_connected_later_hears_nothing_of_the_past(
    sqlite_host: Host, connect: Connect
) -> None:
    send(sqlite_host, sqlite_host.create_integration())
    listener = Listener()
    connect(alert_created, listener)

    assert deliver(sqlite_host) == 0
    assert listener.heard == []


# --- Receivers that fail ---


@on_both
def test_a_failing_receiver_is_called_again_and_the_others_are_not(
    host: Host, connect: Connect, clock: Clock
) -> None:
    failing, calls = Listener(ValueError("no line"), ValueError("no line")), list[str]()

    def returning(app: Flask, **extra: t.Any) -> None:
        calls.append("returning")

    connect(alert_created, failing)
    connect(alert_created, returning)
    send(host, host.create_integration())
    (after_first,) = host.stored_events()
    clock.advance(LONG)
    counts = [deliver(host)]
    clock.advance(LONG)
    counts += [deliver(host), deliver(host)]

    (event,) = host.stored_events()
    name = "test_a_failing_receiver_is_called_again_and_the_others_are_not.<locals>.returning"
    assert after_first.delivered_to == [f"{__name__}:{name}"]
    assert after_first.delivered_at is None
    assert counts == [0, 1, 0]
    assert (len(failing.heard), len({id for _, id in failing.heard}), calls) == (
        3,
        1,
        ["returning"],
    )
    assert (event.delivered_at, event.attempts, event.last_error) == (clock.time, 3, None)
    assert set(event.delivered_to) == {f"{__name__}:{name}", f"{__name__}:Listener"}


def test_the_error_of_a_receiver_is_logged_and_kept_with_its_name(
    host: Host, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    connect(alert_created, Listener(LookupError("nobody is on call")))
    send(host, host.create_integration())

    (event,) = host.stored_events()
    assert event.last_error == f"{__name__}:Listener: LookupError: nobody is on call"
    assert f"Receiver {__name__}:Listener failed" in caplog.messages


def test_notes_on_an_error_do_not_hide_its_message(sqlite_host: Host, connect: Connect) -> None:
    error = LookupError("nobody is on call")
    error.add_note("Look into the rota.")
    connect(alert_created, Listener(error))
    send(sqlite_host, sqlite_host.create_integration())

    (event,) = sqlite_host.stored_events()
    assert event.last_error == f"{__name__}:Listener: LookupError: nobody is on call"


@pytest.mark.parametrize("is_bad_first", [False, True])
def test_a_name_counts_once_all_who_share_it_have_returned(
    host: Host, connect: Connect, clock: Clock, is_bad_first: bool
) -> None:
    good, bad = Listener(), Listener(ValueError("busy"))
    for listener in (bad, good) if is_bad_first else (good, bad):
        connect(alert_created, listener)
    send(host, host.create_integration())
    (before,) = host.stored_events()
    clock.advance(LONG)
    deliver(host)

    (after,) = host.stored_events()
    assert before.delivered_to == []
    assert after.delivered_to == [f"{__name__}:Listener"]
    assert len(good.heard) >= 1
    assert len(bad.heard) == 2


def test_ten_attempts_with_growing_pauses_and_then_an_event_is_dead(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener, pauses = Listener(*[ValueError("never")] * 10), list[float]()
    connect(alert_created, listener)
    send(host, host.create_integration())
    while (event := host.stored_events()[0]).next_attempt_at is not None:
        pauses.append((event.next_attempt_at - clock.time).total_seconds())
        clock.advance(pauses[-1] - 0.001)
        assert deliver(host) == 0
        calls = len(listener.heard)
        clock.advance(0.001)
        assert deliver(host) == 0
        assert len(listener.heard) == calls + 1
    clock.advance(LONG)

    assert deliver(host) == 0
    assert (len(listener.heard), event.attempts) == (10, 10)
    assert (event.delivered_at, event.next_attempt_at) == (None, None)
    assert event.last_error.endswith("ValueError: never")
    assert pauses == [10, 30, 90, 270, 810, 2_430, 3_600, 3_600, 3_600]


def test_one_of_several_dead_events_is_revived(host: Host, connect: Connect, clock: Clock) -> None:
    connect(alert_created, Listener(*[ValueError("never")] * 20))
    integration_id = host.create_integration()
    send(host, integration_id, key="first")
    send(host, integration_id, key="second")
    for _ in range(10):
        clock.advance(LONG)
        deliver(host)
    _, second = host.stored_events()

    assert (revive(host, second.id), revive(host, second.id)) == (1, 0)

    assert [event.next_attempt_at is None for event in host.stored_events()] == [True, False]


def test_only_dead_events_are_revived(host: Host, connect: Connect, clock: Clock) -> None:
    connect(alert_created, Listener(ValueError("busy")))
    integration_id = host.create_integration()
    for key in ("owed", "delivered"):
        send(host, integration_id, key=key)
    before = host.stored_events()

    assert revive(host) == 0
    assert [event.next_attempt_at for event in host.stored_events()] == [
        before[0].next_attempt_at,
        None,
    ]


def test_a_dead_event_is_revived_with_all_its_attempts(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener(*[ValueError("never")] * 12)
    connect(alert_created, listener)
    send(host, host.create_integration())
    for _ in range(10):
        clock.advance(LONG)
        deliver(host)

    assert (revive(host), revive(host)) == (1, 0)
    assert (host.stored_events()[0].attempts, deliver(host)) == (0, 0)
    clock.advance(LONG)
    assert deliver(host) == 0
    clock.advance(LONG)
    assert deliver(host) == 1
    assert (host.stored_events()[0].attempts, owed(host)) == (3, [])


@pytest.mark.parametrize("text", ["a\0b", "half a pair: \ud800", "\udcff", "é😀" * 5_000])
def test_any_error_text_can_be_kept(host: Host, connect: Connect, text: str) -> None:
    connect(alert_created, Listener(ValueError(text)))
    outcome = send(host, host.create_integration())

    (event,) = host.stored_events()
    assert outcome == "created"
    assert event.next_attempt_at is not None
    assert event.last_error.startswith(f"{__name__}:Listener: ValueError: ")


class Unspeakable(Exception):
    """An error that cannot even be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_error_without_words_stops_no_other_receiver(
    sqlite_host: Host, connect: Connect, clock: Clock
) -> None:
    calls: list[str] = []

    def after(app: Flask, **extra: t.Any) -> None:
        calls.append("after")

    def before(app: Flask, **extra: t.Any) -> None:
        calls.append("before")

    def between(app: Flask, **extra: t.Any) -> None:
        raise Unspeakable

    for receiver in (after, before, between):
        connect(alert_created, receiver)
    outcome = send(sqlite_host, sqlite_host.create_integration())

    (event,) = sqlite_host.stored_events()
    assert outcome == "created"
    assert sorted(calls) == ["after", "before"]
    assert len(event.delivered_to) == 2
    assert "Unspeakable" in event.last_error


# --- The order of one alert's events ---


def test_later_events_wait_for_an_earlier_one_that_failed(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener(ValueError("busy"))
    for signal in OF_EVENTS:
        connect(signal, listener)
    integration_id = host.create_integration()
    for event_type in ("create", "acknowledge", "resolve"):
        send(host, integration_id, event_type)
    waiting = listener.kinds, owed(host), deliver(host)
    clock.advance(LONG)

    assert waiting == (["created"], ["created", "acknowledged", "resolved"], 0)
    assert deliver(host) == 3
    assert listener.kinds == ["created", "created", "acknowledged", "resolved"]
    assert owed(host) == []


def test_a_later_event_takes_an_earlier_one_along_whose_pause_is_over(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener(ValueError("busy"))
    for signal in OF_EVENTS:
        connect(signal, listener)
    integration_id = host.create_integration()
    send(host, integration_id)
    clock.advance(LONG)
    send(host, integration_id, "acknowledge")

    assert listener.kinds == ["created", "created", "acknowledged"]
    assert owed(host) == []


def test_who_listens_to_one_app_alone_hears_all_of_its_events_in_order(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener(ValueError("busy"))
    for signal in OF_EVENTS:
        connect(signal, listener, sender=host.app)
    integration_id = host.create_integration()
    send(host, integration_id)
    clock.advance(LONG)
    send(host, integration_id, "acknowledge")

    assert listener.kinds == ["created", "created", "acknowledged"]
    assert owed(host) == []


@on_both
def test_events_of_other_alerts_do_not_wait(sqlite_host: Host, connect: Connect) -> None:
    listener = Listener(ValueError("busy"))
    connect(alert_created, listener)
    integration_id = sqlite_host.create_integration()
    send(sqlite_host, integration_id, key="one")
    send(sqlite_host, integration_id, key="two")
    (first, second) = sqlite_host.stored_events()

    assert first.delivered_at is None
    assert second.delivered_at is not None


def test_a_request_leaves_what_other_alerts_owe_to_the_deliverers(
    sqlite_host: Host, connect: Connect, clock: Clock
) -> None:
    connect(alert_created, Listener(ValueError("busy")))
    integration_id = sqlite_host.create_integration()
    send(sqlite_host, integration_id, key="one")
    clock.advance(LONG)

    send(sqlite_host, integration_id, key="two")

    assert [event.delivered_at for event in sqlite_host.stored_events()] == [None, clock.time]


def test_a_dead_event_holds_up_no_later_one(host: Host, connect: Connect, clock: Clock) -> None:
    created, later = Listener(*[ValueError("never")] * 10), Listener()
    connect(alert_created, created)
    connect(alert_acknowledged, later)
    connect(alert_resolved, later)
    integration_id = host.create_integration()
    send(host, integration_id)
    send(host, integration_id, "acknowledge")
    for _ in range(9):
        clock.advance(LONG)
        deliver(host)
    send(host, integration_id, "resolve")

    assert later.kinds == ["acknowledged", "resolved"]
    assert owed(host) == ["created"]


def test_an_event_that_nobody_listens_to_waits_for_nobody(host: Host, connect: Connect) -> None:
    connect(alert_created, Listener(ValueError("busy")))
    integration_id = host.create_integration()
    send(host, integration_id)
    send(host, integration_id, "acknowledge")

    assert owed(host) == ["created"]


def test_whoever_ends_last_sends_what_has_waited(host: Host, connect: Connect) -> None:
    began, may_end, told = threading.Event(), threading.Event(), list[str]()

    def slow(app: Flask, **extra: t.Any) -> None:
        began.set()
        assert may_end.wait(10)
        told.append("created")

    def quick(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        told.append(event.kind)

    connect(alert_created, slow)
    connect(alert_acknowledged, quick)
    connect(alert_resolved, quick)
    integration_id = host.create_integration()
    with ThreadPoolExecutor(1) as pool:
        creating = pool.submit(send, host, integration_id)
        assert began.wait(10)
        answers = [send(host, integration_id, each) for each in ("acknowledge", "resolve")]
        told_meanwhile = list(told)
        may_end.set()
        answers.insert(0, creating.result())

    assert answers == ["created", "acknowledged", "resolved"]
    assert told_meanwhile == []
    assert told == ["created", "acknowledged", "resolved"]
    assert owed(host) == []


def test_events_whose_statements_waited_for_one_row_are_sent_one_after_the_other(
    host: Host, connect: Connect
) -> None:
    told: list[str] = []

    def tell(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        told.append(f"{event.kind} begins")
        time.sleep(0.2)
        told.append(f"{event.kind} ends")

    connect(alert_acknowledged, tell)
    connect(alert_resolved, tell)
    integration_id = host.create_integration()
    send(host, integration_id)
    with ThreadPoolExecutor(2) as pool:
        with alerts_locked(host):
            one = pool.submit(send, host, integration_id, "acknowledge")
            time.sleep(0.2)
            two = pool.submit(send, host, integration_id, "resolve")
            time.sleep(0.2)
        outcomes = {one.result(), two.result()}

    assert "resolved" in outcomes
    in_turn = ["acknowledged begins", "acknowledged ends", "resolved begins", "resolved ends"]
    assert told == [line for line in in_turn if line.split()[0] in outcomes]
    assert owed(host) == []


@contextlib.contextmanager
def alerts_locked(host: Host) -> Iterator[None]:
    """Hold the locks of all alerts, so that statements that change one wait."""
    with host.app.app_context():
        engine = host.db.engine
    with engine.begin() as connection:
        model = host.alerts.Alert
        connection.execute(sa.update(model).values(occurrences=model.occurrences))
        yield


# --- Receivers of another process ---


def test_who_failed_and_is_not_connected_here_is_not_passed_over(
    host: Host, connect: Connect, clock: Clock
) -> None:
    heard, log = Listener(RuntimeError("two\nlines:of: text")), Listener()

    def pager(app: Flask, **extra: t.Any) -> None:
        heard(app, **extra)

    connect(alert_created, pager)
    send(host, host.create_integration())
    alert_created.disconnect(pager)
    connect(alert_created, log)

    clock.advance(LONG)
    assert deliver(host) == 0
    (event,) = host.stored_events()
    assert (event.delivered_at, log.kinds) == (None, ["created"])
    assert "is not connected in this process" in event.last_error

    connect(alert_created, pager)
    clock.advance(LONG)
    assert deliver(host) == 1
    assert (heard.kinds, log.kinds) == (["created", "created"], ["created"])


def test_an_interrupt_keeps_who_failed_before(
    host: Host, connect: Connect, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Listener(RuntimeError("busy"), RuntimeError("busy"))

    def absent(app: Flask, **extra: t.Any) -> None:
        heard(app, **extra)

    def b_interrupting(app: Flask, **extra: t.Any) -> None:
        raise KeyboardInterrupt

    def c_waiting(app: Flask, **extra: t.Any) -> None:
        heard(app, **extra)

    connect(alert_created, absent)
    connect(alert_created, c_waiting)
    send(host, host.create_integration())
    alert_created.disconnect(absent)
    connect(alert_created, b_interrupting)
    clock.advance(LONG)
    with pytest.raises(KeyboardInterrupt):
        deliver(host)
    for receiver in (b_interrupting, c_waiting):
        alert_created.disconnect(receiver)

    clock.advance(LONG)
    assert deliver(host) == 0
    (event,) = host.stored_events()
    assert event.delivered_at is None
    assert event.last_error.count("is not connected in this process") == 2
    missed = [r.levelname for r in caplog.records if vars(r).get("action") == "receiver_missing"]
    assert missed == ["WARNING"] * 3  # the second deliverer misses one, the third both


def test_a_long_error_leaves_room_for_the_names_after_it(
    host: Host, connect: Connect, clock: Clock
) -> None:
    def a_talkative(app: Flask, **extra: t.Any) -> None:
        raise ValueError("blah " * 1_000)

    def b_short(app: Flask, **extra: t.Any) -> None:
        raise ValueError("busy")

    for receiver in (a_talkative, b_short):
        connect(alert_created, receiver)
    send(host, host.create_integration())
    for receiver in (a_talkative, b_short):
        alert_created.disconnect(receiver)
    first = host.stored_events()[0].last_error
    clock.advance(LONG)

    assert deliver(host) == 0
    assert (len(first) <= 2_000, "b_short: ValueError: busy" in first) == (True, True)
    assert host.stored_events()[0].last_error.count("is not connected") == 2


def test_a_dead_event_of_a_receiver_that_is_gone_can_be_settled(
    sqlite_host: Host, connect: Connect, clock: Clock
) -> None:
    pager = Listener(RuntimeError("busy"))
    connect(alert_created, pager)
    send(sqlite_host, sqlite_host.create_integration())
    alert_created.disconnect(pager)

    for _ in range(9):
        clock.advance(LONG)
        deliver(sqlite_host)
    (event,) = sqlite_host.stored_events()
    assert (event.attempts, event.delivered_at, event.next_attempt_at) == (10, None, None)

    with sqlite_host.app.app_context():
        state_of(sqlite_host.app).delivery.revive()
    assert (deliver(sqlite_host), owed(sqlite_host)) == (1, [])


def test_a_limit_below_zero_is_an_error(sqlite_host: Host) -> None:
    with sqlite_host.app.app_context(), pytest.raises(ValueError, match="limit is -1"):
        sqlite_host.alerts.deliver_pending(limit=-1)


# --- Leases ---


def test_an_event_of_a_dead_process_is_due_when_its_lease_ends(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    with dying_before_signals():
        send(host, host.create_integration())

    clock.advance(LEASE - 0.001)
    assert (deliver(host), listener.kinds, owed(host)) == (0, [], ["created"])
    clock.advance(0.001)
    assert (deliver(host), listener.kinds, owed(host)) == (1, ["created"], [])
    assert host.stored_events()[0].attempts == 2


@pytest.mark.parametrize("error", [None, ValueError("too late anyway")])
def test_a_late_worker_cannot_mark_what_another_has_taken_over(
    host: Host, connect: Connect, clock: Clock, error: Exception | None
) -> None:
    calls: list[int] = []

    def slow(app: Flask, **extra: t.Any) -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            clock.advance(LEASE)
            calls.append(10 + deliver(host))
            clock.advance(1)
            if error:
                raise error

    connect(alert_created, slow)
    outcome = send(host, host.create_integration())

    (event,) = host.stored_events()
    assert (outcome, calls) == ("created", [0, 1, 11])
    assert event.delivered_at == clock.time - dt.timedelta(seconds=1)
    assert (event.attempts, event.next_attempt_at, event.last_error) == (2, None, None)


def test_who_has_lost_the_lease_calls_no_further_receivers(
    host: Host, connect: Connect, clock: Clock
) -> None:
    calls: list[str] = []

    def first(app: Flask, **extra: t.Any) -> None:
        calls.append("first")
        if len(calls) == 1:
            clock.advance(LEASE)
            deliver(host)

    def second(app: Flask, **extra: t.Any) -> None:
        calls.append("second")

    connect(alert_created, first)
    connect(alert_created, second)
    send(host, host.create_integration())

    assert calls == ["first", "first", "second"]
    assert owed(host) == []


def test_who_has_lost_the_lease_has_delivered_nothing(
    manual_host: Host, connect: Connect, clock: Clock
) -> None:
    began, counts = clock.time, list[int]()

    def a_slow(app: Flask, **extra: t.Any) -> None:
        if clock.time == began:
            clock.advance(LEASE)
            counts.append(deliver(manual_host))

    def b_quick(app: Flask, **extra: t.Any) -> None: ...

    connect(alert_created, a_slow)
    connect(alert_created, b_quick)
    send(manual_host, manual_host.create_integration())
    counts.append(deliver(manual_host))

    assert counts == [1, 0]
    assert owed(manual_host) == []


def test_slow_receivers_renew_the_lease(host: Host, connect: Connect, clock: Clock) -> None:
    calls: list[str] = []

    def note(name: str) -> None:
        clock.advance(LEASE * 0.6)
        calls.append(name)
        assert deliver(host) == 0

    def first(app: Flask, **extra: t.Any) -> None:
        note("first")

    def second(app: Flask, **extra: t.Any) -> None:
        note("second")

    def third(app: Flask, **extra: t.Any) -> None:
        note("third")

    for receiver in (first, second, third):
        connect(alert_created, receiver)
    send(host, host.create_integration())

    assert sorted(calls) == ["first", "second", "third"]
    assert (owed(host), host.stored_events()[0].attempts) == ([], 1)


def test_a_receiver_has_a_lease_of_its_own_after_a_quick_one(
    host: Host, connect: Connect, clock: Clock
) -> None:
    calls: list[str] = []

    def first(app: Flask, **extra: t.Any) -> None:
        clock.advance(LEASE * 0.4)
        calls.append("first")

    def second(app: Flask, **extra: t.Any) -> None:
        clock.advance(LEASE * 0.9)
        calls.append("second")
        assert deliver(host) == 0

    connect(alert_created, first)
    connect(alert_created, second)
    send(host, host.create_integration())

    assert calls == ["first", "second"]
    assert (owed(host), host.stored_events()[0].attempts) == ([], 1)


def test_slow_receivers_that_share_a_name_renew_the_lease_too(
    sqlite_host: Host, connect: Connect, clock: Clock
) -> None:
    calls: list[int] = []

    class Slow:
        def __call__(self, app: Flask, **extra: t.Any) -> None:
            clock.advance(LEASE * 0.6)
            calls.append(deliver(sqlite_host))

    receivers = [Slow(), Slow(), Slow()]
    for receiver in receivers:
        connect(alert_created, receiver)
    send(sqlite_host, sqlite_host.create_integration())

    assert calls == [0, 0, 0]
    assert owed(sqlite_host) == []


def test_an_event_whose_tenth_attempt_died_is_buried(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    connect(alert_acknowledged, listener)
    integration_id = host.create_integration()
    with dying_before_signals():
        send(host, integration_id)
        set_event(host, attempts=10)
        send(host, integration_id, "acknowledge")
    clock.advance(LEASE)

    assert deliver(host) == 1
    assert listener.kinds == ["acknowledged"]
    (dead, _) = host.stored_events()
    assert (dead.delivered_at, dead.next_attempt_at, dead.attempts) == (None, None, 10)


def test_what_waited_for_a_buried_event_is_sent_at_once(
    sqlite_host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    connect(alert_acknowledged, listener)
    integration_id = sqlite_host.create_integration()
    with dying_before_signals():
        send(sqlite_host, integration_id)
    set_event(sqlite_host, attempts=10)
    clock.advance(LEASE)
    send(sqlite_host, integration_id, "acknowledge")

    assert listener.kinds == ["acknowledged"]
    assert owed(sqlite_host) == ["created"]


def set_event(host: Host, **values: t.Any) -> None:
    with host.app.app_context():
        host.db.session.execute(sa.update(host.alerts.AlertEvent).values(values))
        host.db.session.commit()


# --- Deliverers ---


@on_both
def test_in_manual_mode_the_request_sends_nothing(manual_host: Host, connect: Connect) -> None:
    listener, repeats = Listener(), list[str]()

    def repeated(app: Flask, **extra: t.Any) -> None:
        repeats.append("repeated")

    for signal in OF_EVENTS:
        connect(signal, listener)
    connect(alert_repeated, repeated)
    integration_id = manual_host.create_integration()
    for event_type in ("create", "create", "acknowledge", "resolve"):
        send(manual_host, integration_id, event_type)
    before = listener.kinds, owed(manual_host)

    assert before == ([], ["created", "acknowledged", "resolved"])
    assert repeats == ["repeated"]
    assert deliver(manual_host) == 3
    assert listener.kinds == ["created", "acknowledged", "resolved"]
    assert {event.attempts for event in manual_host.stored_events()} == {1}


def test_in_manual_mode_an_event_is_owed_though_nobody_listens(manual_host: Host) -> None:
    send(manual_host, manual_host.create_integration())

    assert owed(manual_host) == ["created"]
    assert deliver(manual_host) == 1
    assert owed(manual_host) == []


@pytest.mark.parametrize(
    ("limit", "counts"), [(0, (0, 26)), (1, (1, 25)), (2, (2, 24)), (25, (25, 1))]
)
def test_a_deliverer_stops_at_its_limit(
    manual_host: Host, connect: Connect, limit: int, counts: tuple[int, int]
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    integration_id = manual_host.create_integration()
    for number in range(26):
        send(manual_host, integration_id, key=str(number))

    assert (deliver(manual_host, limit), len(listener.heard)) == (counts[0], counts[0])
    assert {event.attempts for event in manual_host.stored_events()[limit:]} == {0}
    assert deliver(manual_host) == counts[1]


def test_the_limit_counts_what_was_tried(manual_host: Host, connect: Connect) -> None:
    connect(alert_created, Listener(ValueError("busy")))
    integration_id = manual_host.create_integration()
    for key in ("one", "two"):
        send(manual_host, integration_id, key=key)

    assert [deliver(manual_host, 1), deliver(manual_host, 1)] == [0, 1]


def test_two_deliverers_never_hold_one_event_at_once(database_url: str, connect: Connect) -> None:
    calls, count, start = list[tuple[int, str]](), 12, threading.Barrier(4)

    def tell(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        calls.append((event.alert_id, event.kind))

    connect(alert_created, tell)
    connect(alert_resolved, tell)
    with running_host(database_url, config={"WEBHOOK_ALERTS_DELIVERY": "manual"}) as host:
        integration_id = host.create_integration()
        for number in range(count):
            send(host, integration_id, key=str(number))
            send(host, integration_id, "resolve", key=str(number))

        def work() -> int:
            start.wait(10)
            return deliver(host)

        with ThreadPoolExecutor(4) as pool:
            delivered = [future.result() for future in [pool.submit(work) for _ in range(4)]]

        assert sum(delivered) + deliver(host) == 2 * count
        ids = [alert.id for alert in host.stored_alerts()]
        assert sorted(calls) == sorted(
            (id_, kind) for id_ in ids for kind in ("created", "resolved")
        )
        assert all(calls.index((id_, "created")) < calls.index((id_, "resolved")) for id_ in ids)
        assert owed(host) == []


def test_a_deliverer_says_when_the_database_is_away(
    manual_host: Host, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(manual_host, manual_host.create_integration())
    with manual_host.app.app_context():
        manual_host.db.engine.dispose()
        monkeypatch.setattr(manual_host.db.engine.dialect, "connect", no_connection)
        with pytest.raises(Unavailable):
            manual_host.alerts.deliver_pending()
    monkeypatch.undo()

    assert owed(manual_host) == ["created"]


def no_connection(*_: t.Any, **__: t.Any) -> t.NoReturn:
    raise sqlite3.OperationalError("unable to open database file")


# --- Receivers that are coroutines ---


@on_both
def test_coroutines_are_receivers_too(host: Host, connect: Connect) -> None:
    calls: list[tuple[str, str]] = []

    async def note(name: str, alert: t.Any) -> None:
        await asyncio.sleep(0)
        calls.append((name, alert.title))
        assert host.db.session.get(host.alerts.Alert, alert.id) is alert

    async def function(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        await note("function", alert)

    class Asynchronous:
        async def __call__(self, app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
            await note("object", alert)

        async def method(self, app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
            await note("method", alert)

    thing, partial = Asynchronous(), functools.partial(function)
    for receiver in (function, thing, thing.method, partial):
        connect(alert_created, receiver)
    send(host, host.create_integration())

    names = ["function", "function", "method", "object"]
    assert sorted(calls) == [(name, "Disk full") for name in names]
    assert owed(host) == []


def test_a_coroutine_behind_a_decorator_is_run(sqlite_host: Host, connect: Connect) -> None:
    calls: list[str] = []

    async def page(app: Flask, **extra: t.Any) -> None:
        await asyncio.sleep(0)
        calls.append("page")

    @functools.wraps(page)
    def decorated(*arguments: t.Any, **options: t.Any) -> t.Any:
        return page(*arguments, **options)

    connect(alert_created, decorated)
    send(sqlite_host, sqlite_host.create_integration())

    assert (calls, owed(sqlite_host)) == (["page"], [])


def test_what_can_be_awaited_is_awaited(sqlite_host: Host, connect: Connect) -> None:
    calls: list[str] = []

    class Call:
        def __await__(self) -> t.Generator[t.Any, None, None]:
            yield from asyncio.sleep(0).__await__()
            calls.append("page")

    def page(app: Flask, **extra: t.Any) -> Call:
        return Call()

    connect(alert_created, page)
    send(sqlite_host, sqlite_host.create_integration())

    assert (calls, owed(sqlite_host)) == (["page"], [])


def test_a_proxy_is_a_result_as_any(sqlite_host: Host, connect: Connect) -> None:
    def bound(app: Flask, **extra: t.Any) -> object:
        return current_app

    def unbound(app: Flask, **extra: t.Any) -> object:
        return LocalProxy(ContextVar[str]("nobody"))

    connect(alert_created, bound)
    connect(alert_created, unbound)
    send(sqlite_host, sqlite_host.create_integration())

    assert owed(sqlite_host) == []


def test_a_generator_function_is_owed_and_says_why(sqlite_host: Host, connect: Connect) -> None:
    def generator(app: Flask, **extra: t.Any) -> Iterator[None]:  # pragma: no cover
        yield

    async def asynchronous(app: Flask, **extra: t.Any) -> t.AsyncIterator[None]:  # pragma: no cover
        yield

    connect(alert_created, generator)
    connect(alert_created, asynchronous)
    send(sqlite_host, sqlite_host.create_integration())

    (event,) = sqlite_host.stored_events()
    assert event.delivered_at is None
    assert event.last_error.count("Take out the yield.") == 2


def test_a_coroutine_that_fails_is_called_again(
    sqlite_host: Host, connect: Connect, clock: Clock
) -> None:
    errors, calls = [ValueError("busy")], list[int]()

    async def receiver(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        calls.append(event.id)
        if errors:
            raise errors.pop()

    connect(alert_created, receiver)
    send(sqlite_host, sqlite_host.create_integration())
    clock.advance(LONG)

    assert deliver(sqlite_host) == 1
    assert len(calls) == 2


def test_a_coroutine_without_its_extra_is_owed_and_says_what_to_install(
    sqlite_host: Host, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    async def coroutine(app: Flask, **extra: t.Any) -> None:  # pragma: no cover
        calls.append("coroutine")

    def plain(app: Flask, **extra: t.Any) -> None:
        calls.append("plain")

    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    for receiver in (coroutine, plain):
        connect(alert_created, receiver)
    send(sqlite_host, sqlite_host.create_integration())

    (event,) = sqlite_host.stored_events()
    assert calls == ["plain"]
    assert event.delivered_at is None
    assert "Install Flask with the 'async' extra" in event.last_error


# --- Refused requests ---

GOOD = {"event_type": "create", "Id": "disk", "Title": "Disk full", "Description": "/var"}
TOKEN = "s3cret-t0ken"
WRONG = "wr0ng-t0ken"

REFUSED: dict[str, tuple[dict[str, t.Any], int, bool]] = {
    "no token": ({"headers": {}}, 403, True),
    "wrong token": ({"headers": {"pagertree-token": WRONG}}, 403, True),
    "too large": ({"data": b" " * 600_000}, 413, True),
    "not JSON by its type": ({"content_type": "text/plain"}, 415, True),
    "not JSON": ({"data": b"{"}, 400, True),
    "no title": ({"json": {**GOOD, "Title": ""}}, 422, True),
    "another method": ({"method": "GET"}, 405, False),
    "unknown integration": ({"path": "/integration/int_AAAAAAAAAAAAAA"}, 404, False),
    "impossible integration": ({"path": "/integration/%00"}, 404, False),
}


@pytest.mark.parametrize(("options", "status", "is_known"), REFUSED.values(), ids=REFUSED)
def test_every_refused_request_is_told(
    sqlite_host: Host, connect: Connect, options: dict[str, t.Any], status: int, is_known: bool
) -> None:
    told: list[dict[str, t.Any]] = []

    def listen(app: Flask, **arguments: t.Any) -> None:
        integration = arguments.pop("integration")
        told.append({"app": app, "integration": integration and integration.id, **arguments})

    connect(request_rejected, listen)
    integration_id = sqlite_host.create_integration(token=TOKEN)
    request: dict[str, t.Any] = {
        "method": "POST",
        "path": f"/integration/{integration_id}",
        "headers": {"pagertree-token": TOKEN},
        "content_type": "application/json",
    } | options
    if not {"json", "data"} & options.keys():
        request["data"] = b"{}"
    response = sqlite_host.client.open(**request)

    (rejection,) = told
    assert (response.status_code, rejection["status"]) == (status, status)
    assert rejection["app"] is sqlite_host.app
    assert rejection["integration"] == (integration_id if is_known else None)
    assert rejection["reason"] == t.cast(t.Any, response.json)["detail"]
    assert TOKEN not in rejection["reason"]
    assert WRONG not in rejection["reason"]


@on_both
def test_a_refusal_by_a_disabled_integration_is_told(host: Host, connect: Connect) -> None:
    told: list[tuple[str, int]] = []

    def listen(app: Flask, *, integration: t.Any, status: int, **extra: t.Any) -> None:
        told.append((integration.name, status))

    connect(request_rejected, listen)
    integration_id = host.create_integration("old sender")
    with host.app.app_context():
        host.db.session.execute(sa.update(host.alerts.Integration).values(enabled=False))
        host.db.session.commit()
    host.post(integration_id, GOOD)

    assert told == [("old sender", 405)]


def test_a_refusal_for_want_of_a_database_is_told_without_its_integration(
    sqlite_host: Host, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[object, int]] = []

    def listen(app: Flask, *, integration: t.Any, status: int, **extra: t.Any) -> None:
        told.append((integration, status))

    connect(request_rejected, listen)
    integration_id = sqlite_host.create_integration()
    with sqlite_host.app.app_context():
        sqlite_host.db.engine.dispose()
        monkeypatch.setattr(sqlite_host.db.engine.dialect, "connect", no_connection)
    response = sqlite_host.post(integration_id, GOOD)
    monkeypatch.undo()

    assert (response.status_code, told) == (503, [(None, 503)])


def test_a_receiver_of_refusals_may_fail(sqlite_host: Host, connect: Connect) -> None:
    told: list[int] = []

    def fail(app: Flask, **extra: t.Any) -> None:
        raise SystemExit

    def listen(app: Flask, *, status: int, **extra: t.Any) -> None:
        told.append(status)

    connect(request_rejected, fail)
    connect(request_rejected, listen)
    response = sqlite_host.post(sqlite_host.create_integration(), {})

    assert (response.status_code, told) == (422, [422])


def test_who_listens_to_one_app_alone_hears_of_its_refusals_and_repetitions(
    sqlite_host: Host, connect: Connect
) -> None:
    heard: list[str] = []

    def refused(app: Flask, **extra: t.Any) -> None:
        heard.append("refused")

    def repeated(app: Flask, **extra: t.Any) -> None:
        heard.append("repeated")

    connect(request_rejected, refused, sender=sqlite_host.app)
    connect(alert_repeated, repeated, sender=sqlite_host.app)
    integration_id = sqlite_host.create_integration()
    send(sqlite_host, integration_id)
    send(sqlite_host, integration_id)
    sqlite_host.post(integration_id, {})

    assert heard == ["repeated", "refused"]


def test_an_accepted_request_is_no_refusal(sqlite_host: Host, connect: Connect) -> None:
    told: list[int] = []

    def listen(app: Flask, *, status: int, **extra: t.Any) -> None:
        told.append(status)

    connect(request_rejected, listen)
    integration_id = sqlite_host.create_integration()
    send(sqlite_host, integration_id)
    send(sqlite_host, integration_id, "resolve", key="unknown")

    assert told == []


# --- What else can happen meanwhile ---


def test_receivers_hear_nothing_of_an_alert_that_is_gone(host: Host, connect: Connect) -> None:
    calls: list[str] = []

    def a_cleaner(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        calls.append("cleaner")
        for model, column in ((host.alerts.AlertEvent, "alert_id"), (host.alerts.Alert, "id")):
            condition = getattr(model, column) == alert.id
            host.db.session.execute(sa.delete(model).where(condition))
        host.db.session.commit()

    def b_listener(app: Flask, **extra: t.Any) -> None:
        calls.append("listener")

    connect(alert_created, a_cleaner)
    connect(alert_created, b_listener)
    outcome = send(host, host.create_integration())

    assert (outcome, calls) == ("created", ["cleaner"])
    assert (host.stored_alerts(), deliver(host)) == ([], 0)


@pytest.mark.parametrize("jump", [-3_600, 3_600])
def test_no_signal_is_lost_when_the_clock_jumps(
    host: Host, connect: Connect, clock: Clock, jump: int
) -> None:
    listener = Listener(RuntimeError("busy"))
    connect(alert_created, listener)
    connect(alert_resolved, listener)
    integration_id = host.create_integration()

    send(host, integration_id)
    clock.advance(jump)
    send(host, integration_id, "resolve")
    clock.advance(-jump + LONG)
    deliver(host)

    assert listener.kinds == ["created", "created", "resolved"]
    assert owed(host) == []


def test_an_event_that_the_session_does_not_show_yet_is_still_owed(
    host: Host, connect: Connect, clock: Clock
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    integration_id = host.create_integration()

    with hiding_alerts(host):
        send(host, integration_id)

    (event,) = host.stored_events()
    assert (listener.heard, event.delivered_at) == ([], None)
    assert f"db.session does not find event {event.id}" in event.last_error
    clock.advance(LONG)
    assert (deliver(host), listener.kinds) == (1, ["created"])


@contextlib.contextmanager
def hiding_alerts(host: Host) -> Iterator[None]:
    """Let the host's session show no alerts, as one does that reads from a replica."""

    def hide(state: orm.ORMExecuteState) -> None:
        if host.alerts.Alert.__mapper__ in state.all_mappers:
            state.statement = t.cast("sa.Select[t.Any]", state.statement).where(sa.false())

    listen(host.db.session, "do_orm_execute", hide)
    yield
    remove(host.db.session, "do_orm_execute", hide)


def test_receivers_of_repetitions_hear_nothing_of_an_alert_that_is_gone(
    sqlite_host: Host, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def repeated(app: Flask, **extra: t.Any) -> None:
        calls.append("repeated")

    connect(alert_repeated, repeated)
    integration_id = sqlite_host.create_integration()
    send(sqlite_host, integration_id)
    announce = Delivery.announce

    def announce_late(delivery: Delivery, change: t.Any) -> None:
        for model in (sqlite_host.alerts.AlertEvent, sqlite_host.alerts.Alert):
            sqlite_host.db.session.execute(sa.delete(model))
        sqlite_host.db.session.commit()
        announce(delivery, change)

    monkeypatch.setattr(Delivery, "announce", announce_late)

    assert send(sqlite_host, integration_id) == "repeated"
    assert calls == []


def test_an_interrupt_ends_the_process_after_the_bookkeeping(
    host: Host, connect: Connect, clock: Clock
) -> None:
    calls: list[str] = []

    def a_returning(app: Flask, **extra: t.Any) -> None:
        calls.append("returning")

    def b_interrupted(app: Flask, **extra: t.Any) -> None:
        calls.append("interrupted")
        if len(calls) == 2:
            raise KeyboardInterrupt

    connect(alert_created, a_returning)
    connect(alert_created, b_interrupted)
    integration_id = host.create_integration()
    with pytest.raises(KeyboardInterrupt):
        send(host, integration_id)
    (event,) = host.stored_events()
    clock.advance(LONG)

    assert event.delivered_at is None
    assert [name.rpartition(".")[2] for name in event.delivered_to] == ["a_returning"]
    assert event.next_attempt_at < clock.time
    assert event.last_error == "The process was interrupted."
    assert deliver(host) == 1
    assert calls == ["returning", "interrupted", "interrupted"]


def test_a_database_that_is_away_while_marking_changes_no_answer(
    tmp_path: Path,
    connect: Connect,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(transactions, "PATIENCE", 0.1)
    other, calls = sqlite3.connect(tmp_path / "host.db", isolation_level=None), list[int]()

    def lock(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        calls.append(event.id)
        if len(calls) == 1:
            other.execute("BEGIN IMMEDIATE")

    connect(alert_created, lock)
    options = {"SQLALCHEMY_ENGINE_OPTIONS": {"connect_args": {"timeout": 0.05}}}
    with running_host(f"sqlite:///{tmp_path / 'host.db'}", config=options) as host:
        outcome = send(host, host.create_integration())
        other.execute("COMMIT")
        (event,) = host.stored_events()
        clock.advance(LEASE)

        (record,) = caplog.records
        assert (outcome, vars(record)["action"]) == ("created", "delivery_failed")
        assert record.getMessage() == "Signals are still owed"
        assert (event.delivered_at, event.attempts) == (None, 1)
        assert (deliver(host), len(calls)) == (1, 2)
        other.close()
