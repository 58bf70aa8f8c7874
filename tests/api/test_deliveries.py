"""What programs do with events whose signals are not delivered, and the numbers that they read."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from flask_webhook_alerts import alert_created
from flask_webhook_alerts.store import figures
from tests.api.hosts import add_api
from tests.api.hosts import body
from tests.api.hosts import bury
from tests.api.hosts import call
from tests.api.hosts import create_alert
from tests.hosts import Host
from tests.hosts import running_host

Connect: t.TypeAlias = Callable[..., None]


def ids(answer: t.Any) -> list[int]:
    return [event["id"] for event in body(answer)["deliveries"]]


def test_undelivered_events_are_listed_page_by_page(api_host: Host) -> None:
    for key in "abc":
        create_alert(api_host, key)
    bury(api_host)
    newest, middle, oldest = ids(call(api_host, "GET", "/deliveries?state=dead"))

    first = call(api_host, "GET", "/deliveries?state=dead&limit=2")
    path = first.headers["Link"].rpartition("<")[2].partition(">")[0]
    second = call(api_host, "GET", path)

    assert (ids(first), ids(second)) == ([newest, middle], [oldest])
    assert 'rel="next"' in first.headers["Link"]
    assert 'rel="next"' not in second.headers["Link"]
    assert ids(call(api_host, "GET", "/deliveries")) == []
    assert body(first)["deliveries"][0]["title"] == "Disk full"


@pytest.mark.parametrize("query", ["state=lost", "cursor=a1", "cursor=x", "limit=0"])
def test_wrong_parameters_are_named(sqlite_api_host: Host, query: str) -> None:
    answer = call(sqlite_api_host, "GET", f"/deliveries?{query}")

    assert (answer.status_code, [*t.cast(t.Any, answer.json)["errors"]]) == (
        422, [query.partition("=")[0]],
    )  # fmt: skip


def test_a_dead_event_is_sent_again_in_the_request(api_host: Host, connect: Connect) -> None:
    told: list[int] = []
    create_alert(api_host)
    bury(api_host)
    connect(alert_created, lambda app, event, **_: told.append(event.id), weak=False)
    (event_id,) = ids(call(api_host, "GET", "/deliveries?state=dead"))

    sent = body(call(api_host, "POST", f"/deliveries/{event_id}/send-again"))
    again = call(api_host, "POST", f"/deliveries/{event_id}/send-again")

    assert told == [event_id]
    assert (sent["delivered_at"] is None, sent["last_error"]) == (False, None)
    assert body(call(api_host, "GET", f"/deliveries/{event_id}")) == sent
    assert (again.status_code, t.cast(t.Any, again.json)["type"][-9:]) == (409, ":not-dead")


def test_elsewhere_a_dead_event_is_due(sqlite_url: str, connect: Connect) -> None:
    told: list[int] = []
    with running_host(sqlite_url, config={"WEBHOOK_ALERTS_DELIVERY": "manual"}) as host:
        add_api(host)
        create_alert(host)
        bury(host)
        connect(alert_created, lambda app, event, **_: told.append(event.id), weak=False)
        (event_id,) = ids(call(host, "GET", "/deliveries?state=dead"))

        sent = body(call(host, "POST", f"/deliveries/{event_id}/send-again"))

        assert told == []
        assert (sent["attempts"], sent["next_attempt_at"] is None) == (0, False)
        assert ids(call(host, "GET", "/deliveries?state=owed")) == [event_id]


def test_all_dead_events_are_due_at_once(api_host: Host) -> None:
    for key in "ab":
        create_alert(api_host, key)
    bury(api_host)

    assert body(call(api_host, "POST", "/deliveries/send-again")) == {"revived": 2}
    assert body(call(api_host, "POST", "/deliveries/send-again")) == {"revived": 0}
    assert len(ids(call(api_host, "GET", "/deliveries?state=owed"))) == 2


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/deliveries/9"), ("POST", "/deliveries/9/send-again")]
)
def test_an_event_that_is_not_there_is_not_found(
    sqlite_api_host: Host, method: str, path: str
) -> None:
    assert call(sqlite_api_host, method, path).status_code == 404


def test_stats_count_what_there_is_and_what_happened(api_host: Host) -> None:
    first, _ = create_alert(api_host, "a"), create_alert(api_host, "b")
    call(api_host, "POST", f"/alerts/{first}/resolve")
    bury(api_host, error=None)

    stats = body(call(api_host, "GET", "/stats?days=1"))

    assert stats["alerts"] == {"open": 1, "acknowledged": 0, "resolved": 1}
    assert stats["deliveries"] == {"owed": 0, "failed": 0, "dead": 3}
    assert sum(hour["created"] for hour in stats["hours"]) == 2
    assert stats["to_resolve"]["count"] == 1
    assert (len(stats["hours"]), len(stats["week"])) == (24, 7)
    assert {loud["thirdparty_id"] for loud in stats["thirdparty_ids"]} == {"a", "b"}


@pytest.mark.parametrize(("most", "measured"), [(2, 2), (3, None)])
def test_stats_say_of_how_many_alerts_the_times_are(
    sqlite_api_host: Host, monkeypatch: pytest.MonkeyPatch, most: int, measured: int | None
) -> None:
    monkeypatch.setattr(figures, "MOST_MEASURED", most)
    for key in "abc":
        create_alert(sqlite_api_host, key)

    assert body(call(sqlite_api_host, "GET", "/stats"))["measured"] == measured


@pytest.mark.parametrize("days", ["0", "91", "x", "-1"])
def test_stats_are_of_at_most_ninety_days(sqlite_api_host: Host, days: str) -> None:
    assert call(sqlite_api_host, "GET", f"/stats?days={days}").status_code == 422


def test_an_event_of_a_deleted_alert_is_gone(sqlite_api_host: Host) -> None:
    create_alert(sqlite_api_host)
    with sqlite_api_host.app.app_context():
        sqlite_api_host.db.session.execute(sa.delete(sqlite_api_host.alerts.AlertEvent))
        sqlite_api_host.db.session.commit()

    assert call(sqlite_api_host, "GET", "/deliveries/1").status_code == 404
