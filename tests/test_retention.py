"""What is kept too long goes: at most once an hour, a little at a time, and never what is owed."""

from __future__ import annotations

import datetime as dt
import functools
import json
import signal
import types
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import Flask

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import clock
from flask_webhook_alerts import retention
from flask_webhook_alerts import Unavailable
from flask_webhook_alerts.database import Database
from flask_webhook_alerts.purging import Purge
from flask_webhook_alerts.retention import Retention
from tests.hosts import Host
from tests.hosts import running_host
from tests.test_cli import run
from tests.test_cli import run_json
from tests.test_housekeeping import DELIVERED
from tests.test_housekeeping import host_with_pages
from tests.test_housekeeping import OWED
from tests.test_housekeeping import refer_to
from tests.test_housekeeping import store_alert

KEEP = {"WEBHOOK_ALERTS_RETENTION": "90d", "WEBHOOK_ALERTS_DELIVERY": "manual"}
HOUR = 3_600.0


@pytest.fixture
def host(database_url: str) -> Iterator[Host]:
    """A host that keeps resolved alerts for 90 days, on every kind of database."""
    with running_host(database_url, config=KEEP) as host:
        yield host


@pytest.fixture
def sqlite_host(sqlite_url: str) -> Iterator[Host]:
    """The same for what does not depend on the database."""
    with running_host(sqlite_url, config=KEEP) as host:
        yield host


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time of the purge, which stands still until a test changes the number in it."""
    seconds = [1_000.0]
    monkeypatch.setattr(retention, "time", types.SimpleNamespace(monotonic=lambda: seconds[0]))
    return seconds


def store_old(host: Host, *, days: float = 91, **values: t.Any) -> int:
    """Store an alert that was resolved so long ago."""
    resolved_at = clock.now() - dt.timedelta(days=days)
    return store_alert(host, resolved_at=resolved_at, **values)


def purge_some(host: Host) -> int:
    with host.app.app_context():
        return t.cast(int, host.app.extensions["webhook_alerts"].retention.purge_some())


def stored_ids(host: Host) -> list[int]:
    return [alert.id for alert in host.stored_alerts()]


def test_alerts_that_were_resolved_long_ago_go_with_their_events(host: Host) -> None:
    store_old(host, events=[DELIVERED, DELIVERED])
    kept = [store_old(host, days=89), store_old(host, status="open", events=[DELIVERED])]

    assert purge_some(host) == 1
    assert stored_ids(host) == kept
    assert [event.alert_id for event in host.stored_events()] == [kept[1]]


def test_what_is_owed_is_kept(host: Host) -> None:
    kept = store_old(host, events=[OWED])
    store_old(host)

    assert purge_some(host) == 1
    assert stored_ids(host) == [kept]


def test_without_a_retention_all_is_kept(sqlite_url: str) -> None:
    with running_host(sqlite_url) as host:
        kept = store_old(host, days=9_999)

        assert purge_some(host) == 0
        assert stored_ids(host) == [kept]


def test_it_purges_once_an_hour(sqlite_host: Host, seconds: list[float]) -> None:
    store_old(sqlite_host)
    first = purge_some(sqlite_host)
    kept = store_old(sqlite_host)
    seconds[0] += HOUR - 1
    too_early = purge_some(sqlite_host)
    seconds[0] += 1

    assert (first, too_early) == (1, 0)
    assert stored_ids(sqlite_host) == [kept]
    assert purge_some(sqlite_host) == 1


def test_each_sweep_goes_on_where_the_last_one_stopped(
    sqlite_host: Host, seconds: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Purge, "run", functools.partialmethod(Purge.run, 2))
    monkeypatch.setattr("time.sleep", lambda _seconds: seconds.__setitem__(0, seconds[0] + 0.6))
    for _ in range(7):
        store_old(sqlite_host)

    # A second is over after the third batch, or the second if it began with a pause.
    assert [purge_some(sqlite_host) for _ in range(4)] == [6, 1, 0, 0]
    assert stored_ids(sqlite_host) == []


def test_a_sweep_that_finds_another_one_at_it_leaves_it_alone(
    sqlite_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside: list[int] = []

    def run_slowly(_purge: Purge) -> Iterator[int]:
        inside.append(purge_some(sqlite_host))
        yield 5

    monkeypatch.setattr(Purge, "run", run_slowly)

    assert purge_some(sqlite_host) == 5
    assert inside == [0]


def test_alerts_that_rows_of_the_host_refer_to_stay_and_are_told_of_once_a_purge(
    database_url: str, seconds: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    with host_with_pages(database_url) as host:
        kept = [store_old(host), store_old(host)]
        for alert_id in kept:
            refer_to(host, alert_id)
        store_old(host, events=[DELIVERED])
        with host.app.app_context():
            database = host.app.extensions["webhook_alerts"].database
            purge = Retention(dt.timedelta(days=90), database)
            purged = [purge.purge_some() for _ in range(3)]
            seconds[0] += HOUR
            purged.append(purge.purge_some())

        assert purged == [1, 0, 0, 0]
        assert stored_ids(host) == kept
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith("Old alerts that rows of your app refer to stay: 2. ")
    assert "let their foreign key to webhook_alert say ON DELETE CASCADE" in told[0]


def test_a_database_that_is_away_is_asked_again_by_the_next_sweep(
    sqlite_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_away(_database: Database, _work: object) -> t.NoReturn:
        raise Unavailable

    store_old(sqlite_host)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", be_away)
        with pytest.raises(Unavailable):
            purge_some(sqlite_host)

    assert purge_some(sqlite_host) == 1


# --- Who purges ---------------------------------------------------------------------------------


def stop_after(pauses: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a command be asked to stop in one of its pauses, none of which takes time."""
    taken: list[float] = []

    def pause(seconds: float) -> None:
        taken.append(seconds)
        if len(taken) == pauses:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr("time.sleep", pause)


def hear(app: Flask, **extra: t.Any) -> None:
    """Listen, so that the command has no hint to give."""


def test_deliver_purges_while_it_goes_on(
    sqlite_host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(alert_created, hear)
    store_old(sqlite_host)
    stop_after(3, monkeypatch)

    result = run(sqlite_host, "deliver", "--every", "0.000001")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["Delivered 0 events; 0 owed, 0 dead. Purged 1 alert."]
    assert stored_ids(sqlite_host) == []


def test_deliver_tells_programs_what_it_purged(
    sqlite_host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(alert_created, hear)
    for _ in range(3):
        store_old(sqlite_host)
    stop_after(2, monkeypatch)

    (line,) = run(sqlite_host, "deliver", "--every", "0.000001", "--json").stdout.splitlines()

    assert json.loads(line)["purged"] == 3


def test_deliver_once_purges_nothing(sqlite_host: Host) -> None:
    kept = store_old(sqlite_host)

    assert run_json(sqlite_host, "deliver")["purged"] == 0
    assert stored_ids(sqlite_host) == [kept]


def test_doctor_shows_how_long_alerts_are_kept(sqlite_host: Host, sqlite_url: str) -> None:
    with_retention = findings(sqlite_host)
    with running_host(sqlite_url) as other:
        without = findings(other)

    assert with_retention == ("ok", "Sweeps delete alerts that were resolved 90 days ago.")
    assert without[0] == "note"
    assert "Set WEBHOOK_ALERTS_RETENTION" in without[1]


def findings(host: Host) -> tuple[str, str]:
    """Return the level and the words of what the doctor says of retention."""
    found = run_json(host, "doctor")["findings"]
    (finding,) = (finding for finding in found if finding["about"] == "retention")
    return finding["level"], finding["words"]
