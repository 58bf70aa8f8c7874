"""The commands that keep things running: deliver and purge."""

from __future__ import annotations

import datetime as dt
import json
import re
import signal
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import Flask

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import clock
from tests.conftest import PostEvent
from tests.hosts import Host
from tests.hosts import MakeWiring
from tests.hosts import on_both
from tests.hosts import running_host
from tests.test_cli import execute
from tests.test_cli import host_with_notes
from tests.test_cli import MISSING
from tests.test_cli import run
from tests.test_cli import run_json

MANUAL = {"WEBHOOK_ALERTS_DELIVERY": "manual"}
EVENT = {"event_type": "create", "Id": "1", "Title": "Disk full", "Description": "/var"}

heard: list[int] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    heard.clear()


@pytest.fixture
def manual_host(database_url: str, make_wiring: MakeWiring) -> Iterator[Host]:
    """A host on every kind of database whose signals wait for the command."""
    wiring = make_wiring()
    with running_host(database_url, db=wiring.db, alerts=wiring.alerts, config=MANUAL) as host:
        yield host


@pytest.fixture
def manual_sqlite_host(sqlite_url: str) -> Iterator[Host]:
    """The same for what does not depend on the database."""
    with running_host(sqlite_url, config=MANUAL) as host:
        yield host


def post(host: Host, *keys: str) -> None:
    """Post creates through one new integration."""
    integration_id = host.create_integration()
    for key in keys:
        assert host.post(integration_id, {**EVENT, "Id": key}).status_code == 200


@on_both
def test_deliver_sends_what_is_owed(manual_host: Host, connect: Callable[..., None]) -> None:
    connect(alert_created, hear)
    post(manual_host, "1", "2")

    result = run(manual_host, "deliver")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "Delivered 2 events; 0 owed, 0 dead.\n"
    assert len(heard) == 2
    assert run(manual_host, "deliver").stdout == "Delivered 0 events; 0 owed, 0 dead.\n"


def test_deliver_says_how_many_are_left(
    manual_host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_webhook_alerts.delivery.MAX_ATTEMPTS", 1)
    connect(alert_created, fail)
    post(manual_host, "1", "2")

    result = run_json(manual_host, "deliver", "--limit", "1")

    assert result == {"delivered": 0, "revived": 0, "purged": 0, "owed": 1, "dead": 1}


def test_deliver_tries_dead_events_again_when_told(
    manual_host: Host, connect: Callable[..., None]
) -> None:
    connect(alert_created, hear)
    post(manual_host, "1")
    execute(manual_host, "UPDATE webhook_alert_event SET attempts = 10, next_attempt_at = NULL")

    left = run(manual_host, "deliver")
    revived = run(manual_host, "deliver", "--dead")

    assert left.stdout == "Delivered 0 events; 0 owed, 1 dead.\n"
    assert revived.stdout == "Revived 1 dead event. Delivered 1 event; 0 owed, 0 dead.\n"


def test_deliver_hints_that_nobody_listens(manual_sqlite_host: Host) -> None:
    result = run(manual_sqlite_host, "deliver")

    assert "Hint: no receivers are connected in this process" in result.stderr


def test_deliver_goes_on_until_it_is_told_to_stop(
    manual_sqlite_host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(alert_created, hear)
    post(manual_sqlite_host, "1")
    rounds: list[Callable[[], object]] = [
        lambda: None,  # nothing happened, so nothing is said
        lambda: post(manual_sqlite_host, "2", "3"),
        lambda: signal.raise_signal(signal.SIGTERM),
    ]
    monkeypatch.setattr("time.sleep", lambda _seconds: rounds.pop(0)())

    result = run(manual_sqlite_host, "deliver", "--every", "0.000001", "--json")

    assert (result.exit_code, rounds) == (0, [])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["delivered"] for line in lines] == [1, 2]


def test_deliver_pauses_between_the_rounds(
    manual_sqlite_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 4:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setattr("time.monotonic", lambda: sum(slept))

    result = run(manual_sqlite_host, "deliver", "--every", "0.6")

    assert result.exit_code == 0
    assert slept == pytest.approx([0.25, 0.25, 0.1, 0.25])


def test_deliver_survives_a_database_that_is_away(
    host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(alert_created, hear)
    with host.app.app_context():
        host.db.drop_all()

    def come_back() -> None:
        with host.app.app_context():
            host.db.create_all()

    rounds: list[Callable[[], object]] = [come_back, lambda: signal.raise_signal(signal.SIGTERM)]
    monkeypatch.setattr("time.sleep", lambda _seconds: rounds.pop(0)())

    result = run(host, "deliver", "--every", "0.000001")

    assert result.exit_code == 0
    assert f"{MISSING} Run 'flask db upgrade', or create_all()." in result.stderr
    assert "The next try is in 1e-06 s." in result.stderr
    assert result.stdout == "Delivered 0 events; 0 owed, 0 dead.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", [[], ["--every", "5"]])
def test_a_signal_ends_it_after_the_event_in_hand(
    manual_host: Host, connect: Callable[..., None], number: int, options: list[str]
) -> None:
    before = signal.getsignal(number)

    def stop(_app: Flask, **_extra: t.Any) -> None:
        signal.raise_signal(number)
        heard.append(1)

    connect(alert_created, stop)
    post(manual_host, "1", "2")

    result = run(manual_host, "deliver", *options)

    assert result.exit_code == 0
    assert result.stdout == "Delivered 1 event; 1 owed, 0 dead.\n"
    assert heard == [1]
    assert signal.getsignal(number) is before


def test_a_second_signal_ends_it_at_once_and_loses_nothing(
    manual_host: Host, connect: Callable[..., None]
) -> None:
    def stop(_app: Flask, **_extra: t.Any) -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)

    connect(alert_created, stop)
    post(manual_host, "1")

    result = run(manual_host, "deliver", "--every", "5")

    (event,) = manual_host.stored_events()
    assert result.exit_code == 1
    assert "Aborted!" in result.stderr
    assert (event.delivered_at, event.last_error) == (None, "The process was interrupted.")


@pytest.mark.parametrize(
    "options", [["--every", "0"], ["--every", "nan"], ["--every", "often"], ["--limit", "0"]]
)
def test_deliver_wants_numbers_that_make_sense(sqlite_host: Host, options: list[str]) -> None:
    assert run(sqlite_host, "deliver", *options).exit_code == 2


@on_both
def test_purge_deletes_what_was_resolved_long_ago(
    post_event: PostEvent, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("1", "2", "3", "open"):
        post_event(key=key)
    for key in ("1", "2", "3"):
        post_event("resolve", key=key)
    pass_time(monkeypatch, days=91)
    post_event(key="recent")
    post_event("resolve", key="recent")

    result = run(host, "purge", "--resolved-before", "90d", "--batch", "2", "--yes")

    assert result.exit_code == 0
    assert result.stdout == "Deleted 3 alerts.\n"
    assert [alert.thirdparty_id for alert in host.stored_alerts()] == ["open", "recent"]
    assert len(host.stored_events()) == 3


def test_purge_leaves_alerts_with_events_owed_alone(
    manual_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(manual_host, "owed", "dead")
    for alert in manual_host.stored_alerts():
        run(manual_host, "alerts", "resolve", alert.id)
    dead = manual_host.stored_alerts()[1]
    execute(
        manual_host,
        f"UPDATE webhook_alert_event SET next_attempt_at = NULL WHERE alert_id = {dead.id}",
    )
    pass_time(monkeypatch, days=1)

    assert run_json(manual_host, "purge", "--resolved-before", "1h", "--yes")["deleted"] == 1
    assert [alert.thirdparty_id for alert in manual_host.stored_alerts()] == ["owed"]


def test_purge_asks_first(
    post_event: PostEvent, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_event()
    post_event("resolve")
    pass_time(monkeypatch, days=1)

    refused = run(host, "purge", "--resolved-before", "0s", input="n\n")
    silent = run(host, "purge", "--resolved-before", "0s")
    left = len(host.stored_alerts())
    agreed = run(host, "purge", "--resolved-before", "0s", input="y\n")

    question = r"Delete 1 alert, resolved before \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, for ever\?"
    assert re.search(question, refused.stderr)
    assert (refused.exit_code, silent.exit_code, left) == (1, 1, 1)
    assert agreed.exit_code == 0
    assert host.stored_alerts() == []


def test_purge_has_nothing_to_ask_if_there_is_nothing_to_do(sqlite_host: Host) -> None:
    record = run_json(sqlite_host, "purge", "--resolved-before", "1w")

    assert record["deleted"] == 0
    assert record["resolved_before"].endswith("+00:00")


def test_purge_leaves_alerts_that_rows_of_the_host_refer_to_and_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with host_with_notes(database_url) as host:
        post(host, "1", "2", "3")
        for alert in host.stored_alerts():
            run(host, "alerts", "resolve", alert.id)
        noted = host.stored_alerts()[1]
        execute(host, f"INSERT INTO note VALUES ({noted.id})")
        pass_time(monkeypatch, days=1)

        result = run(host, "purge", "--resolved-before", "1h", "--yes")
        record = run_json(host, "purge", "--resolved-before", "1h", "--yes")

        assert result.exit_code == 0
        assert result.stdout == "Deleted 2 alerts.\nLeft 1 alert that rows of your app refer to.\n"
        assert "ON DELETE CASCADE or SET NULL" in result.stderr
        assert (record["deleted"], record["left"]) == (0, 1)
        assert [alert.thirdparty_id for alert in host.stored_alerts()] == ["2"]
        assert len(host.stored_events()) == 2


def pass_time(monkeypatch: pytest.MonkeyPatch, **time: float) -> None:
    """Let our clock go ahead."""
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + dt.timedelta(**time))


def hear(_app: Flask, event: t.Any, **_extra: t.Any) -> None:
    heard.append(event.id)


def fail(_app: Flask, **_extra: t.Any) -> None:
    raise ValueError("no pager")
