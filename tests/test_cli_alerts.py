"""The commands that look at alerts, move them on, and send test events."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from flask import current_app
from flask import Flask
from flask import Response
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.state import get_state
from tests.conftest import PostEvent
from tests.hosts import Host
from tests.hosts import on_both
from tests.hosts import running_host
from tests.test_cli import run
from tests.test_cli import run_json
from tests.test_cli import unprepared_host

EVENT = {"event_type": "create", "Id": "1", "Title": "Disk full", "Description": "/var"}


@on_both
def test_list_shows_the_newest_alert_first(post_event: PostEvent, host: Host) -> None:
    post_event(key="1", Title="old", Urgency="high")
    post_event(key="2", Title="new")
    old, new = host.stored_alerts()

    result = run(host, "alerts", "list")

    lines = result.stdout.splitlines()
    at = f"{new.last_received_at:%Y-%m-%d %H:%M:%SZ}"
    assert lines[0].split() == ["ID", "STATUS", "URGENCY", "COUNT", "LAST", "RECEIVED",
                                "INTEGRATION", "TITLE"]  # fmt: skip
    assert lines[1].endswith("  new")
    assert at in lines[1]
    assert lines[2].split()[:4] == [str(old.id), "open", "high", "1"]


def test_list_shows_text_of_senders_safely_and_cut(post_event: PostEvent, host: Host) -> None:
    post_event(Title="\x1b]0;evil\x07" + "long " * 40)

    result = run(host, "alerts", "list", env={"COLUMNS": "90"})

    line = result.stdout.splitlines()[1]
    assert "\\x1b]0;evil\\x07long" in line
    assert line.endswith("…")
    assert len(line) <= 90


def test_list_takes_filters(post_event: PostEvent, host: Host) -> None:
    other = host.create_integration("other")
    host.post(other, EVENT)
    post_event(key="1")
    post_event(key="2")
    post_event("acknowledge", key="2")
    post_event(key="3")
    post_event("resolve", key="3")

    def keys(*options: str) -> list[str]:
        return [record["thirdparty_id"] for record in run_json(host, "alerts", "list", *options)]

    assert keys() == ["3", "2", "1", "1"]
    assert keys("--status", "open") == ["1", "1"]
    assert keys("--status", "acknowledged", "--status", "resolved") == ["3", "2"]
    assert keys("--integration", other) == ["1"]
    assert keys("--integration", other, "--status", "resolved") == []


def test_list_says_that_there_are_more(post_event: PostEvent, host: Host) -> None:
    post_event(key="1")
    post_event(key="2")

    some = run(host, "alerts", "list", "--limit", "1")
    all_ = run(host, "alerts", "list", "--limit", "2")

    assert len(some.stdout.splitlines()) == 2
    assert "Only the newest 1 alert: there are more. Set --limit." in some.stderr
    assert all_.stderr == ""


def test_list_prints_json_with_zones(post_event: PostEvent, host: Host) -> None:
    post_event(Tags=["a"], Meta={"incident": True})

    (record,) = run_json(host, "alerts", "list")

    (alert,) = host.stored_alerts()
    assert record["created_at"] == alert.created_at.isoformat()
    assert record["created_at"].endswith("+00:00")
    assert (record["tags"], record["incident"], record["resolved_at"]) == (["a"], True, None)
    assert record["integration_name"] == "a sender"


def test_list_knows_when_an_integration_does_not_exist(sqlite_host: Host) -> None:
    result = run(sqlite_host, "alerts", "list", "--integration", "int_x")

    assert result.exit_code == 1
    assert result.stderr == "Error: There is no integration 'int_x'.\n"


@on_both
def test_show_tells_everything_about_an_alert(post_event: PostEvent, host: Host) -> None:
    meta = {"incident": True, "incident_severity": "SEV-1", "incident_message": "call", "a": [1]}
    post_event(Meta=meta, Description="one\ntwo\x1b", Tags=["x"], Urgency="low", dedup_keys="k")
    post_event()
    (alert,) = host.stored_alerts()
    run(host, "alerts", "acknowledge", alert.id, "--by", "eve \x1b")

    lines = run(host, "alerts", "show", alert.id).stdout.splitlines()

    assert "Title            Disk full" in lines
    assert lines[lines.index("Description      one") + 1] == "                 two\\x1b"
    assert "Incident         yes  SEV-1  call" in lines
    assert 'Meta             {"a": [1]}' in lines
    assert 'Dedup keys       ["k"]' in lines
    assert "Count            2" in lines
    timeline = [line.split("  ") for line in lines[lines.index("") + 2 :]]
    assert [words[1] for words in timeline] == ["created", "acknowledged"]
    assert "eve \\x1b" in lines[-1]
    assert "delivered " in lines[-1]


def test_show_prints_json_with_the_timeline(post_event: PostEvent, host: Host) -> None:
    post_event(extra="dropped")
    (alert,) = host.stored_alerts()

    record = run_json(host, "alerts", "show", alert.id)

    (event,) = host.stored_events()
    assert record["description"] == "/var"
    assert record["additional_data"] == record["meta"] == {}
    assert "active_key" not in record
    assert [entry["id"] for entry in record["events"]] == [event.id]
    assert record["events"][0]["at"] == event.at.isoformat()


def test_show_tells_what_became_of_the_signals(
    post_event: PostEvent, host: Host, connect: Callable[..., None]
) -> None:
    connect(alert_created, fail)
    connect(alert_created, notice)
    post_event(Urgency="rather")
    (alert,) = host.stored_alerts()

    result = run(host, "alerts", "show", alert.id)

    assert "owed, next " in result.stdout
    assert ", 1 attempt" in result.stdout
    assert f"  created: delivered to {__name__}:notice" in result.stdout.splitlines()
    failed = f"  created: failed: {__name__}:fail: ValueError: no \\x1b pager"
    assert failed in result.stdout.splitlines()
    assert "  created: noted: " in result.stdout


def test_show_tells_no_delivery_of_a_note_which_has_no_signal(
    post_event: PostEvent, host: Host
) -> None:
    post_event()
    (alert,) = host.stored_alerts()
    with host.app.app_context():
        get_state().triage.note(alert.id, "The disk is full.\nI look at \x1b it.", "Ann")

    lines = run(host, "alerts", "show", alert.id).stdout.splitlines()
    events = run_json(host, "alerts", "show", alert.id)["events"]

    assert [line.split()[-3:] for line in lines if " noted " in line] == [["noted", "Ann", "-"]]
    assert lines[-2:] == ["  noted: The disk is full.", "  noted: I look at \\x1b it."]
    assert (events[0]["delivery"][:9], events[1]["delivery"]) == ("delivered", None)


def test_show_tells_which_signals_are_dead(
    post_event: PostEvent, host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_webhook_alerts.delivery.MAX_ATTEMPTS", 1)
    connect(alert_created, fail)
    post_event()
    (alert,) = host.stored_alerts()

    assert "dead after 1 attempt" in run(host, "alerts", "show", alert.id).stdout


@pytest.mark.parametrize("command", ["show", "acknowledge", "resolve"])
def test_an_unknown_alert_is_an_error(host: Host, command: str) -> None:
    result = run(host, "alerts", command, "17")

    assert result.exit_code == 1
    assert result.stderr == "Error: There is no alert 17.\n"


def test_an_id_that_no_database_holds_is_a_usage_error(sqlite_host: Host) -> None:
    result = run(sqlite_host, "alerts", "resolve", 2**63)

    assert result.exit_code == 2


@on_both
def test_acknowledge_and_resolve_are_the_same_as_from_the_wire(
    post_event: PostEvent, host: Host, connect: Callable[..., None]
) -> None:
    connect(alert_acknowledged, notice)
    NOTICED.clear()
    post_event()
    (alert,) = host.stored_alerts()

    acknowledged = run(host, "alerts", "acknowledge", alert.id, "--by", "eve")
    again = run(host, "alerts", "acknowledge", alert.id)
    resolved = run_json(host, "alerts", "resolve", alert.id, "--by", "eve")
    late = run(host, "alerts", "acknowledge", alert.id)

    assert acknowledged.stdout == f"Alert {alert.id}: acknowledged.\n"
    assert again.stdout == f"Alert {alert.id}: unchanged.\n"
    assert late.stdout == f"Alert {alert.id}: ignored. The alert is resolved.\n"
    assert {acknowledged.exit_code, again.exit_code, late.exit_code} == {0}
    assert resolved == {
        "outcome": "resolved",
        "id": alert.id,
        "thirdparty_id": "disk-full",
        "status": "resolved",
        "occurrences": 1,
        "reason": None,
    }
    assert [event.by for event in host.stored_events()] == [None, "eve", "eve"]
    assert NOTICED == ["acknowledged"]


@on_both
def test_send_passes_through_the_endpoint(host: Host) -> None:
    integration_id = host.create_integration(token="t")

    result = run(
        host, "send", integration_id, "--token", "t", "--id", "k", "--title", "T", "--description",
        "D", "--tag", "a", "--tag", "b", "--meta", "x=1", "--meta", '{"y": null}',
        "--urgency", "low",
    )  # fmt: skip

    (alert,) = host.stored_alerts()
    assert result.exit_code == 0
    assert result.stdout == f"created: alert {alert.id} is open, count 1\n"
    assert (alert.thirdparty_id, alert.title, alert.description) == ("k", "T", "D")
    assert (alert.tags, alert.meta, alert.urgency) == (["a", "b"], {"x": 1, "y": None}, "low")


def test_send_without_options_plays_a_whole_life(host: Host) -> None:
    integration_id = host.create_integration()

    def outcome(event_type: str) -> t.Any:
        return run_json(host, "send", integration_id, "--event-type", event_type)

    created = outcome("create")
    assert created["status"] == 200
    assert created["answer"]["alert"]["thirdparty_id"] == "test"
    outcomes = [outcome(name)["answer"]["outcome"] for name in ("create", "acknowledge", "resolve")]
    assert outcomes == ["repeated", "acknowledged", "resolved"]


def test_send_says_why_an_event_is_ignored(sqlite_host: Host) -> None:
    result = run(sqlite_host, "send", sqlite_host.create_integration(), "--event-type", "resolve")

    assert result.exit_code == 0
    assert result.stdout == "ignored: No open or acknowledged alert has this Id.\n"


def test_send_shows_the_words_for_each_field(sqlite_host: Host) -> None:
    result = run(
        sqlite_host, "send", sqlite_host.create_integration(), "--title", " ", "--description", ""
    )

    assert result.exit_code == 1
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith("Error: Refused with 422 UNPROCESSABLE ENTITY: These fields do not")
    assert {line.split(":")[0] for line in lines[1:]} == {"  Title", "  Description"}


def test_a_refusal_is_json_too(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(token="t")

    record = run_json(sqlite_host, "send", integration_id, exit_code=1)

    assert record["status"] == 403
    assert record["answer"]["detail"] == "The token is missing."


@pytest.mark.parametrize("token", ["", "naïve", "line\nbreak"])
def test_send_refuses_a_token_that_no_header_can_carry(sqlite_host: Host, token: str) -> None:
    result = run(sqlite_host, "send", sqlite_host.create_integration(), "--token", token)

    assert result.exit_code == 1
    assert "A token is printable ASCII text and not blank" in result.stderr


@pytest.mark.parametrize(
    "config",
    [
        {"WEBHOOK_ALERTS_URL_PREFIX": "/hooks/in"},
        {"APPLICATION_ROOT": "/desk"},
        {"SERVER_NAME": "desk.example:8443", "PREFERRED_URL_SCHEME": "https"},
        {"WEBHOOK_ALERTS_TOKEN_HEADER": "x-token"},
    ],
)
def test_send_finds_the_endpoint_wherever_it_is(sqlite_url: str, config: dict[str, str]) -> None:
    with running_host(sqlite_url, config=config) as host:
        result = run(host, "send", host.create_integration(token="t"), "--token", "t")

    assert result.stdout.startswith("created: alert 1 ")


def test_send_finds_an_endpoint_that_the_host_registered(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.register_blueprint(alerts.blueprint, url_prefix="/own", name="own")
        result = run(host, "send", host.create_integration())

    assert result.stdout.startswith("created: alert 1 ")


def test_send_says_so_if_there_is_no_endpoint(sqlite_url: str) -> None:
    host = unprepared_host(sqlite_url, register_blueprint=False)
    with host.app.app_context():
        host.db.create_all()

    result = run(host, "send", host.create_integration())

    assert result.exit_code == 1
    assert "Error: The endpoint has no URL yet. Register alerts.blueprint" in result.stderr


@pytest.mark.parametrize(("words", "mimetype"), [
    ("log in", "text/html"), ('{"error": "log in"}', "application/json"),
    ("log in", "application/json"), ('"detail"', "application/problem+json"),
])  # fmt: skip
@pytest.mark.parametrize("as_json", [True, False])
def test_send_says_so_if_something_answers_before_the_endpoint(
    sqlite_host: Host, as_json: bool, words: str, mimetype: str
) -> None:
    stranger = Response(words, status=401, mimetype=mimetype)
    sqlite_host.app.before_request(lambda: stranger)
    integration_id = sqlite_host.create_integration()

    if as_json:
        record = run_json(sqlite_host, "send", integration_id, exit_code=1)
        assert record == {"status": 401, "answer": None}
    else:
        result = run(sqlite_host, "send", integration_id)
        assert result.exit_code == 1
        assert "Error: The app answered 401 UNAUTHORIZED, and not the endpoint." in result.stderr


def test_the_request_of_send_has_an_app_context_of_its_own(sqlite_host: Host) -> None:
    ended: list[Flask] = []
    sqlite_host.app.teardown_request(lambda _error: ended.append(current_app))
    torn_down: list[int] = []
    sqlite_host.app.teardown_appcontext(lambda _error: torn_down.append(len(ended)))

    run(sqlite_host, "send", sqlite_host.create_integration())

    # One of create_integration(), one of the request, then that of the command.
    assert torn_down == [0, 1, 1]


NOTICED: list[str] = []


def notice(_app: Flask, event: t.Any, **_extra: t.Any) -> None:
    NOTICED.append(event.kind)


def fail(_app: Flask, **_extra: t.Any) -> None:
    raise ValueError("no \x1b pager")
