"""The held clock: what this extension stamps, and what it lets end."""

from __future__ import annotations

import datetime as dt
import threading
import typing as t

from flask_webhook_alerts import clock
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import HeldClock
from flask_webhook_alerts.testing import IntegrationFactory
from flask_webhook_alerts.testing import Plain
from tests.hosts import Host
from tests.kit.conftest import sender_to

MONDAY = dt.datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=dt.UTC)
TOKYO = dt.timezone(dt.timedelta(hours=9))


def test_every_time_of_every_row_is_the_clocks(any_host: Host) -> None:
    with HeldClock(MONDAY) as held:
        sender = sender_to(any_host)
        alert = sender().alert
        held.move(minutes=5)
        sender()
        held.move(minutes=5)
        sender(Plain().acknowledge())
        held.move(minutes=5)
        done = sender(Plain().resolve()).alert

    five = dt.timedelta(minutes=5)
    with any_host.app.app_context():
        integration: t.Any = any_host.session.get(
            any_host.alerts.Integration, sender.integration_id
        )
        assert (integration.created_at, integration.updated_at) == (MONDAY, MONDAY)
    assert (alert.created_at, alert.last_received_at) == (MONDAY, MONDAY)
    assert (done.created_at, done.last_received_at) == (MONDAY, MONDAY + five)
    assert (done.acknowledged_at, done.resolved_at) == (MONDAY + 2 * five, MONDAY + 3 * five)
    assert [event.at for event in any_host.stored_events()] == [
        MONDAY,
        MONDAY + 2 * five,
        MONDAY + 3 * five,
    ]


def test_a_change_of_a_row_is_stamped_by_it_too(any_host: Host) -> None:
    integration_id = any_host.create_integration()
    with HeldClock(MONDAY + dt.timedelta(days=999)) as held, any_host.app.app_context():
        integration: t.Any = any_host.session.get(any_host.alerts.Integration, integration_id)
        integration.enabled = False
        any_host.session.commit()

        assert integration.updated_at == held.now


def test_it_stands_at_the_present_unless_told_otherwise() -> None:
    before = dt.datetime.now(dt.UTC)
    held = HeldClock()

    assert before <= held.now <= dt.datetime.now(dt.UTC)


def test_it_takes_any_zone_and_none() -> None:
    in_tokyo, naive = HeldClock(MONDAY.astimezone(TOKYO)), HeldClock(MONDAY.replace(tzinfo=None))

    assert in_tokyo.now == naive.now == MONDAY
    assert in_tokyo.now.tzinfo is naive.now.tzinfo is dt.UTC
    assert repr(naive) == "<HeldClock 2026-05-04T12:00:00.123456+00:00>"


def test_it_is_frozen_and_moved() -> None:
    with HeldClock() as held:
        held.freeze(MONDAY.replace(tzinfo=None))
        assert clock.now() == MONDAY
        held.move(days=1, hours=-1, minutes=2, seconds=0.5)
        assert clock.now() == MONDAY + dt.timedelta(hours=23, minutes=2, seconds=0.5)
        held.move(hours=-48)
        assert clock.now() < MONDAY


def test_it_holds_for_all_threads_and_until_it_ends() -> None:
    seen: list[dt.datetime] = []
    with HeldClock(MONDAY):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()

    assert seen == [MONDAY]
    assert clock.now() != MONDAY


def test_the_inner_of_two_clocks_counts() -> None:
    later = MONDAY + dt.timedelta(days=1)
    with HeldClock(MONDAY):
        with HeldClock(later):
            assert clock.now() == later
        assert clock.now() == MONDAY


def test_a_token_ends_when_the_clock_is_moved(sqlite_host: Host) -> None:
    with HeldClock() as held:
        integration = IntegrationFactory(sqlite_host.app)(token="old")
        with sqlite_host.app.app_context():
            sqlite_host.alerts.rotate_token(integration, keep_for=dt.timedelta(hours=1))
        sender = AlertSender(sqlite_host.app, integration, token="old")

        assert sender().is_accepted
        held.move(hours=1)
        sender(expect=403)
