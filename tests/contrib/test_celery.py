"""Delivery by Celery, in one process: what is published, what a task does, what can be wrong."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import socket
import sys
import threading
import typing as t
import uuid
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from celery import Celery
from celery import signals as celery_signals
from celery import Task
from flask import Flask
from flask import has_request_context
from flask_sqlalchemy import SQLAlchemy
from kombu import Queue

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_repeated
from flask_webhook_alerts import clock
from flask_webhook_alerts import ConfigError
from flask_webhook_alerts import receivers
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.contrib import celery as contrib
from flask_webhook_alerts.contrib.celery import CeleryWake
from flask_webhook_alerts.contrib.celery import DELIVER
from flask_webhook_alerts.contrib.celery import SWEEP
from tests.contrib.brokers import Broker
from tests.contrib.brokers import delete_queue
from tests.contrib.brokers import RabbitMQ
from tests.contrib.brokers import Redis
from tests.contrib.celery_host import celery_init_app
from tests.faults.processes import free_port
from tests.hosts import Host
from tests.hosts import running_host
from tests.test_cli import run_json
from tests.test_delivery import Connect
from tests.test_delivery import Listener
from tests.test_delivery import send
from tests.test_housekeeping import store_alert

Settings: t.TypeAlias = dict[str, t.Any]
MakeHost: t.TypeAlias = Callable[..., Host]


@pytest.fixture
def make_host(sqlite_url: str) -> Iterator[MakeHost]:
    """Return a maker of hosts with Celery apps; what was made is ended with the test."""
    with contextlib.ExitStack() as ending:

        def make(url: str = sqlite_url, **celery: t.Any) -> Host:
            return ending.enter_context(celery_host(url, celery))

        yield make


@contextlib.contextmanager
def celery_host(url: str, celery: Settings, **config: t.Any) -> Iterator[Host]:
    """Yield a host whose Celery app has a broker in memory, unless the settings say otherwise."""
    db = SQLAlchemy()
    alerts = AfterCelery(db)
    names = {"broker_url": "memory://", "task_default_queue": f"q{uuid.uuid4().hex}"}
    config |= {"WEBHOOK_ALERTS_DELIVERY": "celery", "CELERY": names | celery}
    with running_host(url, db=db, alerts=alerts, config=config) as host:
        yield host
        host.app.extensions["webhook_alerts"].wake.close()
        host.app.extensions["celery"].close()


class AfterCelery(WebhookAlerts):
    """Alerts of an app that gets its Celery app first."""

    def init_app(self, app: Flask, **options: t.Any) -> None:
        celery_init_app(app)
        super().init_app(app, **options)


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    """A host whose tasks wait in memory."""
    return make_host()


@pytest.fixture
def eager_host(make_host: MakeHost) -> Host:
    """A host whose tasks run at once, as many hosts have it in their tests."""
    return make_host(task_always_eager=True, task_eager_propagates=True)


@pytest.fixture
def attempts() -> Iterator[list[object]]:
    """The bodies of all messages that somebody tried to publish."""
    bodies: list[object] = []

    def note(body: object, **_: object) -> None:
        bodies.append(body)

    celery_signals.before_task_publish.connect(note)
    yield bodies
    celery_signals.before_task_publish.disconnect(note)


def waiting(host: Host) -> list[tuple[str, t.Any]]:
    """Take the messages out of the host's queue; return the task and the body of each."""
    celery: Celery = host.app.extensions["celery"]
    messages: list[tuple[str, t.Any]] = []
    with celery.connection_for_read() as connection, connection.channel() as channel:
        queue = Queue(celery.conf.task_default_queue, channel=channel)
        while message := queue.get(no_ack=True):
            messages.append((message.headers["task"], message.decode()))
    return messages


def run_task(host: Host, name: str, *arguments: object) -> t.Any:
    """Run a task as a worker does, without the broker."""
    task: Task[..., t.Any] = host.app.extensions["celery"].tasks[name]
    return task.apply(arguments, throw=True).result


# --- What is published --------------------------------------------------------------------------


def test_a_message_carries_the_id_of_its_event_and_nothing_else(host: Host) -> None:
    integration_id = host.create_integration()
    for event_type in ("create", "create", "acknowledge", "acknowledge", "resolve", "resolve"):
        send(host, integration_id, event_type)

    messages = waiting(host)

    assert [task for task, _ in messages] == [DELIVER] * 3
    assert [body[:2] for _, body in messages] == [[[e.id], {}] for e in host.stored_events()]


def test_a_task_is_published_after_the_commit(host: Host) -> None:
    seen: list[int] = []

    def look(body: t.Any, **_: object) -> None:
        model = host.alerts.AlertEvent
        with host.db.engine.connect() as other:
            seen.append(other.execute(sa.select(model.id)).scalar_one())
        assert body[0] == (seen[-1],)

    celery_signals.before_task_publish.connect(look)
    send(host, host.create_integration())
    celery_signals.before_task_publish.disconnect(look)

    assert seen == [host.stored_events()[0].id]


def test_each_app_publishes_to_its_own_broker(make_host: MakeHost) -> None:
    one, two = make_host("sqlite://"), make_host("sqlite://")
    send(one, one.create_integration())

    assert (len(waiting(one)), len(waiting(two))) == (1, 0)


def test_what_the_host_routes_goes_there(make_host: MakeHost) -> None:
    queue = f"alerts-{uuid.uuid4().hex}"
    host = make_host(task_routes={"flask_webhook_alerts.*": {"queue": queue}})
    send(host, host.create_integration())
    host.app.extensions["celery"].conf.task_default_queue = queue

    assert [task for task, _ in waiting(host)] == [DELIVER]


def test_receivers_of_events_are_not_called_in_the_request(host: Host, connect: Connect) -> None:
    created, repeated = Listener(), list[str]()

    def hear(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        repeated.append(alert.title)

    connect(alert_created, created)
    connect(alert_repeated, hear)
    integration_id = host.create_integration()
    send(host, integration_id)
    send(host, integration_id)

    assert (created.heard, repeated) == ([], ["Disk full"])
    assert host.stored_events()[0].delivered_at is None


# --- What a task does ---------------------------------------------------------------------------


def test_a_task_calls_the_receivers_in_an_app_context_of_its_own(
    host: Host, connect: Connect
) -> None:
    heard: list[tuple[object, ...]] = []

    def hear(app: Flask, *, alert: t.Any, event: t.Any, **extra: t.Any) -> None:
        heard.append((app, event.kind, alert in host.db.session, has_request_context()))

    connect(alert_created, hear)
    send(host, host.create_integration())
    (event,) = host.stored_events()

    assert [run_task(host, DELIVER, event.id) for _ in range(2)] == [1, 0]
    assert heard == [(host.app, "created", True, False)]
    assert host.stored_events()[0].delivered_at is not None


def test_a_task_for_an_event_that_is_gone_does_nothing(host: Host) -> None:
    assert run_task(host, DELIVER, 4711) == 0


def test_eager_tasks_deliver_before_the_answer(eager_host: Host, connect: Connect) -> None:
    listener = Listener()
    connect(alert_created, listener)
    connect(alert_acknowledged, listener)
    integration_id = eager_host.create_integration()
    send(eager_host, integration_id)
    send(eager_host, integration_id, "acknowledge")

    assert listener.kinds == ["created", "acknowledged"]
    assert all(event.delivered_at for event in eager_host.stored_events())


def test_a_sweep_delivers_what_was_left(host: Host, connect: Connect) -> None:
    listener = Listener()
    connect(alert_created, listener)
    integration_id = host.create_integration()
    send(host, integration_id, key="one")
    send(host, integration_id, key="two")

    assert run_task(host, SWEEP) == {"delivered": 2, "purged": 0}
    assert run_task(host, SWEEP) == {"delivered": 0, "purged": 0}
    assert listener.kinds == ["created", "created"]


def test_a_sweep_leaves_the_rest_to_the_next_one_when_its_time_is_over(
    host: Host, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    send(host, host.create_integration())
    with monkeypatch.context() as patch:
        patch.setattr(contrib, "_LONGEST_SWEEP", -1.0)
        too_late = run_task(host, SWEEP)

    assert too_late["delivered"] == 0
    assert run_task(host, SWEEP)["delivered"] == 1


def test_a_sweep_purges_what_is_kept_no_longer(sqlite_url: str) -> None:
    with celery_host(sqlite_url, {}, WEBHOOK_ALERTS_RETENTION="90d") as host:
        store_alert(host, resolved_at=clock.now() - dt.timedelta(days=91))
        kept = store_alert(host, resolved_at=clock.now() - dt.timedelta(days=89))

        assert run_task(host, SWEEP)["purged"] == 1
        assert [alert.id for alert in host.stored_alerts()] == [kept]


def test_tasks_are_safe_to_lose_and_to_repeat_and_store_no_result(host: Host) -> None:
    for name in (DELIVER, SWEEP):
        task = host.app.extensions["celery"].tasks[name]

        assert (task.ignore_result, task.acks_late, task.max_retries) == (True, True, 0)


def test_a_worker_to_whom_nobody_listens_says_so_once(
    host: Host, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        run_task(host, SWEEP)

    assert caplog.messages.count(f"Hint: {receivers.NOBODY}") == 1


def test_a_worker_to_whom_somebody_listens_has_nothing_to_say(
    host: Host, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()
    connect(alert_acknowledged, listener)
    run_task(host, SWEEP)

    assert "Hint" not in caplog.text


def test_a_task_outside_of_an_app_context_says_what_is_missing(host: Host) -> None:
    with pytest.raises(RuntimeError, match="a task class that pushes one, like FlaskTask"):
        contrib.deliver_event.run(1)


# --- A broker that is away ----------------------------------------------------------------------

SCHEMES = pytest.mark.parametrize("scheme", ["redis://127.0.0.1:{}/0", "amqp://127.0.0.1:{}//"])


@SCHEMES
def test_a_broker_that_is_down_changes_no_answer(
    make_host: MakeHost, scheme: str, attempts: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    host = make_host(broker_url=scheme.format(free_port()))
    threads = threading.active_count()
    integration_id = host.create_integration()
    outcomes = [send(host, integration_id, key=f"alert-{number}") for number in range(5)]

    assert outcomes == ["created"] * 5
    assert len(attempts) == 1
    assert "Connection refused" in caplog.text
    assert all(event.delivered_at is None for event in host.stored_events())
    assert threading.active_count() == threads


@SCHEMES
def test_a_broker_that_says_nothing_is_not_waited_for(
    make_host: MakeHost, scheme: str, attempts: list[object], caplog: pytest.LogCaptureFixture
) -> None:
    with silent_server() as port:
        host = make_host(broker_url=scheme.format(port))
        integration_id = host.create_integration()
        outcomes = [send(host, integration_id, key=f"alert-{number}") for number in range(3)]

    assert outcomes == ["created"] * 3
    assert len(attempts) == 1
    assert "No worker could be woken" in caplog.text


def test_a_connection_that_broke_meanwhile_is_made_anew(
    make_host: MakeHost, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    host = make_host(broker_url=broker.url)
    integration_id = host.create_integration()
    send(host, integration_id, key="before")
    broker.stop()
    broker.start()
    send(host, integration_id, key="after")

    assert "No worker could be woken" not in caplog.text
    assert waiting(host)[-1][1][0] == [host.stored_events()[1].id]
    if isinstance(broker, RabbitMQ):
        delete_queue(host.app.extensions["celery"].conf.task_default_queue)


@pytest.mark.parametrize("limit", [0, 1])
def test_connections_are_kept_as_far_as_the_host_says(
    make_host: MakeHost, redis: Redis, limit: int
) -> None:
    host = make_host(broker_url=redis.url, broker_pool_limit=limit)
    integration_id = host.create_integration()
    for number in range(3):
        send(host, integration_id, key=f"alert-{number}")
    wake = host.app.extensions["webhook_alerts"].wake
    wake.close()
    wake.close()
    send(host, integration_id, key="afterwards")

    assert len(waiting(host)) == 4


def test_a_forked_process_publishes_by_connections_of_its_own(
    make_host: MakeHost, redis: Redis
) -> None:
    host = make_host(broker_url=redis.url)
    wake = host.app.extensions["webhook_alerts"].wake
    wake(0)
    child = os.fork()
    if child == 0:
        publish_and_exit(wake, range(1, 101))
    for event_id in range(101, 201):
        wake(event_id)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert sorted(body[0][0] for _, body in waiting(host)) == list(range(201))


def publish_and_exit(wake: CeleryWake, event_ids: Iterable[int]) -> t.NoReturn:
    """Do that in a forked process, and leave nothing but the status."""
    status = 1
    try:
        for event_id in event_ids:
            wake(event_id)
        status = 0
    finally:
        os._exit(status)


def test_what_was_not_published_is_delivered_by_the_sweep(
    make_host: MakeHost, connect: Connect
) -> None:
    listener = Listener()
    connect(alert_created, listener)
    host = make_host(broker_url=f"redis://127.0.0.1:{free_port()}/0")
    send(host, host.create_integration())

    assert run_task(host, SWEEP)["delivered"] == 1
    assert listener.kinds == ["created"]


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """Yield the port of a server that takes connections in and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


# --- What can be wrong --------------------------------------------------------------------------


@pytest.mark.parametrize("extension", [None, "redis://", object()])
def test_without_a_celery_app_the_start_fails_and_says_what_to_call(extension: object) -> None:
    app = Flask("host")
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", WEBHOOK_ALERTS_DELIVERY="celery")
    if extension is not None:
        app.extensions["celery"] = extension

    with pytest.raises(ConfigError, match=r"Call celery_init_app\(app\).* before alerts.init_app"):
        WebhookAlerts(SQLAlchemy(app), app)
    assert "webhook_alerts" not in app.extensions


def test_without_the_extra_the_start_fails_and_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Flask("host")
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", WEBHOOK_ALERTS_DELIVERY="celery")
    monkeypatch.delitem(sys.modules, "flask_webhook_alerts.contrib.celery")
    monkeypatch.setitem(sys.modules, "celery", None)

    with pytest.raises(ConfigError, match=r"install Flask-Webhook-Alerts\[celery\]"):
        WebhookAlerts(SQLAlchemy(app), app)


def test_an_app_is_put_together_without_the_broker(make_host: MakeHost) -> None:
    host = make_host(broker_url=f"redis://127.0.0.1:{free_port()}/0")

    assert isinstance(host.app.extensions["webhook_alerts"].wake, CeleryWake)


# --- The doctor ---------------------------------------------------------------------------------


def findings(host: Host, *, exit_code: int = 0) -> dict[str, tuple[str, str]]:
    """Return what the doctor says of Celery: level and words, by what it is about."""
    found = run_json(host, "doctor", exit_code=exit_code)["findings"]
    return {
        finding["about"]: (finding["level"], finding["words"])
        for finding in found
        if "Celery" in finding["about"] or finding["about"] == "delivery"
    }


def test_doctor_knows_who_delivers(host: Host) -> None:
    level, words = findings(host)["delivery"]

    assert level == "ok"
    assert "keep a worker and a sweep running" in words


def test_doctor_finds_a_broker_and_misses_a_worker(host: Host) -> None:
    found = findings(host)

    assert found["Celery's broker"] == ("ok", "memory://localhost// answers.")
    assert found["Celery's workers"][0] == "warning"
    assert "celery -A make_celery worker" in found["Celery's workers"][1]


def test_a_client_that_is_not_installed_is_a_problem(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kazoo", None)
    host = make_host(broker_url="zookeeper://localhost")

    level, words = findings(host, exit_code=1)["Celery's broker"]

    assert level == "problem"
    assert "kazoo" in words


@SCHEMES
def test_a_broker_that_is_down_is_a_problem(make_host: MakeHost, scheme: str) -> None:
    host = make_host(broker_url=scheme.format(free_port()).replace("//", "//me:secret@", 1))

    found = findings(host, exit_code=1)

    level, words = found["Celery's broker"]
    assert level == "problem"
    assert "Connection refused" in words
    assert "secret" not in str(found)
    assert "Celery's workers" not in found


def test_a_schedule_without_the_sweep_is_a_note(make_host: MakeHost) -> None:
    with_sweep = make_host(beat_schedule={"sweep": {"task": SWEEP, "schedule": 10.0}})
    without = make_host("sqlite://", beat_schedule={"other": {"task": "other", "schedule": 10.0}})

    assert findings(with_sweep)["Celery's schedule"][0] == "ok"
    level, words = findings(without)["Celery's schedule"]
    assert level == "note"
    assert SWEEP in words
    assert "deliver --every 5" in words
