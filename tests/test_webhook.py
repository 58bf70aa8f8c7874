"""The endpoint answers every request as the contract says, whatever the host does around it."""

from __future__ import annotations

import http.client
import io
import json
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager

import flask.json.provider
import pytest
import sqlalchemy as sa
from flask import Blueprint
from flask import Flask
from flask import request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import event
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from flask_webhook_alerts import memory
from flask_webhook_alerts import signals
from flask_webhook_alerts import transactions
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.mapping import touch
from flask_webhook_alerts.service import Service
from flask_webhook_alerts.urls import endpoint_path
from tests.conftest import PostEvent
from tests.hosts import Host
from tests.hosts import running_host
from tests.serving import serving

EVENT = {"event_type": "create", "Id": "disk-full", "Title": "Disk full", "Description": "/var"}
BODY = json.dumps(EVENT).encode()
TOKEN = "s3cret-t0ken"
LIMIT = 1_000

Request = dict[str, t.Any]
Send = Callable[..., TestResponse]


@pytest.fixture
def small_host(sqlite_url: str) -> Iterator[Host]:
    """A host that takes small bodies only."""
    with running_host(sqlite_url, config={"WEBHOOK_ALERTS_MAX_CONTENT_LENGTH": LIMIT}) as host:
        yield host


@pytest.fixture
def send(small_host: Host) -> Send:
    """Send a good request, but for what is given, to an integration with a token."""
    path = f"/integration/{small_host.create_integration(token=TOKEN)}"

    def send(**changes: t.Any) -> TestResponse:
        return small_host.client.open(**{**good_request(path), **changes})

    return send


def good_request(path: str) -> Request:
    """Return a request that is accepted."""
    return {
        "path": path,
        "method": "POST",
        "data": BODY,
        "content_type": "application/json",
        "headers": {"pagertree-token": TOKEN},
    }


def chunked(body: bytes) -> Request:
    """Return what a server hands over for a body without a length."""
    return {
        "data": None,
        "input_stream": io.BytesIO(body),
        "environ_overrides": {
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
        },
    }


# The table of answers, and the order of its rows

Fault = Callable[[Request, Host], None]


def other_method(request: Request, _host: Host) -> None:
    request["method"] = "PUT"


def unknown_integration(request: Request, _host: Host) -> None:
    request["path"] = "/integration/int_aaaaaaaaaaaaaa"


def disabled(request: Request, host: Host) -> None:
    change_integration(host, request["path"].rpartition("/")[2], enabled=False)


def wrong_token(request: Request, _host: Host) -> None:
    request["headers"] = {**request["headers"], "pagertree-token": "wrong"}


def no_token(request: Request, _host: Host) -> None:
    request["headers"] = {
        name: value for name, value in request["headers"].items() if name != "pagertree-token"
    }


def too_large(request: Request, _host: Host) -> None:
    request["data"] = (request["data"] or BODY) + b" " * LIMIT


def too_large_and_chunked(request: Request, _host: Host) -> None:
    request.update(chunked(request["data"] + b" " * LIMIT))


def other_content_type(request: Request, _host: Host) -> None:
    request["content_type"] = "text/plain"


def encoded(request: Request, _host: Host) -> None:
    request["headers"] = {**request["headers"], "Content-Encoding": "gzip"}


def not_json(request: Request, _host: Host) -> None:
    request["data"] += b"?"


def wrong_fields(request: Request, _host: Host) -> None:
    request["data"] = b'{"event_type": "create"}'


FAULTS: list[tuple[int, Fault]] = [
    (405, other_method),
    (404, unknown_integration),
    (405, disabled),
    (403, wrong_token),
    (403, no_token),
    (413, too_large),
    (413, too_large_and_chunked),
    (415, other_content_type),
    (415, encoded),
    (400, not_json),
    (422, wrong_fields),
]


ALLOWED: dict[Fault, str] = {other_method: "POST, OPTIONS", disabled: ""}
EACH_FAULT = pytest.mark.parametrize(
    ("status", "fault"), FAULTS, ids=[fault.__name__ for _, fault in FAULTS]
)


@EACH_FAULT
def test_each_fault_has_its_status_and_stores_nothing(
    status: int, fault: Fault, small_host: Host
) -> None:
    faulty = good_request(f"/integration/{small_host.create_integration(token=TOKEN)}")
    fault(faulty, small_host)

    response = small_host.client.open(**faulty)

    assert_problem(response, status)
    assert small_host.stored_alerts() == []


@EACH_FAULT
def test_of_two_faults_the_first_of_the_table_answers(
    status: int, fault: Fault, small_host: Host
) -> None:
    rest = FAULTS[FAULTS.index((status, fault)) + 1 :]
    later = [other for other_status, other in rest if other_status != status]
    answers: dict[str, int] = {}

    for other in later:
        faulty = good_request(f"/integration/{small_host.create_integration(token=TOKEN)}")
        # The later one changes the body first, so that what makes it too large is kept.
        other(faulty, small_host)
        fault(faulty, small_host)
        answers[other.__name__] = small_host.client.open(**faulty).status_code

    assert answers == {other.__name__: status for other in later}


def test_another_method_is_told_before_the_integration_is_looked_at(small_host: Host) -> None:
    faulty = good_request(f"/integration/{small_host.create_integration(token=TOKEN)}")
    disabled(faulty, small_host)
    other_method(faulty, small_host)

    assert small_host.client.open(**faulty).headers["Allow"] == "POST, OPTIONS"


def test_a_good_request_is_accepted(send: Send, small_host: Host) -> None:
    response = send()

    (alert,) = small_host.stored_alerts()
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.json == {
        "outcome": "created",
        "alert": {
            "id": alert.id,
            "thirdparty_id": "disk-full",
            "status": "open",
            "occurrences": 1,
        },
    }


def test_an_unknown_integration_with_a_huge_body_is_still_unknown(host: Host) -> None:
    response = host.client.post("/integration/int_aaaaaaaaaaaaaa", data=b"x" * 600_000)

    assert_problem(response, 404)


def test_a_disabled_integration_allows_no_method(host: Host) -> None:
    integration_id = host.create_integration(token=TOKEN)
    change_integration(host, integration_id, enabled=False)

    response = host.post(integration_id, EVENT, headers={"pagertree-token": "wrong"})

    assert_problem(response, 405)
    assert response.headers["Allow"] == ""


def test_errors_of_fields_are_told_by_field(send: Send) -> None:
    response = send(data=b'{"event_type": "create", "id": 5, "TITLE": ""}')

    assert_problem(response, 422)
    assert response.json is not None
    assert response.json["errors"].keys() == {"Id", "Title", "Description"}
    for messages in response.json["errors"].values():
        assert messages
        assert all(isinstance(message, str) for message in messages)


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=lambda fault: fault.__name__)
def test_a_refused_request_is_announced_without_a_token(
    fault: Fault, small_host: Host, connect: Callable[..., None]
) -> None:
    rejected: list[dict[str, t.Any]] = []

    def remember(_app: Flask, **arguments: t.Any) -> None:
        rejected.append(arguments)

    connect(signals.request_rejected, remember)
    faulty = good_request(f"/integration/{small_host.create_integration(token=TOKEN)}")
    fault(faulty, small_host)
    response = small_host.client.open(**faulty)

    assert [arguments["status"] for arguments in rejected] == [response.status_code]
    assert TOKEN not in repr(rejected)


# Methods


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE"])
def test_other_methods_are_told_which_one_to_use(method: str, send: Send) -> None:
    response = send(method=method)

    assert_problem(response, 405)
    assert response.headers["Allow"] == "POST, OPTIONS"
    assert (response.json or {})["detail"] == (
        "This is a webhook endpoint: send a POST with a JSON object."
    )


def test_head_is_answered_without_a_body(send: Send) -> None:
    response = send(method="HEAD")

    assert (response.status_code, response.data) == (405, b"")
    assert response.headers["Allow"] == "POST, OPTIONS"


def test_options_tells_the_methods(send: Send) -> None:
    response = send(method="OPTIONS", headers={})

    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"pagertree-token": TOKEN, "X-HTTP-Method-Override": "DELETE"}},
        {"query_string": {"_method": "DELETE"}},
        {"data": json.dumps({**EVENT, "_method": "DELETE"}).encode()},
    ],
)
def test_a_post_stays_a_post(changes: Request, send: Send) -> None:
    assert send(**changes).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"pagertree-token": TOKEN, "X-HTTP-Method-Override": "POST"}},
        {"query_string": {"_method": "POST"}},
    ],
)
def test_no_other_method_becomes_a_post(changes: Request, send: Send, small_host: Host) -> None:
    assert send(method="GET", **changes).status_code == 405
    assert small_host.stored_alerts() == []


# Addresses


@pytest.mark.parametrize(
    "path",
    [
        "/integration/{}/",
        "/integration//{}",
        "//integration/{}",
        "/integration/{}//",
        "/integration/{}/more",
        "/integration/{}%2F",
        "/integration/x/../{}",
        "/Integration/{}",
        "/integration/{}%00",
        "/integration/%00",
        "/integration/%ff",
        "/integration/{}%0d%0aX-Y:z",
        "/integration/{}%20",
        "/integration/ {}",
        "/integration/",
        "/integration",
        "/integration/" + "a" * 5_000,
    ],
)
def test_an_address_that_is_not_exact_is_unknown_and_never_redirects(
    path: str, sqlite_host: Host
) -> None:
    path = path.format(sqlite_host.create_integration())

    response = sqlite_host.client.post(path, json=EVENT)

    assert response.status_code == 404
    assert "Location" not in response.headers
    assert sqlite_host.stored_alerts() == []


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_an_id_in_another_letter_case_is_unknown(change: Callable[[str], str], host: Host) -> None:
    response = host.post(change(host.create_integration()), EVENT)

    assert_problem(response, 404)


# Content types and encodings


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=latin-1",
        'application/json; profile="a;b"',
        "APPLICATION/JSON",
        "application/problem+json",
        "application/vnd.alerts.v1+json; charset=utf-8",
        "application/Cloudevents+JSON",
    ],
)
def test_json_is_taken_under_every_name(content_type: str, send: Send) -> None:
    body = json.dumps({**EVENT, "Title": "é"}, ensure_ascii=False).encode()

    assert send(content_type=content_type, data=body).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/json",
        "text/plain",
        "text/json+json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/octet-stream",
        "application/json, text/plain",
        "json",
        "; application/json",
    ],
)
def test_other_content_types_are_told_the_header_to_send(
    content_type: str | None, send: Send
) -> None:
    response = send(content_type=content_type)

    assert_problem(response, 415)
    assert "Content-Type: application/json" in response.text


@pytest.mark.parametrize("encoding", ["identity", "IDENTITY", " identity "])
def test_identity_is_no_encoding(encoding: str, send: Send) -> None:
    headers = {"pagertree-token": TOKEN, "Content-Encoding": encoding}

    assert send(headers=headers).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_encoded_bodies_are_told_the_header_to_leave_out(encoding: str, send: Send) -> None:
    response = send(headers={"pagertree-token": TOKEN, "Content-Encoding": encoding})

    assert_problem(response, 415)
    assert "Content-Encoding" in response.text


# Sizes


def padded(size: int) -> bytes:
    """Return a good body of so many bytes."""
    return BODY + b" " * (size - len(BODY))


def test_a_body_may_be_as_large_as_the_limit(send: Send) -> None:
    assert send(data=padded(LIMIT)).status_code == 200
    assert_problem(send(data=padded(LIMIT + 1)), 413)


def test_the_limit_is_512_kib_by_default(sqlite_host: Host) -> None:
    path = f"/integration/{sqlite_host.create_integration()}"

    for size, status in ((524_288, 200), (524_289, 413)):
        response = sqlite_host.client.post(path, data=padded(size), content_type="application/json")
        assert response.status_code == status


def test_a_chunked_body_has_no_length_and_the_same_limit(send: Send) -> None:
    assert send(**chunked(padded(LIMIT))).status_code == 200
    assert_problem(send(**chunked(padded(LIMIT + 1))), 413)


def test_an_asgi_adapter_ends_the_body_though_it_does_not_say_so(send: Send) -> None:
    form = chunked(padded(100))
    del form["environ_overrides"]["wsgi.input_terminated"]
    form["environ_overrides"]["asgi.scope"] = {}

    assert send(**form).status_code == 200


def test_chunks_count_more_than_a_declared_length(send: Send) -> None:
    form = chunked(padded(LIMIT + 1))
    form["environ_overrides"]["CONTENT_LENGTH"] = str(len(BODY))

    assert_problem(send(**form), 413)


def test_what_comes_after_the_limit_is_not_cut_off(send: Send, small_host: Host) -> None:
    assert_problem(send(**chunked(padded(LIMIT) + b"garbage")), 413)
    assert small_host.stored_alerts() == []


def test_a_declared_length_is_believed_before_anything_is_read(send: Send) -> None:
    class Untouched(io.BytesIO):
        def readinto(self, _buffer: t.Any) -> int:  # pragma: no cover
            raise AssertionError

        read = read1 = readinto  # type: ignore[assignment]

    response = send(
        data=None, input_stream=Untouched(b"{} "), headers={"pagertree-token": TOKEN},
        environ_overrides={"CONTENT_LENGTH": str(10 * 1024**3)},
    )  # fmt: skip

    assert_problem(response, 413)


def test_a_body_that_ends_before_its_declared_length_is_refused(send: Send) -> None:
    response = send(
        data=None, input_stream=io.BytesIO(BODY), environ_overrides={"CONTENT_LENGTH": "900"}
    )

    assert_problem(response, 400)


@pytest.mark.parametrize("length", ["-5", "x", "", "5.0"])
def test_a_length_that_is_none_does_no_harm(length: str, send: Send, small_host: Host) -> None:
    response = send(
        data=None, input_stream=io.BytesIO(BODY), environ_overrides={"CONTENT_LENGTH": length}
    )

    assert_problem(response, 400)
    assert small_host.stored_alerts() == []


def test_an_empty_body_is_told_so(send: Send) -> None:
    response = send(data=b"")

    assert_problem(response, 400)
    assert "empty" in response.text


def test_a_server_that_hands_on_no_chunks_is_told_of(send: Send, small_host: Host) -> None:
    form = chunked(BODY)
    del form["environ_overrides"]["wsgi.input_terminated"]

    response = send(**form)

    assert_problem(response, 400)
    assert "Send its Content-Length" in response.text
    assert small_host.stored_alerts() == []


@pytest.mark.parametrize("form", [{"data": BODY}, chunked(BODY)], ids=["length", "chunked"])
def test_the_limit_of_the_host_does_not_count(form: Request, small_host: Host) -> None:
    small_host.app.config["MAX_CONTENT_LENGTH"] = 10
    path = f"/integration/{small_host.create_integration(token=TOKEN)}"

    response = small_host.client.open(**{**good_request(path), **form})

    assert response.status_code == 200


def test_a_larger_limit_of_the_host_does_not_count(send: Send, small_host: Host) -> None:
    small_host.app.config["MAX_CONTENT_LENGTH"] = 10_000

    assert send(data=padded(LIMIT + 1)).status_code == 413
    assert send(**chunked(padded(LIMIT + 1))).status_code == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [(padded(LIMIT), 200), (padded(LIMIT) + b"garbage", 413), (BODY + b"garbage", 400)],
    ids=["at the limit", "garbage after the limit", "garbage before the limit"],
)
def test_a_real_chunked_request_is_read_to_its_end(
    body: bytes, status: int, small_host: Host
) -> None:
    path = f"/integration/{small_host.create_integration()}"
    pieces = (body[start : start + 100] for start in range(0, len(body), 100))

    with serving(small_host.app) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", path, body=pieces, headers=headers, encode_chunked=True)
        response = connection.getresponse()
        response.read()
        connection.close()

    assert response.status == status
    assert len(small_host.stored_alerts()) == (status == 200)


# What hosts do around the endpoint


READERS: dict[str, Callable[[], t.Any]] = {
    "data": lambda: request.get_data(),
    "text": lambda: request.get_data(as_text=True, parse_form_data=True),
    "json": lambda: request.get_json(),
    "silent json": lambda: request.get_json(force=True, silent=True),
    "form": lambda: request.form,
    "values": lambda: request.values,
    "files": lambda: request.files,
    "stream": lambda: request.stream,
}


@pytest.fixture
def prying_host(small_host: Host) -> Host:
    """A host that looks at each body first, in the way that a header names."""
    small_host.app.before_request(lambda: READERS[request.headers["X-Read"]]() and None)
    return small_host


@pytest.mark.parametrize("host_limit", [None, 100_000, 10])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_host_may_look_at_the_body_first(
    is_chunked: bool, host_limit: int | None, prying_host: Host
) -> None:
    prying_host.app.config["MAX_CONTENT_LENGTH"] = host_limit
    path = f"/integration/{prying_host.create_integration()}"
    answers: dict[str, int] = {}

    for name in READERS:
        form = {"headers": {"X-Read": name}} | (chunked(BODY) if is_chunked else {})
        answers[name] = prying_host.client.open(**{**good_request(path), **form}).status_code

    assert answers == dict.fromkeys(READERS, 200)


@pytest.mark.parametrize("name", READERS)
def test_a_body_that_the_host_looked_at_is_not_cut_off_either(name: str, prying_host: Host) -> None:
    prying_host.app.config["MAX_CONTENT_LENGTH"] = 500
    path = f"/integration/{prying_host.create_integration()}"
    form = chunked(padded(500) + b"garbage") | {"headers": {"X-Read": name}}

    prying_host.client.open(**{**good_request(path), **form})

    assert prying_host.stored_alerts() == []


def test_a_body_that_the_host_has_read_is_measured_too(send: Send, small_host: Host) -> None:
    def look() -> None:
        request.get_data()

    small_host.app.before_request(look)

    assert send(data=padded(LIMIT + 1)).status_code == 413
    assert send(**chunked(padded(LIMIT + 1))).status_code == 413


def test_a_stream_that_the_host_has_read_to_our_limit_was_too_large(
    send: Send, small_host: Host
) -> None:
    def swallow() -> None:
        request.stream.read()

    small_host.app.before_request(swallow)

    assert_problem(send(**chunked(padded(LIMIT + 100))), 413)


class OtherWords(flask.json.provider.JSONProvider):
    """A JSON that no sender understands."""

    def dumps(self, obj: t.Any, **_kwargs: t.Any) -> str:
        return "host"

    def loads(self, s: str | bytes, **_kwargs: t.Any) -> t.Any:
        return {"host": True}


class NoWords(flask.json.provider.JSONProvider):
    """A JSON that fails, and hence an app without sessions."""

    def dumps(self, obj: t.Any, **_kwargs: t.Any) -> str:
        raise TypeError

    def loads(self, s: str | bytes, **_kwargs: t.Any) -> t.Any:
        raise TypeError


@pytest.mark.parametrize("provider", [OtherWords, NoWords])
def test_the_json_of_the_host_is_not_ours(
    provider: type[flask.json.provider.JSONProvider], send: Send, small_host: Host
) -> None:
    small_host.app.json = provider(small_host.app)
    small_host.app.secret_key = None

    accepted, refused = send(), send(data=b'{"event_type": "create"}')

    assert json.loads(accepted.data)["outcome"] == "created"
    assert json.loads(refused.data)["errors"].keys() == {"Id", "Title", "Description"}
    assert [alert.title for alert in small_host.stored_alerts()] == ["Disk full"]


@EACH_FAULT
def test_the_error_pages_of_the_host_are_not_ours(
    status: int, fault: Fault, small_host: Host
) -> None:
    def show_page(_error: Exception) -> ResponseReturnValue:
        return "the page of the host", 418

    for handled in (Exception, HTTPException, status):
        small_host.app.register_error_handler(handled, show_page)
    faulty = good_request(f"/integration/{small_host.create_integration(token=TOKEN)}")
    fault(faulty, small_host)
    response = small_host.client.open(**faulty)
    elsewhere = small_host.client.get("/elsewhere")

    assert_problem(response, status)
    assert response.headers.get("Allow") == ALLOWED.get(fault)
    assert (elsewhere.status_code, elsewhere.text) == (418, "the page of the host")


def test_our_answers_are_not_the_error_pages_of_the_host(sqlite_host: Host) -> None:
    response = sqlite_host.client.get("/elsewhere")

    assert (response.status_code, response.mimetype) == (404, "text/html")


class AfterCsrf(WebhookAlerts):
    """The extension in an app whose CSRF protection was there first."""

    def init_app(self, app: Flask, **options: t.Any) -> None:
        CSRFProtect(app)
        super().init_app(app, **options)


class BeforeCsrf(WebhookAlerts):
    """The extension in an app whose CSRF protection came later."""

    def init_app(self, app: Flask, **options: t.Any) -> None:
        super().init_app(app, **options)
        CSRFProtect(app)


@pytest.mark.parametrize("extension", [AfterCsrf, BeforeCsrf])
def test_csrf_protection_stays_the_hosts_and_leaves_us_alone(
    extension: type[WebhookAlerts], sqlite_url: str
) -> None:
    db = SQLAlchemy()
    with running_host(sqlite_url, db=db, alerts=extension(db)) as host:
        host.app.post("/form", endpoint="form")(lambda: "taken")
        accepted = host.post(host.create_integration(), EVENT)
        refused = host.post("int_aaaaaaaaaaaaaa", EVENT)
        protected = host.client.post("/form")

    assert accepted.status_code == 200
    assert_problem(refused, 404)
    assert protected.status_code == 400


def test_csrf_protection_leaves_a_blueprint_under_another_name_alone(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.register_blueprint(alerts.blueprint, name="hooks", url_prefix="/hooks")
        CSRFProtect(host.app)
        response = host.client.post(f"/hooks/{host.create_integration()}", json=EVENT)

    assert response.status_code == 200


class OtherProtection:
    """Another extension's protection, which takes functions only."""

    def __init__(self) -> None:
        self.exempted: list[t.Any] = []

    def exempt(self, view: t.Any) -> None:
        self.exempted.append((view.__module__, view.__name__))


@pytest.mark.parametrize("protection", [OtherProtection(), object()])
def test_what_else_is_called_csrf_does_no_harm(protection: object, sqlite_host: Host) -> None:
    sqlite_host.app.extensions["csrf"] = protection

    assert sqlite_host.post(sqlite_host.create_integration(), EVENT).status_code == 200


# Where the endpoint is


def test_the_prefix_is_a_setting(sqlite_url: str) -> None:
    with running_host(sqlite_url, config={"WEBHOOK_ALERTS_URL_PREFIX": "/hooks/v1"}) as host:
        integration_id = host.create_integration()

        assert host.client.post(f"/hooks/v1/{integration_id}", json=EVENT).status_code == 200
        assert host.post(integration_id, EVENT).status_code == 404
        assert url_of(host, integration_id) == f"http://localhost/hooks/v1/{integration_id}"


def register_plain(app: Flask, blueprint: Blueprint) -> None:
    app.register_blueprint(blueprint, url_prefix="/hooks")


def register_renamed(app: Flask, blueprint: Blueprint) -> None:
    app.register_blueprint(blueprint, url_prefix="/hooks", name="some_hooks")


def register_nested(app: Flask, blueprint: Blueprint) -> None:
    outer = Blueprint("outer", __name__)
    outer.register_blueprint(blueprint, url_prefix="/hooks")
    app.register_blueprint(outer, url_prefix="")


def register_in_halves(app: Flask, blueprint: Blueprint) -> None:
    inner, outer = Blueprint("inner", __name__), Blueprint("outer", __name__, url_prefix="/hooks")
    inner.register_blueprint(blueprint, name="deep")
    outer.register_blueprint(inner)
    app.register_blueprint(outer)


@pytest.mark.parametrize(
    "register", [register_plain, register_renamed, register_nested, register_in_halves]
)
def test_a_host_may_register_the_blueprint_itself(
    register: Callable[[Flask, Blueprint], None], sqlite_url: str
) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        register(host.app, alerts.blueprint)
        integration_id = host.create_integration()
        path = f"/hooks/{integration_id}"

        assert host.client.post(path, json=EVENT).status_code == 200
        assert_problem(host.client.put(path), 405)
        assert host.post(integration_id, EVENT).status_code == 404
        assert url_of(host, integration_id) == f"http://localhost{path}"


def test_a_host_knows_requests_to_the_endpoint_by_their_blueprint(sqlite_host: Host) -> None:
    names: list[str | None] = []
    sqlite_host.app.before_request(lambda: names.append(request.blueprint))

    sqlite_host.post(sqlite_host.create_integration(), EVENT)

    assert names == ["webhook_alerts"]


def test_a_prefix_may_hold_values_of_the_hosts(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    values: dict[str, str] = {}
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.register_blueprint(alerts.blueprint, url_prefix="/<tenant>/hooks")
        host.app.url_defaults(lambda _endpoint, given: given.update(values))
        integration_id = host.create_integration()
        with pytest.raises(RuntimeError, match=r"specify values \['tenant'\].*app\.url_defaults"):
            url_of(host, integration_id)

        values["tenant"] = "acme"

        assert url_of(host, integration_id) == f"http://localhost/acme/hooks/{integration_id}"
        path = f"/acme/hooks/{integration_id}"
        assert host.client.post(path, json=EVENT).status_code == 200


@pytest.mark.parametrize("prefix", ["/<tenant>/hooks", "/<int:tenant>/hooks"])
def test_openapi_writes_values_of_a_prefix_by_their_names(sqlite_url: str, prefix: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.register_blueprint(alerts.blueprint, url_prefix=prefix)
        with host.app.app_context():
            assert endpoint_path() == "/{tenant}/hooks/{integration_id}"


def test_a_blueprint_that_is_not_registered_has_no_url(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    with (
        running_host(sqlite_url, db=db, alerts=alerts) as host,
        pytest.raises(RuntimeError, match="Register"),
    ):
        url_of(host, "int_aaaaaaaaaaaaaa")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, "http://localhost/integration/"),
        ({"APPLICATION_ROOT": "/app"}, "http://localhost/app/integration/"),
        ({"APPLICATION_ROOT": "/app/"}, "http://localhost/app/integration/"),
        ({"PREFERRED_URL_SCHEME": "https"}, "https://localhost/integration/"),
        ({"SERVER_NAME": "desk.example"}, "http://desk.example/integration/"),
        ({"SERVER_NAME": "desk.example:8443"}, "http://desk.example:8443/integration/"),
        (
            {
                "SERVER_NAME": "desk.example",
                "APPLICATION_ROOT": "/app",
                "PREFERRED_URL_SCHEME": "https",
            },
            "https://desk.example/app/integration/",
        ),
    ],
)
def test_outside_a_request_the_url_comes_from_the_settings(
    config: dict[str, t.Any], expected: str, sqlite_url: str
) -> None:
    with running_host(sqlite_url, config=config) as host:
        assert url_of(host, "int_aaaaaaaaaaaaaa") == f"{expected}int_aaaaaaaaaaaaaa"


@pytest.mark.parametrize("config", [{}, {"SERVER_NAME": "desk.example"}])
def test_in_a_request_the_url_is_the_one_that_the_visitor_uses(
    config: dict[str, t.Any], sqlite_url: str
) -> None:
    with running_host(sqlite_url, config=config) as host:
        integration_id = host.create_integration()
        with host.app.test_request_context("/x", base_url="https://desk.example/app/"):
            url = host.alerts.endpoint_url(integration_id)
            row = host.db.session.get(host.alerts.Integration, integration_id)
            assert host.alerts.endpoint_url(row) == url
            host.db.session.remove()

    assert url == f"https://desk.example/app/integration/{integration_id}"


# The database is away


def test_without_a_server_senders_are_asked_to_come_again() -> None:
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://nobody:pass@127.0.0.1:1/nothing"
    WebhookAlerts(SQLAlchemy(app), app)

    response = app.test_client().post("/integration/int_aaaaaaaaaaaaaa", json=EVENT)

    assert_unavailable(response)


@pytest.mark.parametrize("table", ["webhook_integration", "webhook_alert", "webhook_alert_event"])
@pytest.mark.parametrize("event_type", ["create", "resolve"])
def test_without_a_table_nothing_is_half_stored(
    table: str, event_type: str, host: Host, post_event: PostEvent
) -> None:
    post_event(key="old")
    drop_with_dependents(host, table)
    touch(host.alerts.Integration)  # forget the integration that is remembered

    response = post_event(event_type, key="old" if event_type == "resolve" else "new")

    assert_unavailable(response)
    if table == "webhook_alert_event":
        assert [(alert.status, alert.occurrences) for alert in host.stored_alerts()] == [
            ("open", 1)
        ]


ENGINE_OPTIONS: dict[str, dict[str, t.Any]] = {
    "sqlite": {"connect_args": {"timeout": 0.1}},
    "postgresql": {"connect_args": {"options": "-c lock_timeout=100"}},
    "mysql": {"connect_args": {"init_command": "SET innodb_lock_wait_timeout = 1"}},
}


@pytest.mark.parametrize("event_type", ["create", "acknowledge", "resolve"])
def test_a_lock_that_lasts_is_answered_after_a_while(
    event_type: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "PATIENCE", 0.2)
    options = ENGINE_OPTIONS[sa.make_url(database_url).get_backend_name()]
    with running_host(database_url, config={"SQLALCHEMY_ENGINE_OPTIONS": options}) as host:
        integration_id = host.create_integration()
        host.post(integration_id, EVENT)
        with locked(database_url, host):
            response = host.post(integration_id, {**EVENT, "event_type": event_type})
        events = [row.kind for row in host.stored_events()]
        (alert,) = host.stored_alerts()
        after = host.post(integration_id, {**EVENT, "event_type": event_type})

    assert_unavailable(response)
    assert (alert.status, alert.occurrences, events) == ("open", 1, ["created"])
    assert after.status_code == 200


def test_an_exhausted_pool_is_answered_after_a_while(sqlite_url: str) -> None:
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.2}
    with running_host(sqlite_url, config={"SQLALCHEMY_ENGINE_OPTIONS": options}) as host:
        integration_id = host.create_integration()

        def hold_the_connection() -> None:
            if request.headers.get("X-Hold"):
                host.db.session.execute(sa.text("SELECT 1"))

        host.app.before_request(hold_the_connection)
        unread = host.post(integration_id, EVENT, headers={"X-Hold": "yes"})
        host.post(integration_id, {**EVENT, "Id": "other"})
        unwritten = host.post(integration_id, EVENT, headers={"X-Hold": "yes"})
        stored = [alert.thirdparty_id for alert in host.stored_alerts()]

    assert_unavailable(unread)
    assert_unavailable(unwritten)
    assert stored == ["other"]


# What the log tells


def test_a_refusal_is_logged_with_its_status_and_reason(
    sqlite_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="flask_webhook_alerts")
    integration_id = sqlite_host.create_integration(token=TOKEN)

    sqlite_host.post(integration_id, EVENT)
    sqlite_host.post("x" * 100, EVENT)

    assert logged(caplog) == [
        (
            "request_rejected",
            f"Refused a request for {integration_id!r}: 403 'The token is missing.'",
        ),
        (
            "request_rejected",
            f"Refused a request for '{'x' * 64}': 404 'There is no integration with this id.'",
        ),
    ]


def test_an_event_that_the_database_does_not_take_is_logged_with_its_error(
    sqlite_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    integration_id = sqlite_host.create_integration()
    drop_with_dependents(sqlite_host, "webhook_alert")

    assert_unavailable(sqlite_host.post(integration_id, EVENT))

    assert logged(caplog) == [("event_not_stored", "An event could not be stored")]
    assert caplog.records[0].exc_info is not None


def test_what_nobody_expected_is_logged_and_not_told(
    send: Send, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: t.Any) -> t.NoReturn:
        raise RuntimeError(TOKEN)

    monkeypatch.setattr(Service, "receive", fail)
    response = send()

    assert_unavailable(response)
    assert logged(caplog) == [("event_not_handled", "An event could not be handled")]
    assert caplog.records[0].exc_info is not None


# The memory of integrations


def test_an_integration_that_was_just_seen_is_not_asked_for_again(
    sqlite_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "SECONDS", 60)
    integration_id = sqlite_host.create_integration()

    with statements(sqlite_host) as seen:
        for _ in range(3):
            sqlite_host.post(integration_id, EVENT)

    assert len([text for text in seen if text.startswith("SELECT webhook_integration")]) == 1


def test_the_memory_is_short(sqlite_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SECONDS", 0)
    integration_id = sqlite_host.create_integration()
    sqlite_host.post(integration_id, EVENT)

    with sqlite_host.app.app_context(), sqlite_host.db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE webhook_integration SET enabled = 0")

    assert sqlite_host.post(integration_id, EVENT).status_code == 405


def test_the_memory_is_small(sqlite_host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SECONDS", 60)
    monkeypatch.setattr(memory, "_MOST", 1)
    ids = [sqlite_host.create_integration(), sqlite_host.create_integration()]

    with statements(sqlite_host) as seen:
        answers = [sqlite_host.post(id_, EVENT).status_code for id_ in (*ids, ids[1], ids[0])]

    assert answers == [200] * 4
    assert len([text for text in seen if text.startswith("SELECT webhook_integration")]) == 3


# How these tests look


def assert_problem(response: TestResponse, status: int) -> None:
    """Check the form of an answer to a refused request, and that it keeps our secrets."""
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    problem = json.loads(response.data)
    required = {"type", "title", "status", "detail"}
    assert problem.keys() == required | ({"errors"} if status == 422 else set())
    assert problem["status"] == status
    assert all(isinstance(problem[name], str) for name in ("type", "title", "detail"))
    for secret in (TOKEN, "Traceback", "SELECT", "INSERT", "UPDATE", "webhook_", "sqlite", "File"):
        assert secret not in response.text


def assert_unavailable(response: TestResponse) -> None:
    """Check that the sender is asked to come again."""
    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) > 0


def logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the actions and the messages of what was logged."""
    return [(vars(record)["action"], record.getMessage()) for record in caplog.records]


def change_integration(host: Host, integration_id: str, **options: t.Any) -> None:
    """Change columns of an integration, as host code does."""
    with host.app.app_context():
        integration = integration_of(host, integration_id)
        for name, value in options.items():
            setattr(integration, name, value)
        host.db.session.commit()


def integration_of(host: Host, integration_id: str) -> t.Any:
    """Return the row in the host's session."""
    return host.db.session.get(host.alerts.Integration, integration_id)


def url_of(host: Host, integration_id: str) -> str:
    """Return the URL as host code outside a request sees it."""
    with host.app.app_context():
        return host.alerts.endpoint_url(integration_id)


def drop_with_dependents(host: Host, table: str) -> None:
    """Drop a table, and those that refer to it."""
    order = ["webhook_alert_event", "webhook_alert", "webhook_integration"]
    with host.app.app_context(), host.db.engine.begin() as connection:
        for name in order[: order.index(table) + 1]:
            connection.exec_driver_sql(f"DROP TABLE {name}")


@contextmanager
def locked(url: str, host: Host) -> Iterator[None]:
    """Hold the row of every alert from a connection of somebody else's."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.update(host.alerts.Alert.__table__).values(title="locked"))
        yield
        connection.rollback()


@contextmanager
def statements(host: Host) -> Iterator[list[str]]:
    """Collect the statements that the host's database is asked to run."""
    seen: list[str] = []

    def remember(*arguments: t.Any) -> None:
        seen.append(arguments[2])

    with host.app.app_context():
        engine = host.db.engine
    event.listen(engine, "before_cursor_execute", remember)
    yield seen
    event.remove(engine, "before_cursor_execute", remember)
