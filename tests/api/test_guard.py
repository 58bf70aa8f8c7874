"""Who may pass, and what foreign pages cannot do."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
from flask import abort
from flask import Flask
from flask import redirect
from flask import request
from flask import session
from flask_wtf import CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import TooManyRequests
from werkzeug.exceptions import Unauthorized
from werkzeug.test import TestResponse

from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import NotFound
from flask_webhook_alerts import Unavailable
from flask_webhook_alerts.api import Api
from flask_webhook_alerts.api import bearer_token
from flask_webhook_alerts.api.blueprint import OPERATIONS
from flask_webhook_alerts.api.operations import Operation
from tests.api.hosts import add_api
from tests.api.hosts import AUTHORIZATION
from tests.api.hosts import authorize
from tests.api.hosts import body
from tests.api.hosts import call
from tests.api.hosts import create_alert
from tests.api.hosts import NAME
from tests.api.hosts import TOKEN
from tests.hosts import Host

Send = Callable[..., TestResponse]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


def path_of(operation: Operation) -> str:
    path = operation.path.replace("{integration_id}", "int_00000000000000")
    return "/api/v1" + path.replace("{alert_id}", "1").replace("{event_id}", "1")


PATHS = [*dict.fromkeys(map(path_of, OPERATIONS)), "/api/v1", "/api/v1/", "/api/v1/no/thing"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_without_authorize_every_request_is_refused(
    sqlite_host: Host, method: str, path: str
) -> None:
    Api(sqlite_host.alerts, sqlite_host.app)
    answer = sqlite_host.client.open(path, method=method, headers=AUTHORIZATION)

    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", PATHS)
def test_whoever_the_host_does_not_know_is_refused(
    sqlite_api_host: Host, method: str, path: str
) -> None:
    client = sqlite_api_host.client
    nobody = client.open(path, method=method)
    stranger = client.open(path, method=method, headers={"Authorization": "Bearer other"})

    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert (stranger.status_code, "WWW-Authenticate" in stranger.headers) == (403, False)
    assert {nobody.content_type, stranger.content_type} == {"application/problem+json"}


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (f"Bearer {TOKEN}", TOKEN),
        (f"bearer {TOKEN}", TOKEN),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic YW5uOnB3", None),
        (f"Token {TOKEN}", None),
        ("", None),
        (None, None),
    ],
)
def test_a_bearer_token_is_read_from_the_header(header: str | None, token: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    with Flask("bare").test_request_context(headers=headers):
        assert bearer_token() == token


@pytest.mark.parametrize(("answer", "by"), [(True, None), ("ann", "ann")])
def test_who_acts_stands_on_the_event(sqlite_host: Host, answer: t.Any, by: str | None) -> None:
    add_api(sqlite_host, authorize=lambda: answer)
    alert_id = create_alert(sqlite_host)
    call(sqlite_host, "POST", f"/alerts/{alert_id}/resolve")

    assert sqlite_host.stored_events()[-1].by == by


@pytest.mark.parametrize("answer", [None, False, ""])
def test_no_name_is_a_no(sqlite_host: Host, answer: t.Any) -> None:
    add_api(sqlite_host, authorize=lambda: answer)

    assert call(sqlite_host, "GET", "/alerts").status_code == 403


def test_authorize_may_be_asynchronous(sqlite_host: Host) -> None:
    async def later() -> str:
        return NAME

    add_api(sqlite_host, authorize=later)

    assert call(sqlite_host, "GET", "/alerts").status_code == 200


def test_a_response_of_authorize_is_sent(sqlite_host: Host) -> None:
    add_api(sqlite_host, authorize=lambda: redirect("/login"))

    assert call(sqlite_host, "GET", "/alerts").headers["Location"] == "/login"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (400, 400, "bad-request"),
        (401, 401, "unauthorized"),
        (403, 403, "forbidden"),
        (404, 404, "not-found"),
        (429, 429, "rate-limited"),
        (500, 500, "internal-error"),
        (503, 503, "unavailable"),
    ],
)
def test_authorize_may_abort(sqlite_host: Host, fault: int, status: int, code: str) -> None:
    add_api(sqlite_host, authorize=lambda: abort(fault))
    answer = call(sqlite_host, "GET", "/alerts")

    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert t.cast(t.Any, answer.json)["type"].endswith(f":{code}")
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_authorize_may_abort_with_a_status_of_the_hosts_own(sqlite_host: Host) -> None:
    class PageExpired(HTTPException):
        code = 419
        description = "Log in again."

    def expire() -> t.NoReturn:
        raise PageExpired

    add_api(sqlite_host, authorize=expire)
    answer = call(sqlite_host, "GET", "/alerts")

    assert (answer.status_code, answer.content_type) == (419, "application/problem+json")
    assert answer.json == {
        "type": "urn:problem-type:webhook-alerts:forbidden",
        "title": "Unknown Status",
        "status": 419,
        "detail": "Log in again.",
    }


def test_headers_that_come_with_an_abort_are_sent(sqlite_host: Host) -> None:
    challenges = [WWWAuthenticate("bearer", {"realm": realm}) for realm in "ab"]
    faults = iter([TooManyRequests(retry_after=7), Unauthorized(www_authenticate=challenges)])

    def refuse() -> t.NoReturn:
        raise next(faults)

    add_api(sqlite_host, authorize=refuse)
    later, unknown = (call(sqlite_host, "GET", "/alerts") for _ in range(2))

    assert later.headers["Retry-After"] == "7"
    assert unknown.headers["WWW-Authenticate"] == ", ".join(map(str, challenges))
    assert unknown.headers.getlist("Content-Type") == ["application/problem+json"]


def test_authorize_may_abort_with_a_response(sqlite_host: Host) -> None:
    add_api(sqlite_host, authorize=lambda: abort(redirect("/login")))

    assert call(sqlite_host, "GET", "/alerts").headers["Location"] == "/login"


def test_a_fault_in_authorize_lets_nobody_in(
    sqlite_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise RuntimeError("The user store is gone.")

    add_api(sqlite_host, authorize=broken)
    answer = call(sqlite_host, "GET", "/alerts")

    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "user store" not in answer.text
    assert "The user store is gone." in caplog.text


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("answer", [0, 7, [], {}, {"name": "ann"}, object()])
def test_an_answer_of_authorize_that_is_none_lets_nobody_in(
    sqlite_host: Host, caplog: pytest.LogCaptureFixture, answer: t.Any, debug: bool
) -> None:
    sqlite_host.app.debug = debug
    add_api(sqlite_host, authorize=lambda: answer)
    refused = call(sqlite_host, "GET", "/alerts")

    assert (refused.status_code, refused.content_type) == (500, "application/problem+json")
    assert ("authorize returned a value of type" in refused.text) is debug
    assert f"authorize returned a value of type {type(answer).__name__}" in caplog.text


@pytest.mark.parametrize(
    ("fault", "status"),
    [(NotFound("There is no alert 7."), 500), (InvalidOption("x"), 500), (Unavailable("x"), 503)],
)
def test_what_authorize_did_not_find_is_not_what_was_asked_for(
    sqlite_host: Host, caplog: pytest.LogCaptureFixture, fault: Exception, status: int
) -> None:
    def look_up() -> str:
        raise fault

    add_api(sqlite_host, authorize=look_up)
    answer = call(sqlite_host, "GET", "/alerts")

    assert answer.status_code == status
    assert "no alert 7" not in answer.text
    assert str(fault) in caplog.text


# --- Foreign pages ------------------------------------------------------------------------------


@pytest.fixture
def send(sqlite_host: Host) -> Send:
    """Send a change as a browser does, with the cookie of a person who is logged in."""
    add_api(sqlite_host, authorize=lambda: session.get("user"))
    alert_id = create_alert(sqlite_host)
    client = sqlite_host.client
    with client.session_transaction() as logged_in:
        logged_in["user"] = "ann"

    def send(method: str = "POST", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/api/v1/alerts/{alert_id}" + ("/acknowledge" if method == "POST" else "")
        return client.open(path, method=method, headers=named)

    return send


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://example.com"},
        {"Origin": "http://localhost.example.com"},
        {"Origin": "http://localhost:81"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
        {"Origin": ""},
        {"Sec_Fetch_Site": "cross-site", "Authorization": "Basic YW5uOnB3"},
    ],
)
def test_a_foreign_page_changes_nothing(
    send: Send, sqlite_host: Host, headers: dict[str, str]
) -> None:
    answer = send(**headers)

    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")
    assert t.cast(t.Any, answer.json)["type"].endswith(":foreign-page")
    assert sqlite_host.stored_alerts()[0].status == "open"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "https://renamed.by.a.proxy"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": "http://localhost"},
        {"Origin": "HTTP://LOCALHOST"},
        {"Sec_Fetch_Site": "cross-site", "Authorization": "Bearer x"},
        {},
    ],
)
def test_own_pages_and_programs_change_things(send: Send, headers: dict[str, str]) -> None:
    assert send(**headers).status_code == 200


def test_a_foreign_page_may_be_led_to_what_it_cannot_read(send: Send) -> None:
    answer = send("GET", Sec_Fetch_Site="cross-site")

    assert answer.status_code == 200
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("is_early", [True, False])
def test_csrf_protection_of_the_host_is_not_asked(sqlite_host: Host, is_early: bool) -> None:
    protect: t.Any = CSRFProtect()
    if is_early:
        protect.init_app(sqlite_host.app)
    add_api(sqlite_host)
    if not is_early:
        protect.init_app(sqlite_host.app)

    made = call(sqlite_host, "POST", "/integrations", json={"name": "a"})

    assert body(made)["name"] == "a"


def test_two_apis_in_one_app_have_guards_of_their_own(sqlite_host: Host) -> None:
    add_api(sqlite_host)
    add_api(sqlite_host, authorize=lambda: request.args.get("who"), url_prefix="/b", name="b")

    assert sqlite_host.client.get("/b/alerts").status_code == 401
    assert call(sqlite_host, "GET", "/alerts").status_code == 200


def test_one_api_serves_several_apps(sqlite_host: Host, sqlite_url: str) -> None:
    api = Api(sqlite_host.alerts, sqlite_host.app, authorize=authorize)
    other = Flask("other")
    other.config["SQLALCHEMY_DATABASE_URI"] = sqlite_url
    sqlite_host.db.init_app(other)
    sqlite_host.alerts.init_app(other)
    api.init_app(other)
    create_alert(sqlite_host)

    found = other.test_client().get("/api/v1/alerts", headers=AUTHORIZATION)
    with other.app_context():
        sqlite_host.db.engine.dispose()

    assert len(body(found)["alerts"]) == 1


@pytest.mark.parametrize("prefix", ["", "/", "api", "/api/", "/a b", "/<tenant>"])
def test_a_prefix_is_a_path(sqlite_host: Host, prefix: str) -> None:
    with pytest.raises(ValueError, match=r"Give a path that starts with a slash"):
        Api(sqlite_host.alerts, url_prefix=prefix)
