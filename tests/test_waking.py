"""The seam for task queues: told of each event after its commit, and never in anybody's way."""

from __future__ import annotations

import logging
import threading
import types
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import current_app
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import ConfigError
from flask_webhook_alerts import waking
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.waking import PAUSE
from flask_webhook_alerts.waking import Waker
from tests.hosts import Host
from tests.hosts import running_host
from tests.test_delivery import Clock
from tests.test_delivery import clock as clock  # a fixture
from tests.test_delivery import Connect
from tests.test_delivery import LEASE
from tests.test_delivery import Listener
from tests.test_delivery import LONG
from tests.test_delivery import OF_EVENTS
from tests.test_delivery import send

MANUAL = {"WEBHOOK_ALERTS_DELIVERY": "manual"}


class Queue:
    """What a host's task queue is to us: something that takes ids."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.on_wake: Callable[[int], object] = lambda event_id: None

    def __call__(self, event_id: int) -> None:
        self.ids.append(event_id)
        self.on_wake(event_id)


class WithQueue(WebhookAlerts):
    """Alerts of a host that has a task queue."""

    def __init__(self, db: SQLAlchemy, queue: Queue) -> None:
        super().__init__(db)
        self._queue = queue

    def init_app(self, app: Flask, *, wake: t.Any = None) -> None:
        super().init_app(app, wake=wake or self._queue)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def host(database_url: str, queue: Queue) -> Iterator[Host]:
    """A host with a task queue, on every kind of database."""
    db = SQLAlchemy()
    with running_host(database_url, db=db, alerts=WithQueue(db, queue), config=MANUAL) as host:
        yield host


@pytest.fixture
def sqlite_host(sqlite_url: str, queue: Queue) -> Iterator[Host]:
    """The same for what does not depend on the database."""
    db = SQLAlchemy()
    with running_host(sqlite_url, db=db, alerts=WithQueue(db, queue), config=MANUAL) as host:
        yield host


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the breaker, which stands still until a test changes the number in it."""
    seconds = [1_000.0]
    monkeypatch.setattr(waking, "time", types.SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def deliver_event(host: Host, event_id: int) -> int:
    with host.app.app_context():
        return host.alerts.deliver_event(event_id)


# --- Waking -------------------------------------------------------------------------------------


def test_a_worker_is_woken_with_the_id_of_each_event(host: Host, queue: Queue) -> None:
    integration_id = host.create_integration()
    for event_type in ("create", "create", "acknowledge", "acknowledge", "resolve", "resolve"):
        send(host, integration_id, event_type)

    assert queue.ids == [event.id for event in host.stored_events()]
    assert len(queue.ids) == 3


def test_host_calls_wake_a_worker_too(sqlite_host: Host, queue: Queue) -> None:
    send(sqlite_host, sqlite_host.create_integration())
    with sqlite_host.app.app_context():
        sqlite_host.alerts.resolve(sqlite_host.stored_alerts()[0])

    assert queue.ids == [event.id for event in sqlite_host.stored_events()]


def test_a_woken_worker_can_see_the_event(host: Host, queue: Queue) -> None:
    seen: list[object] = []

    def look(event_id: int) -> None:
        model = host.alerts.AlertEvent
        with host.db.engine.connect() as other:
            seen.append(other.scalar(sa.select(model.kind).where(model.id == event_id)))
            assert current_app.name == "host"

    queue.on_wake = look
    send(host, host.create_integration())

    assert seen == ["created"]


def test_a_worker_that_is_woken_at_once_delivers_in_the_request(
    sqlite_host: Host, queue: Queue, connect: Connect
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    queue.on_wake = lambda event_id: deliver_event(sqlite_host, event_id)
    send(sqlite_host, sqlite_host.create_integration())

    assert listener.kinds == ["created"]
    assert sqlite_host.stored_events()[0].delivered_at is not None


def test_a_wake_that_fails_changes_no_answer_and_the_event_is_owed(
    host: Host, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.on_wake = fail
    integration_id = host.create_integration()

    assert send(host, integration_id) == "created"
    assert host.stored_events()[0].delivered_at is None
    assert "for 5 s events wait for the next sweep" in caplog.text
    assert "the broker is down" in caplog.text


@pytest.mark.parametrize("mode", ["inline", "celery"])
def test_a_wake_that_the_mode_has_no_use_for_is_refused(mode: str, sqlite_url: str) -> None:
    db, queue = SQLAlchemy(), Queue()
    config = {"WEBHOOK_ALERTS_DELIVERY": mode}

    with (
        pytest.raises(ConfigError, match=f'is "{mode}", and wake was given. Set it to "manual"'),
        running_host(sqlite_url, db=db, alerts=WithQueue(db, queue), config=config),
    ):
        pass


# --- The breaker --------------------------------------------------------------------------------


def test_after_a_failure_nobody_is_woken_for_some_seconds(
    seconds: list[float], queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    waker = Waker(queue)
    queue.on_wake = fail
    waker(1)
    waker(2)
    seconds[0] += PAUSE - 0.1
    waker(3)

    assert queue.ids == [1]
    assert len(caplog.records) == 1


def test_after_the_pause_one_event_finds_out_whether_all_is_well(
    seconds: list[float], queue: Queue
) -> None:
    waker = Waker(queue)
    queue.on_wake = fail
    waker(1)
    seconds[0] += PAUSE
    queue.on_wake = lambda event_id: waker(event_id + 100)  # another request, meanwhile
    waker(2)
    queue.on_wake = lambda event_id: None
    waker(3)
    waker(4)

    assert queue.ids == [1, 2, 3, 4]


def test_a_second_failure_begins_a_new_pause(
    seconds: list[float], queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    waker = Waker(queue)
    queue.on_wake = fail
    for event_id in range(1, 6):
        waker(event_id)
        seconds[0] += PAUSE / 2

    assert queue.ids == [1, 3, 5]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3


def test_the_pause_begins_when_the_failure_is_known(seconds: list[float], queue: Queue) -> None:
    waker = Waker(queue)

    def hang(event_id: int) -> None:
        seconds[0] += 10 * PAUSE
        fail(event_id)

    queue.on_wake = hang
    waker(1)
    waker(2)

    assert queue.ids == [1]


def test_requests_that_wait_for_nothing_do_not_wait_for_each_other(queue: Queue) -> None:
    waker, together = Waker(queue), threading.Barrier(4, timeout=10)
    queue.on_wake = lambda event_id: together.wait()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(waker, range(4)))

    assert sorted(queue.ids) == [0, 1, 2, 3]


# --- Delivering one event -----------------------------------------------------------------------


def test_an_event_is_delivered_by_its_id_and_only_once(
    host: Host, queue: Queue, connect: Connect
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    send(host, host.create_integration())
    (event_id,) = queue.ids

    assert [deliver_event(host, event_id) for _ in range(3)] == [1, 0, 0]
    assert listener.heard == [("created", event_id)]
    assert host.stored_events()[0].delivered_at is not None


@pytest.mark.parametrize("event_id", [0, -1, 4711, 2**31 - 1])
def test_an_event_that_is_not_there_is_nothing(host: Host, event_id: int) -> None:
    assert deliver_event(host, event_id) == 0


def test_an_event_whose_alert_was_deleted_is_nothing(
    host: Host, queue: Queue, connect: Connect
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    send(host, host.create_integration())
    with host.app.app_context():
        for model in (host.alerts.AlertEvent, host.alerts.Alert):
            host.db.session.execute(sa.delete(model))
        host.db.session.commit()

    assert deliver_event(host, queue.ids[0]) == 0
    assert listener.heard == []


def test_only_the_events_of_the_same_alert_are_sent(
    host: Host, queue: Queue, connect: Connect
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    integration_id = host.create_integration()
    send(host, integration_id, key="one")
    send(host, integration_id, key="two")

    assert deliver_event(host, queue.ids[1]) == 1
    assert listener.heard == [("created", queue.ids[1])]


@pytest.mark.parametrize("woken", [0, 1, 2])
def test_whichever_event_wakes_a_worker_those_of_its_alert_are_sent_in_order(
    host: Host, queue: Queue, connect: Connect, woken: int
) -> None:
    listener = Listener()
    for signal in OF_EVENTS:
        connect(signal, listener)
    integration_id = host.create_integration()
    for event_type in ("create", "acknowledge", "resolve"):
        send(host, integration_id, event_type)

    assert deliver_event(host, queue.ids[woken]) == 3
    assert listener.kinds == ["created", "acknowledged", "resolved"]


def test_an_event_that_another_holds_is_left_to_that_one(
    host: Host, queue: Queue, connect: Connect
) -> None:
    calls: list[int] = []

    def wake_again(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        calls.append(host.alerts.deliver_event(event.id))

    connect(alert_created, wake_again)
    send(host, host.create_integration())

    assert deliver_event(host, queue.ids[0]) == 1
    assert calls == [0]


def test_later_events_wait_for_one_that_is_held(host: Host, queue: Queue, connect: Connect) -> None:
    listener, inside = Listener(), list[int]()

    def resolve_meanwhile(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        host.alerts.resolve(alert.id)
        inside.append(host.alerts.deliver_event(queue.ids[-1]))

    connect(alert_created, resolve_meanwhile)
    connect(alert_resolved, listener)
    send(host, host.create_integration())

    assert deliver_event(host, queue.ids[0]) == 2  # whoever ends looks for what has waited
    assert inside == [0]
    assert listener.heard == [("resolved", queue.ids[1])]


def test_a_failed_event_waits_for_its_time_however_often_a_worker_is_woken(
    host: Host, queue: Queue, connect: Connect, clock: Clock
) -> None:
    listener = Listener(ValueError("no pager"))
    connect(alert_created, listener)
    connect(alert_acknowledged, listener)
    integration_id = host.create_integration()
    send(host, integration_id)
    first = deliver_event(host, queue.ids[0])
    send(host, integration_id, "acknowledge")
    meanwhile = [deliver_event(host, event_id) for event_id in queue.ids]
    clock.advance(LONG)

    assert (first, meanwhile) == (0, [0, 0])
    assert deliver_event(host, queue.ids[1]) == 2
    assert listener.kinds == ["created", "created", "acknowledged"]


def test_an_event_of_a_dead_worker_is_due_when_its_lease_ends(
    host: Host, queue: Queue, connect: Connect, clock: Clock
) -> None:
    listener = Listener(KeyboardInterrupt())
    connect(alert_created, listener)
    send(host, host.create_integration())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flask_webhook_alerts.delivery.Delivery._mark", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            deliver_event(host, queue.ids[0])
    clock.advance(LEASE - 1)
    held = deliver_event(host, queue.ids[0])
    clock.advance(1)

    assert (held, deliver_event(host, queue.ids[0])) == (0, 1)


def test_a_dead_event_is_left_alone(host: Host, queue: Queue, connect: Connect) -> None:
    listener = Listener()
    connect(alert_created, listener)
    send(host, host.create_integration())
    with host.app.app_context():
        host.db.session.execute(
            sa.update(host.alerts.AlertEvent).values(attempts=10, next_attempt_at=None)
        )
        host.db.session.commit()

    assert deliver_event(host, queue.ids[0]) == 0
    assert listener.heard == []


def test_a_worker_whose_clock_is_behind_delivers_what_nobody_has_tried(
    host: Host, queue: Queue, connect: Connect, clock: Clock
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    send(host, host.create_integration())
    clock.advance(-2)

    assert deliver_event(host, queue.ids[0]) == 1
    assert listener.kinds == ["created"]


def test_workers_that_are_woken_at_once_call_a_receiver_once(
    host: Host, queue: Queue, connect: Connect
) -> None:
    calls, together = list[int](), threading.Barrier(3, timeout=20)

    def hear(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        calls.append(event.id)

    def work(event_id: int) -> int:
        together.wait()
        return deliver_event(host, event_id)

    connect(alert_created, hear)
    integration_id = host.create_integration()
    for number in range(8):
        send(host, integration_id, key=f"alert-{number}")
    with ThreadPoolExecutor(3) as pool:
        delivered = [sum(pool.map(work, [event_id] * 3)) for event_id in queue.ids]

    assert delivered == [1] * 8
    assert sorted(calls) == sorted(queue.ids)


def test_changes_that_are_pending_are_refused(host: Host) -> None:
    with host.app.app_context():
        host.db.session.add(host.alerts.Integration(name="pending"))
        with pytest.raises(RuntimeError, match="not committed"):
            host.alerts.deliver_event(1)


def fail(_event_id: int) -> t.NoReturn:
    raise OSError("the broker is down")
