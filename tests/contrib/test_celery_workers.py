"""Celery's own workers on real brokers: each event once, and none is lost by a fault."""

from __future__ import annotations

import random
import threading

import pytest

from flask_webhook_alerts import waking
from tests.contrib.brokers import Broker
from tests.contrib.brokers import Redis
from tests.contrib.conftest import MakeSite
from tests.contrib.sites import Site
from tests.contrib.sites import Worker

KILLS = 6
RECEIVERS = 2


def test_two_workers_and_a_sweep_call_each_receiver_once(make_site: MakeSite) -> None:
    site = make_site()
    site.start_workers(2)
    site.start_beat()
    statuses = site.post_lives(f"alert-{number}" for number in range(50))
    site.wait_until_delivered()
    level, words = site.examine()["Celery's workers"]

    assert statuses == [200] * 150
    assert (level, words.count("worker-0@"), words.count("worker-1@")) == ("ok", 1, 1)
    assert len(site.calls()) == 150 * RECEIVERS
    assert site.told() == site.expected()
    assert_order_is_kept(site)


@pytest.mark.faults
def test_workers_that_are_killed_lose_nothing(make_site: MakeSite) -> None:
    site = make_site(lease=1, receivers_take=0.03)
    workers = site.start_workers(2)
    site.start_beat()
    killer = threading.Thread(target=kill_and_start_again, args=(workers,))
    killer.start()
    statuses = []
    for number in range(100):
        statuses += site.post_lives([f"alert-{number}"])
        killer.join(0.1)
    killer.join()
    site.wait_until_delivered()

    assert statuses == [200] * 300
    assert site.told() == site.expected()
    # A worker has two processes, each with one event in hand.
    assert len(site.calls()) <= (300 + 2 * KILLS) * RECEIVERS
    assert_order_is_kept(site)


@pytest.mark.faults
def test_a_broker_that_stops_and_comes_back_costs_nothing_and_loses_nothing(
    make_site: MakeSite,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(waking, "PAUSE", 1.0)
    site = make_site()
    site.start_workers(2)
    site.start_beat()
    before = site.post_lives(f"before-{number}" for number in range(10))
    threads = threading.active_count()
    broker.stop()
    meanwhile = site.post_lives(f"meanwhile-{number}" for number in range(20))
    failures = sum("No worker could be woken" in text for text in caplog.messages)
    broker.start()
    after = site.post_lives(f"after-{number}" for number in range(10))
    site.wait_until_delivered()

    assert before + meanwhile + after == [200] * 120
    assert 1 <= failures < len(meanwhile) / 2
    assert threading.active_count() <= threads + 1  # the way to RabbitMQ is a thread of the test's
    assert site.told() == site.expected()
    assert_order_is_kept(site)


@pytest.mark.faults
@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_a_broker_that_hangs_keeps_no_request(
    make_site: MakeSite, broker: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    site = make_site()
    before = site.post_lives(["before"])
    broker.freeze()
    meanwhile = site.post_lives(f"meanwhile-{number}" for number in range(5))

    assert before + meanwhile == [200] * 18
    assert len(site.owed()) == 18
    assert "Timeout reading from socket" in caplog.text


def kill_and_start_again(workers: list[Worker]) -> None:
    for _ in range(KILLS):
        worker = random.choice(workers)
        worker.kill()
        worker.start()


def assert_order_is_kept(site: Site) -> None:
    """Assert that no receiver heard of a later event of an alert before an earlier one."""
    heard: dict[tuple[str, int], list[int]] = {}
    for call in dict.fromkeys(site.calls()):
        heard.setdefault((call.receiver, call.alert), []).append(call.event)

    assert [events for events in heard.values() if events != sorted(events)] == []
