"""How requests are read and faults answered, whatever the host has set for its own."""

from __future__ import annotations

import io
import typing as t

import pytest
from flask import Flask
from flask import request
from flask.json.provider import JSONProvider
from sqlalchemy import exc

from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.reading import Reading
from tests.api.hosts import add_api
from tests.api.hosts import AUTHORIZATION
from tests.api.hosts import body
from tests.api.hosts import call
from tests.api.hosts import create_alert
from tests.hosts import Host
from tests.hosts import running_host

PROBLEM = "application/problem+json"


def code(answer: t.Any) -> str:
    """Return the name of the fault in an answer."""
    assert answer.content_type == PROBLEM
    assert answer.json["status"] == answer.status_code
    return str(answer.json["type"]).rpartition(":")[2]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/alerts", "HEAD, GET, OPTIONS"),
        ("GET", "/alerts/1/notes", "POST, OPTIONS"),
        ("GET", "/alerts/acknowledge", "POST, OPTIONS"),
        ("HEAD", "/alerts/resolve", "POST, OPTIONS"),
        ("PUT", "/integrations/int_1", "HEAD, GET, PATCH, DELETE, OPTIONS"),
        ("DELETE", "/integrations", "HEAD, GET, POST, OPTIONS"),
        ("TRACE", "/stats", "HEAD, GET, OPTIONS"),
    ],
)
def test_a_method_that_is_not_there_is_answered_with_those_that_are(
    sqlite_api_host: Host, method: str, path: str, allowed: str
) -> None:
    answer = call(sqlite_api_host, method, path)
    options = sqlite_api_host.client.options(f"/api/v1{path}")

    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
    assert answer.content_type == PROBLEM
    assert (options.status_code, options.headers["Allow"]) == (204, allowed)


def test_head_is_get_without_a_body(sqlite_api_host: Host) -> None:
    answer = call(sqlite_api_host, "HEAD", "/alerts")

    assert (answer.status_code, answer.data, "Link" in answer.headers) == (200, b"", True)


@pytest.mark.parametrize(
    "path", ["/api/v1", "/api/v1/", "/api/v1/no", "/api/v1/alerts/",
             "/api/v1/alerts/1/notes/2", "/api/v1/alerts/%2F"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_what_is_not_there_is_answered_by_us(sqlite_api_host: Host, method: str, path: str) -> None:
    answer = sqlite_api_host.client.open(path, method=method, headers=AUTHORIZATION)

    assert (answer.status_code, code(answer)) == (404, "not-found")


@pytest.mark.parametrize(
    ("options", "status", "fault"),
    [
        ({}, 415, "content-type-not-json"),
        ({"data": '{"name": "a"}'}, 415, "content-type-not-json"),
        ({"data": {"name": "a"}}, 415, "content-type-not-json"),
        ({"data": '{"name": "a"}', "content_type": "text/plain"}, 415, "content-type-not-json"),
        ({"json": {"name": "a"}, "headers": {"Content-Encoding": "gzip"}}, 415,
         "content-encoding-unsupported"),
        ({"data": "", "content_type": "application/json"}, 400, "not-json"),
        ({"data": "{'name': 'a'}", "content_type": "application/json"}, 400, "not-json"),
        ({"data": b'{"name": "\xff"}', "content_type": "application/json"}, 400, "not-utf8"),
        ({"data": '{"name": NaN}', "content_type": "application/json"}, 400, "not-json"),
        ({"data": "[" * 100_000, "content_type": "application/json"}, 400, "too-deep"),
        ({"json": []}, 400, "not-an-object"),
        ({"json": {}}, 422, "invalid-fields"),
        ({"json": {"name": "a", "more": 1}}, 422, "invalid-fields"),
        ({"json": {"name": "a" * 600_000}}, 413, "body-too-large"),
        ({"json": {"name": "a"}, "query_string": "dry=true"}, 422, "invalid-fields"),
    ],
)  # fmt: skip
def test_a_body_is_a_json_object_and_says_so(
    sqlite_api_host: Host, options: dict[str, t.Any], status: int, fault: str
) -> None:
    answer = call(sqlite_api_host, "POST", "/integrations", **options)

    assert (answer.status_code, code(answer)) == (status, fault)


def test_a_body_of_unknown_length_is_counted(sqlite_api_host: Host) -> None:
    answer = call(
        sqlite_api_host, "POST", "/integrations",
        input_stream=io.BytesIO(b'{"name": "' + b"a" * 600_000 + b'"}'),
        content_type="application/json", environ_overrides={"wsgi.input_terminated": True},
    )  # fmt: skip

    assert (answer.status_code, code(answer)) == (413, "body-too-large")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({}, 200),
        ({"json": {}}, 200),
        ({"data": "", "content_type": "text/plain"}, 200),
        ({"json": {"by": "ann"}}, 422),
        ({"data": "by=ann", "content_type": "text/plain"}, 415),
        ({"query_string": "by=ann"}, 422),
    ],
)
def test_where_nothing_is_taken_nothing_is_swallowed(
    sqlite_api_host: Host, options: dict[str, t.Any], status: int
) -> None:
    alert_id = create_alert(sqlite_api_host)
    answer = call(sqlite_api_host, "POST", f"/alerts/{alert_id}/resolve", **options)

    assert answer.status_code == status


def test_answers_are_kept_by_nobody(sqlite_api_host: Host) -> None:
    made = call(sqlite_api_host, "POST", "/integrations", json={"name": "a"})
    found = call(sqlite_api_host, "GET", made.headers["Location"])
    refused = call(sqlite_api_host, "GET", "/no")

    assert [answer.headers["Cache-Control"] for answer in (made, found, refused)] == [
        "no-store", "private, no-cache", "no-store",
    ]  # fmt: skip
    assert made.headers["X-Content-Type-Options"] == "nosniff"


class StrangeProvider(JSONProvider):
    """Writes what is no JSON."""

    def dumps(self, obj: t.Any, **kwargs: t.Any) -> str:
        return "strange"

    def loads(self, s: str | bytes, **kwargs: t.Any) -> t.Any:
        return "strange"


def estrange(app: Flask) -> None:
    """Set everything that a host may set for its own pages."""
    app.json = StrangeProvider(app)
    app.config.update(MAX_CONTENT_LENGTH=10, MAX_FORM_MEMORY_SIZE=10)
    for fault in (404, 405, 422, 500, Exception):
        app.register_error_handler(fault, lambda error: ("the host's", 418))


def test_what_the_host_sets_for_itself_changes_nothing(sqlite_api_host: Host) -> None:
    estrange(sqlite_api_host.app)

    statuses = {
        "made": call(
            sqlite_api_host,
            "POST",
            "/integrations",
            data='{"name": "a long name"}',
            content_type="application/json",
        ),
        "wrong": call(sqlite_api_host, "GET", "/alerts?x=1"),
        "nothing": call(sqlite_api_host, "GET", "/no"),
        "method": call(sqlite_api_host, "PUT", "/alerts"),
    }

    assert {name: answer.status_code for name, answer in statuses.items()} == {
        "made": 201, "wrong": 422, "nothing": 404, "method": 405,
    }  # fmt: skip
    assert sqlite_api_host.client.get("/elsewhere").status_code == 418


def test_a_fault_is_answered_and_logged_not_told(
    sqlite_api_host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: t.Any, **__: t.Any) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(Reading, "alerts", broken)
    answer = call(sqlite_api_host, "GET", "/alerts")

    assert (answer.status_code, code(answer)) == (500, "internal-error")
    assert "secret" not in answer.text
    assert "a secret" in caplog.text


def test_values_that_the_database_refuses_are_refused(
    sqlite_api_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: t.Any, **__: t.Any) -> None:
        raise Refused from exc.DataError("", {}, Exception())

    monkeypatch.setattr(Reading, "alerts", refuse)

    assert code(call(sqlite_api_host, "GET", "/alerts")) == "refused"


def test_a_database_without_tables_is_unavailable(sqlite_url: str) -> None:
    with running_host(sqlite_url) as host:
        add_api(host)
        with host.app.app_context():
            host.db.drop_all()

        answer = call(host, "GET", "/alerts")

    assert (answer.status_code, code(answer)) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


def test_what_the_host_left_pending_is_neither_committed_nor_lost(sqlite_api_host: Host) -> None:
    left: list[t.Any] = []

    @sqlite_api_host.app.before_request
    def leave_something() -> None:
        if request.path.endswith("/resolve"):
            row = sqlite_api_host.alerts.Integration(name="pending")
            sqlite_api_host.db.session.add(row)
            left.append(row in sqlite_api_host.db.session)

    alert_id = create_alert(sqlite_api_host)
    answer = call(sqlite_api_host, "POST", f"/alerts/{alert_id}/resolve")

    assert (answer.status_code, code(answer)) == (500, "internal-error")
    assert left == [True]
    assert sqlite_api_host.stored_alerts()[0].status == "open"


def test_the_settings_of_the_app_count(sqlite_url: str) -> None:
    with running_host(sqlite_url, config={"WEBHOOK_ALERTS_MAX_CONTENT_LENGTH": 20}) as host:
        add_api(host)

        small = call(host, "POST", "/integrations", json={"name": "a"})
        large = call(host, "POST", "/integrations", json={"name": "a longer name"})

    assert body(small)["name"] == "a"
    assert large.status_code == 413
