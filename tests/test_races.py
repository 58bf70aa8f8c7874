"""Many senders at once: one active alert per Id, no step back, and each event in its turn."""

from __future__ import annotations

import itertools
import random
import threading
import time
import typing as t
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import Unavailable
from flask_webhook_alerts.store.changes import SteppedChanges
from tests.hosts import Host
from tests.hosts import running_host

Connect: t.TypeAlias = Callable[..., None]
Op: t.TypeAlias = tuple[str, str]

TYPES = ("create", "acknowledge", "resolve")
STATUS = {"created": "open", "acknowledged": "acknowledged", "resolved": "resolved"}
LEGAL = (
    ["created"],
    ["created", "acknowledged"],
    ["created", "resolved"],
    ["created", "acknowledged", "resolved"],
)
"""What can happen to one alert."""


@pytest.fixture
def wide_host(database_url: str) -> Iterator[Host]:
    """A host that serves many threads at once."""
    options: dict[str, t.Any] = {"pool_size": 30, "max_overflow": 0, "pool_timeout": 30}
    if database_url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 30}
    with running_host(database_url, config={"SQLALCHEMY_ENGINE_OPTIONS": options}) as host:
        yield host


def post(host: Host, integration_id: str, op: Op) -> str:
    """Post an event and return the outcome."""
    event_type, key = op
    payload = {"event_type": event_type, "Id": key, "Title": "Disk full", "Description": "/var"}
    answer = host.post(integration_id, payload)
    assert answer.status_code == 200, answer.json
    return str(t.cast(t.Any, answer.json)["outcome"])


def post_at_once(host: Host, integration_id: str, ops: Sequence[Op]) -> list[str]:
    """Post every event from a thread of its own, all at the same moment."""
    start = threading.Barrier(len(ops))

    def work(op: Op) -> str:
        start.wait(30)
        return post(host, integration_id, op)

    with ThreadPoolExecutor(len(ops)) as pool:
        return list(pool.map(work, ops))


def walks(host: Host) -> list[list[str]]:
    """Return the kinds of the events of each alert, in their order."""
    by_alert: dict[int, list[str]] = {alert.id: [] for alert in host.stored_alerts()}
    for event in host.stored_events():
        by_alert[event.alert_id].append(event.kind)
    return list(by_alert.values())


def test_simultaneous_creates_of_one_id_are_one_alert(wide_host: Host) -> None:
    integration_id = wide_host.create_integration()
    outcomes = post_at_once(wide_host, integration_id, [("create", "disk")] * 64)

    (alert,) = wide_host.stored_alerts()
    assert Counter(outcomes) == {"created": 1, "repeated": 63}
    assert (alert.occurrences, walks(wide_host)) == (64, [["created"]])


def test_simultaneous_creates_of_many_ids_are_one_alert_each(wide_host: Host) -> None:
    integration_id = wide_host.create_integration()
    ops = [("create", f"disk {number % 16}") for number in range(64)]
    outcomes = post_at_once(wide_host, integration_id, ops)

    assert Counter(outcomes) == {"created": 16, "repeated": 48}
    assert [alert.occurrences for alert in wide_host.stored_alerts()] == [4] * 16


def test_acknowledge_and_resolve_at_once_never_leave_a_resolved_alert_acknowledged(
    wide_host: Host,
) -> None:
    integration_id = wide_host.create_integration()
    ops = [[(event_type, f"disk {number}") for event_type in TYPES] for number in range(50)]
    for create, *_ in ops:
        post(wide_host, integration_id, create)
    outcomes = Counter[str]()
    for first in range(0, 50, 10):
        both = [op for _, *rest in ops[first : first + 10] for op in rest]
        outcomes.update(post_at_once(wide_host, integration_id, both))

    states = {(alert.status, alert.active_key) for alert in wide_host.stored_alerts()}
    acknowledged = sum("acknowledged" in walk for walk in walks(wide_host))
    assert states == {("resolved", None)}
    assert (outcomes["resolved"], outcomes["acknowledged"]) == (50, acknowledged)
    assert outcomes["ignored"] == 50 - acknowledged
    assert all(walk in LEGAL[2:] for walk in walks(wide_host))


def test_a_race_between_host_code_and_a_sender_has_one_winner(wide_host: Host) -> None:
    integration_id = wide_host.create_integration()
    for number in range(10):
        post(wide_host, integration_id, ("create", f"disk {number}"))
    start = threading.Barrier(20)

    def by_host(alert_id: int) -> str:
        start.wait(30)
        with wide_host.app.app_context():
            return wide_host.alerts.resolve(alert_id, by="ann").outcome

    def by_sender(key: str) -> str:
        start.wait(30)
        return post(wide_host, integration_id, ("resolve", key))

    alerts = wide_host.stored_alerts()
    with ThreadPoolExecutor(20) as pool:
        by_hosts = pool.map(by_host, [alert.id for alert in alerts])
        by_senders = pool.map(by_sender, [alert.thirdparty_id for alert in alerts])
        pairs = [sorted(pair) for pair in zip(by_hosts, by_senders, strict=True)]

    assert pairs == [["ignored", "resolved"]] * 10
    assert walks(wide_host) == [["created", "resolved"]] * 10


def test_an_event_that_loses_every_race_is_answered_with_503(
    sqlite_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []
    integration_id = sqlite_host.create_integration()
    post(sqlite_host, integration_id, ("create", "disk"))
    # As if others resolved and created the alert again between our write and our look at it.
    monkeypatch.setattr(SteppedChanges, "transition", lambda *_: tries.append("tried"))
    payload = {"event_type": "resolve", "Id": "disk"}
    answer = sqlite_host.post(integration_id, payload)

    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert 1 < len(tries) <= 10
    (alert,) = sqlite_host.stored_alerts()
    with sqlite_host.app.app_context(), pytest.raises(Unavailable, match=r"^Other events keep"):
        sqlite_host.alerts.resolve(alert.id)


@pytest.mark.parametrize("seed", [1, 2])
def test_in_a_storm_every_alert_walks_legally_and_only_one_is_active(
    wide_host: Host, seed: int
) -> None:
    integration_id = wide_host.create_integration()
    outcomes = Counter(post_in_a_storm(wide_host, integration_id, seed))

    alerts = wide_host.stored_alerts()
    assert all(walk in LEGAL for walk in walks(wide_host))
    assert [alert.status for alert in alerts] == [STATUS[walk[-1]] for walk in walks(wide_host)]
    for _, same_key in itertools.groupby(
        sorted(alerts, key=lambda alert: (alert.thirdparty_id, alert.id)),
        key=lambda alert: alert.thirdparty_id,
    ):
        assert {alert.status for alert in list(same_key)[:-1]} <= {"resolved"}
    assert (outcomes["created"], sum(alert.occurrences for alert in alerts)) == (
        len(alerts),
        outcomes["created"] + outcomes["repeated"],
    )


def test_in_a_storm_each_event_is_told_once_and_in_its_turn(
    wide_host: Host, connect: Connect
) -> None:
    told: list[tuple[int, str]] = []

    def listen(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        alert_id, kind = event.alert_id, event.kind
        told.append((alert_id, kind))
        time.sleep(0.002)
        told.append((alert_id, "end"))

    for signal in (alert_created, alert_acknowledged, alert_resolved):
        connect(signal, listen)
    post_in_a_storm(wide_host, wide_host.create_integration(), seed=3)

    events = wide_host.stored_events()
    assert [event.kind for event in events if event.delivered_at is None] == []
    for alert in wide_host.stored_alerts():
        in_turn = [
            kind for event in events if event.alert_id == alert.id for kind in (event.kind, "end")
        ]
        assert [kind for alert_id, kind in told if alert_id == alert.id] == in_turn


def post_in_a_storm(host: Host, integration_id: str, seed: int) -> list[str]:
    """Post events of a few Ids from many threads, in any order; return the outcomes."""
    counts = {"create": 3, "acknowledge": 3, "resolve": 3}
    ops = [
        (event_type, f"disk {number}")
        for number in range(10)
        for event_type, count in counts.items()
        for _ in range(count)
    ]
    random.Random(seed).shuffle(ops)
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda op: post(host, integration_id, op), ops))


def test_threads_take_turns_on_a_database_in_memory() -> None:
    with running_host("sqlite://") as host:
        integration_id = host.create_integration()
        ops = [("create", str(number)) for number in range(200)]
        with ThreadPoolExecutor(4) as threads:
            outcomes = Counter(threads.map(lambda op: post(host, integration_id, op), ops))

        assert outcomes == {"created": len(ops)}
        assert len(host.stored_alerts()) == len(host.stored_events()) == len(ops)
