"""Senders that we did not write are answered as the contract says, byte for byte."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from flask_webhook_alerts import memory
from flask_webhook_alerts import Outcome
from flask_webhook_alerts import Rejected
from flask_webhook_alerts.testing import Apprise
from flask_webhook_alerts.testing import Healthchecks
from flask_webhook_alerts.testing import HeldClock
from flask_webhook_alerts.testing import LibreNMS
from flask_webhook_alerts.testing import PagerTree
from flask_webhook_alerts.testing import Peekaping
from flask_webhook_alerts.testing import UptimeKuma
from tests.conftest import PostEvent
from tests.hosts import Host

# The documentation of PagerTree's webhook integration, byte for byte.
FIRST_EXAMPLE = json.dumps(PagerTree().create()).encode()
SECOND_EXAMPLE = json.dumps(PagerTree().incident()).encode()
EVENT = {"event_type": "create", "Id": "disk-full", "Title": "Disk full", "Description": "/var"}


def test_the_first_example_of_pagertree_is_stored_whole(host: Host) -> None:
    response = post_bytes(host, host.create_integration(), FIRST_EXAMPLE)

    (alert,) = host.stored_alerts()
    assert response.status_code == 200
    assert facts_of(alert) == {
        "thirdparty_id": "example-id-123",
        "status": "open",
        "title": "Example Incident Title",
        "description": "Example Incident Description",
        "urgency": None,
        "tags": [],
        "meta": {},
        "additional_data": {},
        "dedup_keys": [],
        "incident": False,
        "incident_severity": None,
        "incident_message": None,
        "occurrences": 1,
    }


def test_the_second_example_of_pagertree_is_stored_whole(host: Host) -> None:
    response = post_bytes(host, host.create_integration(), SECOND_EXAMPLE)

    (alert,) = host.stored_alerts()
    assert response.status_code == 200
    assert facts_of(alert) == {
        "thirdparty_id": "example-id-123",
        "status": "open",
        "title": "Example Incident Title",
        "description": "Example Incident Description",
        "urgency": None,
        "tags": ["a", "b", "c"],
        "meta": {},
        "additional_data": {},
        "dedup_keys": [],
        "incident": True,
        "incident_severity": "SEV-1",
        "incident_message": "Please join conference bridge 1-800-123-4567",
        "occurrences": 1,
    }


def test_every_kind_of_value_is_stored_and_read_back(host: Host) -> None:
    values = {
        "text": "é🐧\u2028'\"\\;--\x01",
        "number": [0, -1, 2.5, 10**63, 1e300],
        "rest": [True, False, None, [], {}, ""],
        "": {"a.b": {"$c": 1}},
    }
    event = {
        **EVENT,
        "Title": "🐧" * 1_000,
        "Description": "é" * 70_000,
        "Tags": ["🐧", "a,b"],
        "Urgency": "critical",
        "dedup_keys": "k",
        "Meta": values,
        "Heartbeat": values,
    }

    response = host.post(host.create_integration(capture_additional_data=True), event)

    (alert,) = host.stored_alerts()
    assert response.status_code == 200
    assert (alert.title, alert.description) == (event["Title"], event["Description"])
    assert (alert.tags, alert.urgency, alert.dedup_keys) == (["🐧", "a,b"], "critical", ["k"])
    assert (alert.meta, alert.additional_data) == (values, {"Heartbeat": values})


def test_what_some_databases_refuse_is_stored_on_all(host: Host) -> None:
    body = (
        b'{"event_type": "create", "Id": "a", "Title": "a\\u0000", "Description": "b\\ud800",'
        b' "Tags": ["c\\u0000"], "Meta": {"d\\udfff": "e\\u0000"}, "f\\u0000": ["\\udc00"]}'
    )

    response = post_bytes(host, host.create_integration(capture_additional_data=True), body)

    (alert,) = host.stored_alerts()
    (event,) = host.stored_events()
    assert response.status_code == 200
    assert (alert.title, alert.description, alert.tags) == ("a\ufffd", "b\ufffd", ["c\ufffd"])
    assert (alert.meta, alert.additional_data) == ({"d\ufffd": "e\ufffd"}, {"f\ufffd": ["\ufffd"]})
    assert len(event.notes) == 4


# Payloads in the wild: the body, the fields that strict refuses, and those that compatible refuses

LIBRENMS = LibreNMS().create()
UPTIME_KUMA = UptimeKuma().create()
UPTIME_KUMA_RESOLVE = UptimeKuma().resolve()
UPTIME_KUMA_TEST = UptimeKuma().test()
PEEKAPING = Peekaping().create()
APPRISE_BOTH_IDS = Apprise(extras={"Id": "mine"}).create()
NO_ID = {"event_type": "create", "Title": "Disk full", "Description": "/var"}
NO_EVENT_TYPE = {"Id": "disk-full", "Title": "Disk full", "Description": "/var"}
HEALTHCHECKS = Healthchecks().trigger()

WILD: dict[str, tuple[dict[str, t.Any], set[str], set[str]]] = {
    "LibreNMS": (LIBRENMS, {"Id", "Description"}, set()),
    "Uptime Kuma": (UPTIME_KUMA, {"Id", "Description"}, set()),
    "Uptime Kuma's resolve": (UPTIME_KUMA_RESOLVE, {"Id"}, set()),
    "Uptime Kuma's test": (UPTIME_KUMA_TEST, {"Description"}, set()),
    "Peekaping": (PEEKAPING, set(), set()),
    "Apprise with two ids": (APPRISE_BOTH_IDS, set(), set()),
    "no id": (NO_ID, {"Id"}, set()),
    "no id on resolve": ({"event_type": "resolve"}, {"Id"}, {"Id"}),
    "no event_type": (NO_EVENT_TYPE, {"event_type"}, {"event_type"}),
    "Healthchecks": (HEALTHCHECKS, {"event_type", "Id"}, {"event_type", "Id"}),
}
EACH_WILD = pytest.mark.parametrize(
    ("payload", "strict_refuses", "compatible_refuses"), WILD.values(), ids=WILD
)


@EACH_WILD
def test_a_payload_in_the_wild_is_answered_as_the_integration_says(
    payload: dict[str, t.Any],
    strict_refuses: set[str],
    compatible_refuses: set[str],
    sqlite_host: Host,
) -> None:
    for strict, refused in ((True, strict_refuses), (False, compatible_refuses)):
        response = post_in_order(
            sqlite_host, sqlite_host.create_integration(strict=strict), payload
        )

        assert response.status_code == (422 if refused else 200)
        assert set(content_of(response).get("errors", {})) == refused


@EACH_WILD
def test_host_code_gets_the_same_answers(
    payload: dict[str, t.Any],
    strict_refuses: set[str],
    compatible_refuses: set[str],
    sqlite_host: Host,
) -> None:
    for strict, refused in ((True, strict_refuses), (False, compatible_refuses)):
        integration_id = sqlite_host.create_integration(strict=strict)

        with sqlite_host.app.app_context():
            try:
                sqlite_host.alerts.receive(integration_id, payload)
                errors: set[str] = set()
            except Rejected as error:
                errors = set(error.errors)

        assert errors == refused


def test_librenms_opens_and_resolves_an_alert_by_number(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(strict=False)

    sqlite_host.post(integration_id, LIBRENMS)
    response = sqlite_host.post(integration_id, LibreNMS().resolve())

    (alert,) = sqlite_host.stored_alerts()
    assert content_of(response)["outcome"] == "resolved"
    assert (alert.thirdparty_id, alert.title) == ("42", "Device db-1 down")
    assert (alert.description, alert.status) == (None, "resolved")
    created, resolved = sqlite_host.stored_events()
    assert [note.partition(":")[0] for note in created.notes] == ["Id", "Description"]
    assert resolved.notes == []


def test_uptime_kuma_opens_and_resolves_an_alert_and_its_data_are_kept(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(strict=False, capture_additional_data=True)

    sqlite_host.post(integration_id, UPTIME_KUMA)
    sqlite_host.post(integration_id, UPTIME_KUMA_RESOLVE)
    sqlite_host.post(integration_id, UPTIME_KUMA_TEST)

    alert, tested = sqlite_host.stored_alerts()
    assert (alert.thirdparty_id, alert.title) == ("7", 'Uptime Kuma Monitor "shop" is DOWN')
    assert (alert.urgency, alert.description, alert.status) == ("medium", None, "resolved")
    assert alert.additional_data == {
        "heartbeat": UPTIME_KUMA["heartbeat"],
        "monitor": UPTIME_KUMA["monitor"],
    }
    assert (tested.thirdparty_id, tested.status) == ("uptime-kuma", "open")
    assert tested.additional_data == {"heartbeat": None, "monitor": None}


def test_peekaping_mixes_the_case_of_names_and_keeps_its_numbers(sqlite_host: Host) -> None:
    sqlite_host.post(sqlite_host.create_integration(), PEEKAPING)

    (alert,) = sqlite_host.stored_alerts()
    assert (alert.thirdparty_id, alert.title) == (PEEKAPING["Id"], "Monitor shop is DOWN")
    assert (alert.description, alert.urgency) == (PEEKAPING["Description"], "medium")
    assert (alert.tags, alert.meta) == (PEEKAPING["Tags"], PEEKAPING["Meta"])


def test_the_resolve_of_peekaping_has_another_id_and_finds_no_alert(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration()
    sqlite_host.post(integration_id, PEEKAPING)

    response = sqlite_host.post(integration_id, Peekaping().resolve())

    assert content_of(response)["outcome"] == "ignored"
    assert [alert.status for alert in sqlite_host.stored_alerts()] == ["open"]


@pytest.mark.parametrize("strict", [True, False])
def test_of_two_ids_of_apprise_the_later_one_counts(strict: bool, sqlite_host: Host) -> None:
    post_in_order(sqlite_host, sqlite_host.create_integration(strict=strict), APPRISE_BOTH_IDS)

    assert [alert.thirdparty_id for alert in sqlite_host.stored_alerts()] == ["mine"]


def test_an_id_that_was_made_up_is_told_and_can_be_resolved(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(strict=False)

    made_up = content_of(sqlite_host.post(integration_id, NO_ID))["alert"]["thirdparty_id"]
    response = sqlite_host.post(integration_id, {"event_type": "resolve", "Id": made_up})

    assert str(uuid.UUID(made_up)) == made_up
    assert content_of(response)["outcome"] == "resolved"


# Ids, byte for byte


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("abc", "ABC"),
        ("x", "x "),
        ("x", " x"),
        ("🐧", "🐈"),
        ("é", "e\u0301"),
        ("ß", "ss"),
        ("a", "a\u200b"),
        ("NULL", "null"),
        ("a" * 511 + "b", "a" * 511 + "c"),
        ("🐧" * 511 + "b", "🐧" * 511 + "c"),
    ],
)
def test_ids_that_only_look_alike_are_two_alerts(
    first: str, second: str, post_event: PostEvent, host: Host
) -> None:
    answers = [content_of(post_event(key=key))["outcome"] for key in (first, second)]
    post_event("resolve", key=second)

    stored = [(alert.thirdparty_id, alert.status) for alert in host.stored_alerts()]
    assert answers == ["created", "created"]
    assert stored == [(first, "open"), (second, "resolved")]


def test_one_id_under_two_integrations_is_two_alerts(host: Host) -> None:
    first, second = host.create_integration("first"), host.create_integration("second")

    answers = [host.post(integration_id, EVENT) for integration_id in (first, second)]
    host.post(first, {**EVENT, "event_type": "resolve"})

    assert [content_of(answer)["outcome"] for answer in answers] == ["created", "created"]
    stored = [(alert.integration_id, alert.status) for alert in host.stored_alerts()]
    assert stored == [(first, "resolved"), (second, "open")]


def test_create_resolve_create_is_two_alerts(post_event: PostEvent, host: Host) -> None:
    types = ("create", "resolve", "create", "resolve", "resolve")

    outcomes = [content_of(post_event(event_type))["outcome"] for event_type in types]

    assert outcomes == ["created", "resolved", "created", "resolved", "ignored"]
    assert [alert.status for alert in host.stored_alerts()] == ["resolved", "resolved"]


def test_a_refused_event_changes_nothing(post_event: PostEvent, host: Host) -> None:
    post_event()

    assert post_event(Title="").status_code == 422
    assert post_event("resolve", key="").status_code == 422
    assert [(alert.status, alert.occurrences) for alert in host.stored_alerts()] == [("open", 1)]


# Tokens


def test_without_a_token_of_its_own_an_integration_takes_any(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration()

    assert status_with(sqlite_host, integration_id, None) == 200
    assert status_with(sqlite_host, integration_id, "anything") == 200


@pytest.mark.parametrize(
    "token", [None, "", " ", "Right", "right2", "righ", "é", "\xff\xfe", "right, right"]
)
def test_a_missing_or_wrong_token_is_refused(token: str | None, sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(token="right")

    assert status_with(sqlite_host, integration_id, token) == 403
    assert status_with(sqlite_host, integration_id, "right") == 200
    assert len(sqlite_host.stored_alerts()) == 1


def test_a_token_counts_in_its_header_only(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(token="right")
    elsewhere: list[dict[str, t.Any]] = [
        {"query_string": {"token": "right", "pagertree-token": "right"}},
        {"headers": {"Authorization": "Bearer right"}},
        {"headers": {"Cookie": "pagertree-token=right"}},
    ]

    statuses = [
        sqlite_host.post(integration_id, EVENT, **options).status_code for options in elsewhere
    ]

    assert statuses == [403, 403, 403]


def test_one_integrations_token_opens_no_other(sqlite_host: Host) -> None:
    sqlite_host.create_integration(token="first")
    second = sqlite_host.create_integration(token="second")

    assert status_with(sqlite_host, second, "first") == 403


def test_a_rotated_token_is_valid_until_its_time(host: Host) -> None:
    with HeldClock() as held:
        integration_id = host.create_integration(token="old")
        with host.app.app_context():
            new = host.alerts.rotate_token(integration_id, keep_for=dt.timedelta(hours=1))

        assert statuses_of(host, integration_id, "old", new) == [200, 200]
        held.move(minutes=59, seconds=59.999_999)
        assert statuses_of(host, integration_id, "old", new) == [200, 200]
        held.move(seconds=0.000_001)
        assert statuses_of(host, integration_id, "old", new) == [403, 200]


def test_a_third_token_ends_the_first(host: Host) -> None:
    integration_id = host.create_integration(token="first")
    with host.app.app_context():
        host.alerts.rotate_token(integration_id, token="second")
        assert host.alerts.rotate_token(integration_id, token="third") == "third"

    assert statuses_of(host, integration_id, "first", "second", "third") == [403, 200, 200]


def test_a_token_that_is_kept_for_no_time_ends_at_once(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(token="old")
    sqlite_host.post(integration_id, EVENT, headers={"pagertree-token": "old"})
    with sqlite_host.app.app_context():
        sqlite_host.alerts.rotate_token(integration_id, token="new", keep_for=dt.timedelta())

    assert statuses_of(sqlite_host, integration_id, "old", "new") == [403, 200]


def test_a_token_that_is_set_ends_all_others(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(token="first")
    with sqlite_host.app.app_context():
        sqlite_host.alerts.rotate_token(integration_id, token="second")
    change(sqlite_host, integration_id, token="third")

    assert statuses_of(sqlite_host, integration_id, "first", "second", "third") == [403, 403, 200]


# Options


def test_additional_data_are_dropped_unless_they_are_captured(sqlite_host: Host) -> None:
    sqlite_host.post(sqlite_host.create_integration(), {**EVENT, "more": 1})
    sqlite_host.post(
        sqlite_host.create_integration(capture_additional_data=True), {**EVENT, "more": 1}
    )

    assert [alert.additional_data for alert in sqlite_host.stored_alerts()] == [{}, {"more": 1}]


def test_a_wrapped_payload_is_found_inside_the_body(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(
        wrapper_key="data.alerts[0]", capture_additional_data=True
    )
    body = {"data": {"alerts": [{**EVENT, "inner": 1}]}, "outer": 2, "event_type": "resolve"}

    assert content_of(sqlite_host.post(integration_id, body))["outcome"] == "created"
    (alert,) = sqlite_host.stored_alerts()
    assert (alert.title, alert.additional_data) == ("Disk full", {"inner": 1})


@pytest.mark.parametrize("data", [None, [], "text", 5])
def test_where_nothing_is_wrapped_the_body_is_the_payload(data: t.Any, sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(wrapper_key="data")

    response = sqlite_host.post(integration_id, {**EVENT, "data": data})

    assert content_of(response)["outcome"] == "created"


def test_templates_write_the_texts_from_the_payload_as_sent(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(
        "the disks",
        title_template="{{ payload.Title | upper }} ({{ integration.name }})",
        description_template="{{ payload.more.host }}: {{ payload.Description }}",
    )

    sqlite_host.post(integration_id, {**EVENT, "more": {"host": "db-1"}})

    (alert,) = sqlite_host.stored_alerts()
    assert (alert.title, alert.description) == ("DISK FULL (the disks)", "db-1: /var")
    assert [event.notes for event in sqlite_host.stored_events()] == [[]]


def test_a_description_may_come_from_a_template_alone_and_name_its_integration(
    sqlite_host: Host,
) -> None:
    integration_id = sqlite_host.create_integration(description_template="{{ integration.id }}")

    sqlite_host.post(integration_id, EVENT)

    (alert,) = sqlite_host.stored_alerts()
    assert (alert.title, alert.description) == ("Disk full", integration_id)


def test_a_template_without_a_text_leaves_the_plain_value_and_a_note(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(
        title_template="{{ payload.missing }}", description_template="{{ payload.Tags }}!"
    )

    sqlite_host.post(integration_id, EVENT)

    (alert,) = sqlite_host.stored_alerts()
    (event,) = sqlite_host.stored_events()
    assert (alert.title, alert.description) == ("Disk full", "!")
    assert [note.partition(":")[0] for note in event.notes] == ["Title"]


def test_a_template_comes_after_the_checks(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration(title_template="always")
    without_title = {name: value for name, value in EVENT.items() if name != "Title"}

    assert sqlite_host.post(integration_id, without_title).status_code == 422
    assert sqlite_host.post(integration_id, EVENT).status_code == 200
    assert [alert.title for alert in sqlite_host.stored_alerts()] == ["always"]


# What is changed bites at once, though the endpoint remembers integrations


def change(host: Host, integration_id: str, **options: t.Any) -> None:
    """Change the row as host code does."""
    with host.app.app_context():
        integration = integration_of(host, integration_id)
        for name, value in options.items():
            setattr(integration, name, value)
        host.db.session.commit()


def change_by_statement(host: Host, integration_id: str, **options: t.Any) -> None:
    """Change the row by a statement that loads no row."""
    model = host.alerts.Integration
    with host.app.app_context():
        statement = sa.update(model).where(model.id == integration_id).values(**options)
        host.db.session.execute(statement)
        host.db.session.commit()


def change_through_the_extension(host: Host, integration_id: str, **options: t.Any) -> None:
    """Change the row as the commands do."""
    with host.app.app_context():
        state = host.app.extensions["webhook_alerts"]
        state.integrations.update(integration_id, options)


@pytest.fixture
def _long_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the endpoint remember integrations for longer than any test takes."""
    monkeypatch.setattr(memory, "SECONDS", 60)


EACH_WAY = pytest.mark.parametrize(
    "way", [change, change_by_statement, change_through_the_extension]
)


@pytest.mark.usefixtures("_long_memory")
@EACH_WAY
@pytest.mark.parametrize(
    ("options", "payload", "status"),
    [
        ({"enabled": False}, EVENT, 405),
        ({"strict": False}, LIBRENMS, 200),
        ({"wrapper_key": "data"}, {"data": EVENT}, 200),
    ],
    ids=["disabled", "compatible", "wrapped"],
)
def test_an_option_that_is_changed_bites_at_once(
    way: Callable[..., None],
    options: dict[str, t.Any],
    payload: dict[str, t.Any],
    status: int,
    sqlite_host: Host,
) -> None:
    integration_id = sqlite_host.create_integration()
    before = sqlite_host.post(integration_id, payload).status_code

    way(sqlite_host, integration_id, **options)

    assert before != status
    assert sqlite_host.post(integration_id, payload).status_code == status


@pytest.mark.usefixtures("_long_memory")
def test_an_integration_that_is_disabled_and_enabled_again_takes_events(host: Host) -> None:
    integration_id = host.create_integration()
    statuses = []

    for enabled in (False, True):
        change(host, integration_id, enabled=enabled)
        statuses.append(host.post(integration_id, EVENT).status_code)

    assert statuses == [405, 200]


@pytest.mark.usefixtures("_long_memory")
def test_a_change_in_a_savepoint_bites_once_it_is_committed(host: Host) -> None:
    integration_id = host.create_integration()
    with host.app.app_context():
        with host.db.session.begin_nested():
            integration = integration_of(host, integration_id)
            integration.enabled = False
        post_bytes(host, integration_id, b"what is remembered here is soon out of date")
        host.db.session.commit()

    assert host.post(integration_id, EVENT).status_code == 405


def test_a_change_that_is_taken_back_never_was(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration()
    with sqlite_host.app.app_context():
        integration = integration_of(sqlite_host, integration_id)
        integration.enabled = False
        sqlite_host.db.session.flush()
        sqlite_host.db.session.rollback()

    assert sqlite_host.post(integration_id, EVENT).status_code == 200


@pytest.mark.usefixtures("_long_memory")
def test_a_deleted_integration_is_unknown_at_once(host: Host) -> None:
    integration_id = host.create_integration()
    resolve = {"event_type": "resolve", "Id": "x"}
    before = host.post(integration_id, resolve)
    with host.app.app_context():
        integration = integration_of(host, integration_id)
        host.db.session.delete(integration)
        host.db.session.commit()

    assert content_of(before)["outcome"] == Outcome.IGNORED
    assert host.post(integration_id, resolve).status_code == 404


# How these tests look


def integration_of(host: Host, integration_id: str) -> t.Any:
    """Return the row in the host's session."""
    return host.db.session.get(host.alerts.Integration, integration_id)


def post_bytes(host: Host, integration_id: str, body: bytes) -> TestResponse:
    """Post a body as it is."""
    path = f"/integration/{integration_id}"
    return host.client.post(path, data=body, content_type="application/json")


def post_in_order(host: Host, integration_id: str, payload: dict[str, t.Any]) -> TestResponse:
    """Post a payload with its members in their order; Flask's test client would sort them."""
    return post_bytes(host, integration_id, json.dumps(payload).encode())


def content_of(response: TestResponse) -> dict[str, t.Any]:
    """Return the JSON object in an answer."""
    return t.cast(dict[str, t.Any], json.loads(response.data))


def facts_of(alert: t.Any) -> dict[str, t.Any]:
    """Return the columns that a sender fills."""
    columns = (
        "thirdparty_id", "status", "title", "description", "urgency", "tags", "meta",
        "additional_data", "dedup_keys", "incident", "incident_severity", "incident_message",
        "occurrences",
    )  # fmt: skip
    return {name: getattr(alert, name) for name in columns}


def status_with(host: Host, integration_id: str, token: str | None) -> int:
    """Post an event with a token, and return the status."""
    headers = {} if token is None else {"pagertree-token": token}
    return host.post(integration_id, EVENT, headers=headers).status_code


def statuses_of(host: Host, integration_id: str, *tokens: str) -> list[int]:
    """Post an event with each token, and return the statuses."""
    return [status_with(host, integration_id, token) for token in tokens]
