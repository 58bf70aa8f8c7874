"""The sender: through the app's own endpoint, in a context of its own, with a readable answer."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from flask import has_app_context
from flask import redirect
from flask import request
from flask.typing import ResponseReturnValue

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import Outcome
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import Answer
from flask_webhook_alerts.testing import IntegrationFactory
from flask_webhook_alerts.testing import Plain
from flask_webhook_alerts.testing import read_answer
from tests.hosts import Host
from tests.hosts import running_host
from tests.kit.conftest import drop_tables
from tests.kit.conftest import sender_to

Connect: t.TypeAlias = Callable[..., None]


def test_an_event_is_stored_and_the_answer_is_read(any_host: Host) -> None:
    sender = sender_to(any_host)

    answers = [sender(), sender(), sender(Plain().resolve()), sender(Plain().resolve())]

    assert [answer.outcome for answer in answers] == ["created", "repeated", "resolved", "ignored"]
    assert [answer.occurrences for answer in answers] == [1, 2, 2, None]
    assert [answer.status for answer in answers] == ["open", "open", "resolved", None]
    assert {answer.thirdparty_id for answer in answers} == {"disk-full", None}
    (stored,) = any_host.stored_alerts()
    assert [answer.alert_id for answer in answers] == [stored.id] * 3 + [None]
    assert [answer.is_accepted for answer in answers] == [True] * 4
    assert answers[3].reason == "No open or acknowledged alert has this Id."


def test_fields_are_added_to_a_plain_create_or_to_a_payload(sender: AlertSender) -> None:
    first = sender(Title="Search is slow", Meta={"service": "search"}).alert
    second = sender(Plain(key="b").create(), Urgency="high").alert

    assert (first.thirdparty_id, first.title) == ("disk-full", "Search is slow")
    assert first.meta == {"service": "search"}
    assert (second.thirdparty_id, second.urgency) == ("b", "high")


def test_members_keep_their_order(sender: AlertSender) -> None:
    assert sender({"id": "a", **Plain(key="b").create()}).thirdparty_id == "b"


def test_a_refusal_that_was_not_expected_says_why(sender: AlertSender) -> None:
    with pytest.raises(AssertionError) as caught:
        sender(Title=" ", Tags=[1])

    assert str(caught.value).startswith("Expected 200, and got 422: These fields do not fit: ")
    assert "\n  Title: " in str(caught.value)
    assert "\n  Tags: " in str(caught.value)


def test_a_refusal_can_be_expected(sender: AlertSender) -> None:
    answer = sender(Title=" ", expect=422)

    assert (answer.outcome, answer.is_accepted, answer.alert) == (None, False, None)
    assert answer.errors.keys() == {"Title"}
    assert answer.status_code == sender(Title=" ", expect=None).status_code == 422
    assert answer.response.mimetype == "application/problem+json"


def test_an_acceptance_that_was_not_expected_says_what_became_of_it(sender: AlertSender) -> None:
    with pytest.raises(AssertionError, match="Expected 422, and got 200 created: alert 1 is open"):
        sender(expect=422)


def test_a_body_may_be_any_bytes(sender: AlertSender) -> None:
    assert sender(b"{", expect=400).detail is not None
    with pytest.raises(TypeError, match="bytes"):
        sender(b"{}", Title="x")


def test_an_answer_shows_what_matters(sender: AlertSender) -> None:
    ignored = sender(Plain(key="x").resolve())
    refused = sender(Title="", expect=422)

    assert repr(sender()) == "<Answer 200 created: alert 1 is open, count 1>"
    assert repr(ignored) == "<Answer 200 ignored: No open or acknowledged alert has this Id.>"
    assert repr(refused).startswith("<Answer 422: These fields do not fit: Title. Title: ")
    assert repr(sender) == f"<AlertSender to {sender.integration_id} in 'host'>"


def test_another_integration_gets_a_sender_of_its_own(sqlite_host: Host) -> None:
    make_integration = IntegrationFactory(sqlite_host.app)
    sender = AlertSender(sqlite_host.app, make_integration())
    guarded = make_integration(token="right")

    assert sender.to(guarded, token="right")().outcome == Outcome.CREATED
    assert sender.to(guarded.id, token="wrong")(expect=403).detail == "The token is wrong."
    assert sender.to(guarded)(expect=403).detail == "The token is missing."
    assert sender().outcome == Outcome.CREATED
    with pytest.raises(InvalidOption, match="ASCII"):
        sender.to(guarded, token="é")()


def test_the_url_is_what_monitors_are_told(sqlite_host: Host) -> None:
    integration = IntegrationFactory(sqlite_host.app)()
    sqlite_host.app.config["SERVER_NAME"] = "desk.example"
    sender = AlertSender(sqlite_host.app, integration)

    assert sender.url == f"http://desk.example/integration/{integration.id}"
    assert sender().outcome == Outcome.CREATED


def test_an_endpoint_at_another_place_is_found(sqlite_url: str) -> None:
    config = {"WEBHOOK_ALERTS_URL_PREFIX": "/hooks", "APPLICATION_ROOT": "/desk"}
    with running_host(sqlite_url, config=config) as host:
        sender = sender_to(host)

        assert "/desk/hooks/" in sender.url
        assert sender().outcome == Outcome.CREATED


def test_headers_reach_the_app(sqlite_host: Host, sender: AlertSender) -> None:
    seen: list[str | None] = []

    @sqlite_host.app.before_request
    def look() -> None:
        seen.append(request.headers.get("X-Forwarded-For"))

    sender(headers={"X-Forwarded-For": "192.0.2.1"})

    assert seen == ["192.0.2.1"]


def test_an_answer_that_is_not_the_endpoints_says_where_to_look(
    sqlite_host: Host, sender: AlertSender
) -> None:
    @sqlite_host.app.before_request
    def demand_login() -> ResponseReturnValue:
        return redirect("/login")

    with pytest.raises(AssertionError, match="302 FOUND, and not the endpoint") as caught:
        sender()
    assert "before_request" in str(caught.value)


def test_json_of_the_host_is_not_the_endpoints_answer(
    sqlite_host: Host, sender: AlertSender
) -> None:
    @sqlite_host.app.before_request
    def rest() -> ResponseReturnValue:
        return {"error": "maintenance"}, 503

    answer = sender(expect=503)

    assert not answer.is_accepted
    assert "503 SERVICE UNAVAILABLE, and not the endpoint" in str(answer)


def test_missing_tables_are_named_with_what_to_do(any_host: Host) -> None:
    sender = sender_to(any_host)
    drop_tables(any_host)

    with pytest.raises(AssertionError, match=r"got 503: .*\n  Tables are missing: .*create_all"):
        sender()


# --- Contexts -------------------------------------------------------------------------------------


def test_the_request_has_a_session_of_its_own(sqlite_host: Host, connect: Connect) -> None:
    sender, sessions = sender_to(sqlite_host), list[object]()

    @sqlite_host.app.before_request
    def look() -> None:
        sessions.append(sqlite_host.db.session())

    with sqlite_host.app.app_context():
        sessions.append(sqlite_host.db.session())
        sender()

    assert len({id(session) for session in sessions}) == 2
    assert not has_app_context()


def test_the_row_of_an_answer_belongs_to_the_tests_session(any_host: Host) -> None:
    sender = sender_to(any_host)
    with any_host.app.app_context():
        answer = sender()

        assert sa.inspect(answer.alert).session is any_host.session
        assert answer.alert.integration.id == sender.integration_id
    assert answer.alert.title == "Disk full"
    assert sa.inspect(answer.alert).detached


def test_what_a_test_holds_is_fresh_after_an_event(any_host: Host) -> None:
    sender = sender_to(any_host)
    with any_host.app.app_context():
        alert = sender().alert
        assert alert.status == "open"
        sender(Plain().resolve())

        assert alert.status == "resolved"


def test_what_a_test_has_not_committed_is_refused_at_once(any_host: Host) -> None:
    sender = sender_to(any_host)
    with any_host.app.app_context():
        any_host.session.add(any_host.alerts.Integration(name="not committed"))

        with pytest.raises(RuntimeError, match=r"db\.session\.commit\(\)"):
            sender()
        any_host.session.commit()
        assert sender().outcome == Outcome.CREATED


def test_a_context_of_another_app_is_left_alone(sqlite_host: Host, sender: AlertSender) -> None:
    with Flask("other").app_context():
        assert sender().alert.title == "Disk full"


# --- Receivers that fail --------------------------------------------------------------------------


def test_a_receivers_error_can_be_raised(sender: AlertSender, failing: list[int]) -> None:
    with pytest.raises(ConnectionError, match="no line") as caught:
        sender(raise_errors=True)

    assert [entry.name for entry in caught.traceback][-1] == "page"
    assert "receivers.py" not in {entry.path.name for entry in caught.traceback}  # type: ignore[union-attr]
    assert len(caught.value.__notes__) == 1
    assert caught.value.__notes__[0].endswith("failing.<locals>.page.")


def test_unless_it_is_asked_for_the_answer_comes_as_in_production(
    sender: AlertSender, failing: list[int]
) -> None:
    assert sender().outcome == Outcome.CREATED
    assert len(failing) == 1


def test_several_errors_are_raised_together(
    sender: AlertSender, failing: list[int], connect: Connect
) -> None:
    def look(app: object, **_extra: object) -> None:
        raise LookupError("nobody is on call")

    connect(alert_created, look)

    with pytest.raises(ExceptionGroup) as caught:
        sender(raise_errors=True)
    assert {type(error) for error in caught.value.exceptions} == {ConnectionError, LookupError}


# --- Answers to others' clients -------------------------------------------------------------------


def test_the_answer_to_any_client_can_be_read(sqlite_host: Host) -> None:
    response = sqlite_host.post(sqlite_host.create_integration(), Plain().create())

    answer = read_answer(response)

    assert (answer.outcome, answer.alert_id, answer.alert) == ("created", 1, None)


def test_answers_are_equal_if_they_say_the_same(sender: AlertSender) -> None:
    sender()
    second = sender(Plain().acknowledge())
    third = sender(Plain().acknowledge())

    assert second != third
    assert third == sender(Plain().acknowledge())
    assert isinstance(third, Answer)
