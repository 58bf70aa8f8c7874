"""What lists, pages and numbers show, the same on every database."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import AlertStatus
from flask_webhook_alerts import clock
from flask_webhook_alerts import NotFound
from flask_webhook_alerts.reading import Reading
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.stats import Bucket
from flask_webhook_alerts.store import search
from flask_webhook_alerts.store.chronology import first_id_since
from flask_webhook_alerts.store.deliveries import DeliveryState
from flask_webhook_alerts.store.search import AlertFilter
from flask_webhook_alerts.store.search import Page
from tests.hosts import Host
from tests.hosts import running_host

NOON = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def reading(host: Host) -> Iterator[Reading]:
    with host.app.app_context():
        yield get_state().reading


@pytest.fixture
def sender(host: Host) -> str:
    return host.create_integration("first sender")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Set the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def create(host: Host, integration_id: str, key: str, **fields: t.Any) -> int:
    payload = {"event_type": "create", "Id": key, "Title": f"Title {key}", "Description": "…"}
    answer = host.post(integration_id, {**payload, **fields}).get_json()
    return int(answer["alert"]["id"])


def resolve(host: Host, integration_id: str, key: str) -> None:
    assert host.post(integration_id, {"event_type": "resolve", "Id": key}).status_code == 200


def keys(page: Page) -> list[str]:
    return [record["thirdparty_id"] for record in page.records]


def fill(host: Host, integration_id: str, count: int) -> None:
    for number in range(count):
        create(host, integration_id, str(number))


# --- Pages --------------------------------------------------------------------------------------


def test_pages_go_from_the_newest_to_the_oldest_and_back(
    host: Host, reading: Reading, sender: str
) -> None:
    fill(host, sender, 5)

    first = reading.alerts(AlertFilter(), limit=2)
    second = reading.alerts(AlertFilter(), before=first.older, limit=2)
    third = reading.alerts(AlertFilter(), before=second.older, limit=2)
    back = reading.alerts(AlertFilter(), after=third.newer, limit=2)
    front = reading.alerts(AlertFilter(), after=back.newer, limit=2)

    assert [keys(page) for page in (first, second, third)] == [["4", "3"], ["2", "1"], ["0"]]
    assert first.newer is None
    assert third.older is None
    assert keys(back) == ["2", "1"]
    assert keys(front) == ["4", "3"]
    assert front.newer is None
    assert front.older == first.older


def test_an_empty_page_leads_nowhere(reading: Reading) -> None:
    assert reading.alerts(AlertFilter()) == Page(records=[], older=None, newer=None)
    assert reading.alerts(AlertFilter(), after=7) == Page(records=[], older=None, newer=None)


def test_a_page_tells_what_a_list_needs(host: Host, reading: Reading, sender: str) -> None:
    create(host, sender, "k", Tags=["a"], Urgency="high", Meta={"incident": True})

    (record,) = reading.alerts(AlertFilter()).records

    assert record["title"] == "Title k"
    assert record["tags"] == ["a"]
    assert record["urgency"] == "high"
    assert record["incident_severity"] == "SEV-UNKNOWN"
    assert record["integration_name"] == "first sender"
    assert record["created_at"].tzinfo is dt.UTC
    assert "description" not in record


FILTERS: dict[str, tuple[dict[str, t.Any], list[str]]] = {
    "nothing": ({}, ["disk", "lämp", "cpu"]),
    "one status": ({"statuses": (AlertStatus.RESOLVED,)}, ["disk"]),
    "two statuses": ({"statuses": (AlertStatus.OPEN, AlertStatus.RESOLVED)}, ["disk", "lämp"]),
    "tag": ({"tag": "ünder"}, ["lämp"]),
    "a tag in part": ({"tag": "ünde"}, []),
    "a tag in another case": ({"tag": "DB"}, []),
    "urgency": ({"urgency": "high"}, ["disk"]),
    "incident": ({"incident": True}, ["cpu"]),
    "no incident": ({"incident": False}, ["disk", "lämp"]),
    "text of a title": ({"text": "TITLE D"}, ["disk"]),
    "text of an Id": ({"text": "äm"}, ["lämp"]),
    "text of a tag": ({"text": "ünd"}, ["lämp"]),
    "a wildcard": ({"text": "%"}, []),
    "an Id": ({"thirdparty_id": "cpu"}, ["cpu"]),
    "two at once": ({"tag": "db", "urgency": "high"}, ["disk"]),
    "nobody's status": ({"tag": "db", "statuses": (AlertStatus.ACKNOWLEDGED,)}, ["cpu"]),
}


@pytest.mark.parametrize(("wanted", "expected"), FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("of_integration", [False, True], ids=["", "of the integration"])
def test_a_filter_finds_what_fits(
    host: Host, reading: Reading, sender: str, wanted: dict[str, t.Any], expected: list[str],
    of_integration: bool,
) -> None:  # fmt: skip
    create(host, sender, "cpu", Tags=["db"], Meta={"incident": True})
    host.post(sender, {"event_type": "acknowledge", "Id": "cpu"})
    create(host, sender, "lämp", Tags=["ünder", "x"], Urgency="low")
    create(host, sender, "disk", Tags=["db", "disk"], Urgency="high")
    resolve(host, sender, "disk")
    if of_integration:
        other = host.create_integration("second sender")
        create(host, other, "disk", Tags=["db", "ünder"], Urgency="high", Meta={"incident": True})
        create(host, other, "lämp", Tags=["db", "ünder"], Urgency="high")
        wanted = {**wanted, "integration_id": sender}

    found = reading.alerts(AlertFilter(**wanted))

    assert keys(found) == expected


def test_a_search_looks_through_a_window_and_says_where_to_go_on(
    host: Host, reading: Reading, sender: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 3)
    create(host, sender, "rare", Tags=["rare"])
    fill(host, sender, 5)
    wanted = AlertFilter(tag="rare")

    first = reading.alerts(wanted)
    second = reading.alerts(wanted, before=first.older)

    assert first.records == []
    assert first.searched_to is not None
    assert first.searched_to.tzinfo is dt.UTC
    assert keys(second) == ["rare"]
    # The window was full to its last alert, so there may be more behind it.
    assert reading.alerts(wanted, before=second.older).older is None


def test_a_window_goes_back_as_well(
    host: Host, reading: Reading, sender: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 3)
    oldest = create(host, sender, "oldest")
    fill(host, sender, 3)
    create(host, sender, "rare", Tags=["rare"])

    page = reading.alerts(AlertFilter(tag="rare"), after=oldest)

    assert page.records == []
    assert keys(reading.alerts(AlertFilter(tag="rare"), after=page.newer)) == ["rare"]


def test_alerts_are_found_by_when_they_were_created(
    host: Host, reading: Reading, sender: str, at: Callable[[dt.datetime], None]
) -> None:
    for number in range(12):
        at(NOON + number * HOUR)
        create(host, sender, str(number))

    wanted = AlertFilter(since=NOON + 4 * HOUR, until=NOON + 6 * HOUR)

    assert keys(reading.alerts(wanted)) == ["5", "4"]
    assert keys(reading.alerts(AlertFilter(since=NOON + 20 * HOUR))) == []
    assert len(keys(reading.alerts(AlertFilter(until=NOON + 20 * HOUR)))) == 12


def test_rows_that_are_a_little_out_of_order_are_found_too(
    host: Host, reading: Reading, sender: str, at: Callable[[dt.datetime], None]
) -> None:
    for minutes in (0, 30, -30, 60):
        at(NOON + dt.timedelta(minutes=minutes))
        create(host, sender, str(minutes))

    assert keys(reading.alerts(AlertFilter(until=NOON))) == ["-30"]
    assert keys(reading.alerts(AlertFilter(since=NOON))) == ["60", "30", "0"]


def test_no_row_has_no_place_in_time(host: Host) -> None:
    table = host.alerts.Alert.__table__
    with host.app.app_context(), host.db.engine.connect() as connection:
        assert first_id_since(connection, table.c.id, table.c.created_at, NOON) == 0


# --- One alert ----------------------------------------------------------------------------------


def test_an_alert_is_told_whole(host: Host, reading: Reading, sender: str) -> None:
    alert_id = create(host, sender, "k", Meta={"a": {"b": [1]}})

    record = reading.alert(alert_id)

    assert record["description"] == "…"
    assert record["meta"] == {"a": {"b": [1]}}
    assert [event["kind"] for event in reading.timeline(alert_id)] == ["created"]


def test_what_is_not_there_is_said_so(reading: Reading) -> None:
    with pytest.raises(NotFound, match="There is no alert 7"):
        reading.alert(7)
    with pytest.raises(NotFound, match="There is no integration 'int_x'"):
        reading.integration("int_x")


def test_earlier_alerts_have_the_same_id_of_the_same_integration(
    host: Host, reading: Reading, sender: str
) -> None:
    first = create(host, sender, "k")
    resolve(host, sender, "k")
    create(host, sender, "K")
    create(host, host.create_integration("second sender"), "k")
    second = create(host, sender, "k")

    earlier = reading.earlier(reading.alert(second))

    assert [record["id"] for record in earlier] == [first]


def test_integrations_are_told_with_how_many_alerts_are_active(
    host: Host, reading: Reading, sender: str
) -> None:
    create(host, sender, "k")

    (record,) = reading.integrations()

    assert record["active_alerts"] == 1
    assert reading.integration(sender) == record


# --- Deliveries ---------------------------------------------------------------------------------


def test_undelivered_events_are_listed_by_what_is_the_matter(
    host: Host, reading: Reading, sender: str, connect: Callable[..., None]
) -> None:
    connect(alert_created, fail)
    first, second = create(host, sender, "a"), create(host, sender, "b")
    with host.db.engine.begin() as connection:
        table = host.alerts.AlertEvent.__table__
        dead = table.update().where(table.c.alert_id == second).values(next_attempt_at=None)
        connection.execute(dead)

    (owed,) = reading.deliveries(DeliveryState.OWED).records
    (failed,) = reading.deliveries(DeliveryState.FAILED).records
    (dead_one,) = reading.deliveries(DeliveryState.DEAD).records

    assert owed == failed
    assert failed["alert_id"] == first
    assert failed["title"] == "Title a"
    assert failed["integration_name"] == "first sender"
    assert "no luck" in failed["last_error"]
    assert dead_one["alert_id"] == second
    assert reading.deliveries(DeliveryState.OWED, before=owed["id"]).records == []
    assert reading.owed().count == 1
    assert reading.delivery_counts() == {
        DeliveryState.OWED: 1,
        DeliveryState.FAILED: 1,
        DeliveryState.DEAD: 1,
    }


def test_undelivered_events_come_in_pages(
    host: Host, reading: Reading, sender: str, connect: Callable[..., None]
) -> None:
    connect(alert_created, fail)
    fill(host, sender, 3)

    first = reading.deliveries(DeliveryState.OWED, limit=2)
    second = reading.deliveries(DeliveryState.OWED, before=first.older, limit=2)

    ids = [record["id"] for page in (first, second) for record in page.records]
    assert ids == sorted(ids, reverse=True)
    assert (len(ids), first.older, second.older) == (3, ids[1], None)
    assert reading.deliveries(DeliveryState.OWED, limit=3).older is None


def fail(_app: object, **_extra: object) -> None:
    raise ValueError("no luck")


# --- Numbers ------------------------------------------------------------------------------------


def test_counts_tell_each_status(host: Host, reading: Reading, sender: str) -> None:
    fill(host, sender, 3)
    resolve(host, sender, "0")

    assert reading.counts() == {
        AlertStatus.OPEN: 2,
        AlertStatus.ACKNOWLEDGED: 0,
        AlertStatus.RESOLVED: 1,
    }


def test_stats_tell_what_happened_in_which_hour(
    host: Host, reading: Reading, sender: str, at: Callable[[dt.datetime], None]
) -> None:
    at(NOON - 30 * HOUR)
    create(host, sender, "before")
    at(NOON + dt.timedelta(minutes=1))
    create(host, sender, "k")
    create(host, sender, "k")
    at(NOON + dt.timedelta(minutes=2))
    host.post(sender, {"event_type": "acknowledge", "Id": "k"})
    at(NOON + dt.timedelta(minutes=61))
    resolve(host, sender, "k")

    stats = reading.stats(days=1)

    assert len(stats.hours) == 24
    assert stats.since == NOON - 22 * HOUR
    assert stats.hours[-2] == Bucket(start=NOON, created=1, acknowledged=1, resolved=0)
    assert stats.hours[-1] == Bucket(start=NOON + HOUR, created=0, acknowledged=0, resolved=1)
    assert [bucket.created for bucket in stats.days] == [0, 1]
    assert stats.week[NOON.weekday()][12] == 1
    assert stats.to_acknowledge.median == 60
    assert stats.to_resolve.percentile_95 == 3600
    assert stats.to_resolve.count == 1
    (loudest,) = stats.thirdparty_ids
    assert loudest["thirdparty_id"] == "k"
    assert (loudest["alerts"], loudest["occurrences"]) == (1, 2)
    assert stats.integrations[0]["name"] == "first sender"


def test_stats_of_nothing_are_empty(reading: Reading) -> None:
    stats = reading.stats(days=7)

    assert len(stats.hours) == 7 * 24
    assert stats.to_acknowledge.median is None
    assert stats.integrations == []


def test_median_and_percentile_are_values_that_occurred(
    host: Host, reading: Reading, sender: str, at: Callable[[dt.datetime], None]
) -> None:
    fill(host, sender, 20)
    for number in range(20):
        now = clock.now()
        at(now + dt.timedelta(minutes=1))
        resolve(host, sender, str(number))

    seconds = reading.stats(days=1).to_resolve

    assert seconds.count == 20
    assert seconds.median == pytest.approx(600, abs=30)
    assert seconds.percentile_95 == pytest.approx(1140, abs=30)


def test_charts_wait_for_nobody_who_writes(sqlite_url: str) -> None:
    options = {"connect_args": {"timeout": 0.05}}
    with (
        running_host(sqlite_url, engine_options=options) as host,
        host.app.app_context(),
        host.db.engine.connect() as other,
    ):
        other.exec_driver_sql("BEGIN IMMEDIATE")

        reading = get_state().reading
        assert len(reading.hours(24)) == 24
        assert len(reading.stats(7).hours) == 7 * 24
