"""What programs do with alerts."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

import pytest
import sqlalchemy as sa

from flask_webhook_alerts import clock
from flask_webhook_alerts.store import search
from flask_webhook_alerts.triage import Triage
from tests.api.hosts import body
from tests.api.hosts import call
from tests.api.hosts import create_alert
from tests.api.hosts import NAME
from tests.hosts import Host

NOON = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def link(answer: t.Any, relation: str) -> str | None:
    """Return where a link of an answer leads."""
    match = re.search(rf'<([^>]+)>; rel="{relation}"', answer.headers["Link"])
    return match and match[1]


def keys(answer: t.Any) -> list[str]:
    return [alert["thirdparty_id"] for alert in body(answer)["alerts"]]


def kinds(host: Host, alert_id: int) -> list[str]:
    return [event["kind"] for event in body(call(host, "GET", f"/alerts/{alert_id}"))["events"]]


def test_links_lead_from_the_newest_alert_to_the_oldest_and_back(api_host: Host) -> None:
    integration_id = api_host.create_integration()
    for number in range(5):
        create_alert(api_host, str(number), integration_id=integration_id)

    first = call(api_host, "GET", "/alerts?limit=2&status=open")
    second = call(api_host, "GET", link(first, "next") or "")
    third = call(api_host, "GET", link(second, "next") or "")
    back = call(api_host, "GET", link(third, "prev") or "")

    assert [keys(page) for page in (first, second, third, back)] == [
        ["4", "3"], ["2", "1"], ["0"], ["2", "1"],
    ]  # fmt: skip
    assert link(first, "prev") is None
    assert link(third, "next") is None
    assert link(third, "first") == "/api/v1/alerts?limit=2&status=open"


def test_links_keep_the_filters_and_where_the_app_is_mounted(sqlite_api_host: Host) -> None:
    for number in range(2):
        create_alert(sqlite_api_host, str(number), Tags=["a&b=ü"])

    answer = call(
        sqlite_api_host, "GET", "/alerts",
        query_string={"limit": 1, "tag": "a&b=ü", "cursor": "b99"},
        base_url="http://localhost/mounted at",
    )  # fmt: skip

    assert (
        link(answer, "next") == "/mounted%20at/api/v1/alerts?limit=1&tag=a%26b%3D%C3%BC&cursor=b2"
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["lamp", "cpu", "disk"]),
        ("status=resolved", ["disk"]),
        ("status=acknowledged&status=resolved&status=resolved", ["cpu", "disk"]),
        ("tag=db", ["disk"]),
        ("tag=d", []),
        ("urgency=high", ["cpu"]),
        ("incident=true", ["lamp"]),
        ("incident=false", ["cpu", "disk"]),
        ("text=ISK", ["disk"]),
        ("thirdparty_id=cpu", ["cpu"]),
        ("since=2026-03-01T13:00:00Z", ["lamp", "cpu"]),
        ("until=2026-03-01T13:00:00Z", ["disk"]),
        ("since=2026-03-01T14:00:00%2B01:00&until=2026-03-01t13:30:00.5z", ["cpu"]),
        ("since=0000-02-29T00:00:60Z&until=9999-12-31T23:59:59-12:00", ["lamp", "cpu", "disk"]),
        ("integration_id=int_00000000000000", []),
    ],
)
def test_filters_find_what_fits(
    api_host: Host, monkeypatch: pytest.MonkeyPatch, query: str, found: list[str]
) -> None:
    integration_id = api_host.create_integration()
    more: dict[str, dict[str, t.Any]] = {
        "disk": {"Tags": ["db"]},
        "cpu": {"Urgency": "high"},
        "lamp": {"Meta": {"incident": True}},
    }
    for number, (key, fields) in enumerate(more.items()):
        monkeypatch.setattr(clock, "now", lambda hours=number: NOON + hours * HOUR)
        create_alert(api_host, key, Title=key, integration_id=integration_id, **fields)
    api_host.post(integration_id, {"event_type": "resolve", "Id": "disk"})
    api_host.post(integration_id, {"event_type": "acknowledge", "Id": "cpu"})

    assert keys(call(api_host, "GET", f"/alerts?{query}")) == found


def test_alerts_of_one_integration_are_found(sqlite_api_host: Host) -> None:
    integration_id = sqlite_api_host.create_integration()
    create_alert(sqlite_api_host, "a", integration_id=integration_id)
    create_alert(sqlite_api_host, "b")

    assert keys(call(sqlite_api_host, "GET", f"/alerts?integration_id={integration_id}")) == ["a"]


def test_a_page_that_was_not_filled_leads_on(
    api_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 3)
    for number in range(5):
        create_alert(api_host, str(number), Tags=["rare"] if number == 0 else [])

    first = call(api_host, "GET", "/alerts?tag=rare")
    second = call(api_host, "GET", link(first, "next") or "")

    assert (keys(first), body(first)["searched_to"] is None) == ([], False)
    assert (keys(second), body(second)["searched_to"]) == (["0"], None)
    assert link(second, "next") is None


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("limit=0", {"limit": "Must be greater than or equal to 1"}),
        ("limit=201", {"limit": "Must be greater than or equal to 1"}),
        ("limit=ten", {"limit": "Send a whole number."}),
        ("limit=1&limit=2", {"limit": "Send it once."}),
        ("cursor=17", {"cursor": "Take the cursor from the Link header"}),
        ("status=open&status=closed", {"status": "1: Must be one of: open,"}),
        ("incident=yes", {"incident": "Send true or false."}),
        ("since=2026-03-01", {"since": "Send a time with its offset from UTC, such as"}),
        ("since=2026-02-30T00:00:00Z", {"since": "Send a time"}),
        ("text=%00", {"text": "String does not match"}),
        ("tag=", {"tag": "Length must be between 1 and 1000."}),
        ("integration_id=%C3%BC", {"integration_id": "String does not match"}),
        ("page=2&sort=id", {"page": "Unknown field.", "sort": "Unknown field."}),
    ],
)
def test_each_wrong_parameter_is_named(
    sqlite_api_host: Host, query: str, errors: dict[str, str]
) -> None:
    answer = call(sqlite_api_host, "GET", f"/alerts?{query}")
    problem = t.cast(t.Any, answer.json)

    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert problem["errors"].keys() == errors.keys()
    for name, words in errors.items():
        assert problem["errors"][name][0].startswith(words)


def test_an_alert_is_told_whole_with_its_timeline(api_host: Host) -> None:
    alert_id = create_alert(api_host, Tags=["db"], Urgency="high", Meta={"used": 0.91})
    call(api_host, "POST", f"/alerts/{alert_id}/acknowledge")

    alert = body(call(api_host, "GET", f"/alerts/{alert_id}"))

    assert (alert["thirdparty_id"], alert["status"]) == ("disk-full", "acknowledged")
    assert (alert["description"], alert["meta"]) == ("/var", {"used": 0.91})
    assert [(event["kind"], event["by"]) for event in alert["events"]] == [
        ("created", None), ("acknowledged", NAME),
    ]  # fmt: skip
    assert dt.datetime.fromisoformat(alert["created_at"]).utcoffset() == dt.timedelta()


def test_an_alert_goes_through_its_life(api_host: Host) -> None:
    alert_id = create_alert(api_host)

    steps = ["acknowledge", "acknowledge", "resolve", "acknowledge", "resolve", "reopen", "reopen"]
    answers = [body(call(api_host, "POST", f"/alerts/{alert_id}/{step}")) for step in steps]

    assert [answer["outcome"] for answer in answers] == [
        "acknowledged", "unchanged", "resolved", "ignored", "ignored", "reopened", "unchanged",
    ]  # fmt: skip
    assert answers[0]["alert"] == {
        "id": alert_id, "thirdparty_id": "disk-full", "status": "acknowledged", "occurrences": 1,
    }  # fmt: skip
    assert answers[3]["reason"] == "The alert is resolved."
    assert kinds(api_host, alert_id) == ["created", "acknowledged", "resolved", "reopened"]


def test_an_alert_that_goes_in_the_middle_of_a_change_is_left_out(
    api_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert_id, find = create_alert(api_host), Triage._facts

    def find_and_lose(triage: Triage, wanted: int) -> t.Any:
        facts = find(triage, wanted)
        for model in (api_host.alerts.AlertEvent, api_host.alerts.Alert):
            api_host.db.session.execute(sa.delete(model))
        api_host.db.session.commit()
        return facts

    monkeypatch.setattr(Triage, "_facts", find_and_lose)
    answer = body(call(api_host, "POST", f"/alerts/{alert_id}/resolve"))

    assert (answer["outcome"], answer["alert"]) == ("ignored", None)
    assert answer["reason"]


def test_several_alerts_are_changed_at_once_each_for_itself(api_host: Host) -> None:
    first, second, third = (create_alert(api_host, key) for key in "abc")
    call(api_host, "POST", f"/alerts/{first}/acknowledge")
    call(api_host, "POST", f"/alerts/{second}/resolve")

    ids = [third, first, second, 999, 17.0]
    acknowledged = body(call(api_host, "POST", "/alerts/acknowledge", json={"ids": ids}))
    resolved = body(call(api_host, "POST", "/alerts/resolve", json={"ids": ids[:3]}))

    assert [(result["id"], result["outcome"]) for result in acknowledged["results"]] == [
        (third, "acknowledged"), (first, "unchanged"), (second, "ignored"), (999, "not_found"),
        (17, "not_found"),
    ]  # fmt: skip
    assert [result["outcome"] for result in resolved["results"]] == [
        "resolved", "resolved", "ignored",
    ]  # fmt: skip
    assert kinds(api_host, third) == ["created", "acknowledged", "resolved"]


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        ([], "Length must be between 1 and 100."),
        ([*range(1, 102)], "Length must be between 1 and 100."),
        ([1, 2, 1], "Send each id once."),
        ([1, "2"], "1: Not a valid integer."),
        ([True], "0: Not a valid integer."),
        ([1.5], "0: Not a valid integer."),
        ([0], "0: Must be greater than or equal to 1"),
        ([2**63], "0: Must be greater than or equal to 1"),
        (None, "Field may not be null."),
    ],
)
def test_a_bulk_change_takes_a_hundred_different_ids(
    sqlite_api_host: Host, ids: t.Any, words: str
) -> None:
    answer = call(sqlite_api_host, "POST", "/alerts/resolve", json={"ids": ids})

    assert answer.status_code == 422
    assert t.cast(t.Any, answer.json)["errors"]["ids"][0].startswith(words)


@pytest.mark.parametrize(
    ("cursor", "count"), [(f"b{10**18}", 1), (f"b{2**63 - 1}", 1), (f"a{2**63 - 1}", 0)]
)
def test_a_cursor_can_be_at_any_id(sqlite_api_host: Host, cursor: str, count: int) -> None:
    create_alert(sqlite_api_host)

    answer = call(sqlite_api_host, "GET", f"/alerts?cursor={cursor}")

    assert len(body(answer)["alerts"]) == count


@pytest.mark.parametrize("cursor", [f"b{2**63}", f"a{2**63}", "b9999999999999999999"])
def test_a_cursor_beyond_all_ids_is_refused(sqlite_api_host: Host, cursor: str) -> None:
    answer = call(sqlite_api_host, "GET", f"/alerts?cursor={cursor}")

    assert answer.status_code == 422
    assert t.cast(t.Any, answer.json)["errors"] == {
        "cursor": ["There are no ids beyond 9223372036854775807."]
    }


def test_a_note_stands_in_the_timeline(api_host: Host) -> None:
    alert_id = create_alert(api_host)

    answer = call(api_host, "POST", f"/alerts/{alert_id}/notes", json={"text": " Ann\x00 looks. "})
    note = body(call(api_host, "GET", f"/alerts/{alert_id}"))["events"][-1]

    assert (answer.status_code, body(answer)["outcome"]) == (201, "noted")
    assert (note["kind"], note["by"], note["notes"]) == ("noted", NAME, ["Ann\ufffd looks."])


@pytest.mark.parametrize("note", [{}, {"text": ""}, {"text": " \u200b"}, {"text": "a" * 10_001}])
def test_a_note_says_something(sqlite_api_host: Host, note: dict[str, str]) -> None:
    alert_id = create_alert(sqlite_api_host)
    answer = call(sqlite_api_host, "POST", f"/alerts/{alert_id}/notes", json=note)

    assert answer.status_code == 422
    assert [*t.cast(t.Any, answer.json)["errors"]] == ["text"]


@pytest.mark.parametrize("alert_id", ["999", "0", "-1", "9" * 19, "1" * 5_000, "x", "٣", "1.0"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/acknowledge"), ("POST", "/resolve"), ("POST", "/reopen")],
)
def test_an_alert_that_is_not_there_is_not_found(
    sqlite_api_host: Host, method: str, path: str, alert_id: str
) -> None:
    answer = call(sqlite_api_host, method, f"/alerts/{alert_id}{path}")

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_note_on_nothing_is_not_found(sqlite_api_host: Host) -> None:
    answer = call(sqlite_api_host, "POST", "/alerts/9/notes", json={"text": "a"})

    assert answer.status_code == 404
