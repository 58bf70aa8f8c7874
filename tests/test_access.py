"""What a host's guard may answer."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask
from flask import redirect
from flask import Response
from markupsafe import Markup
from werkzeug.exceptions import Unauthorized

from flask_webhook_alerts.access import ask
from flask_webhook_alerts.access import Grant
from flask_webhook_alerts.access import InvalidAnswer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Amara", Grant("Amara")),
        (True, Grant(None)),
        (None, None),
        (False, None),
        ("", None),
        (" \u200b", None),
        ("Jo <jo@example.com>", Grant("Jo <jo@example.com>")),
        ("x" * 255, Grant("x" * 255)),
    ],
)
def test_a_guard_names_allows_or_refuses(answer: t.Any, expected: Grant | None) -> None:
    with Flask("guarded").test_request_context():
        assert ask(lambda: answer) == expected


def test_a_guard_may_send_people_elsewhere() -> None:
    with Flask("guarded").test_request_context():
        response = ask(lambda: redirect("/login"))

    assert isinstance(response, Response)
    assert response.location == "/login"


def test_a_guard_may_answer_as_a_view_does() -> None:
    with Flask("guarded").test_request_context():
        response = ask(lambda: ("Not now.", 503))

    assert isinstance(response, Response)
    assert response.status_code == 503


@pytest.mark.parametrize(
    "answer",
    [0, 1, 7, 1.5, [], ["Amara"], {}, {"name": "Amara"}, object(), b"Amara", (), ("a",), (1, 2, 3),
     lambda: "Amara", Response],
)  # fmt: skip
def test_a_guard_that_answers_anything_else_lets_nobody_in(answer: t.Any) -> None:
    with (
        Flask("guarded").test_request_context(),
        pytest.raises(InvalidAnswer, match=r"^authorize returned a value of type .* name as text"),
    ):
        ask(lambda: answer)


@pytest.mark.parametrize(
    "text",
    [
        " <p>Who are you?",
        "\ufeff<!doctype html>",
        "Who are you?\nSign in",
        "Who\u2028are you?",
        "Amara\n",
        "Please <a href=/login>sign in</a>",
        Markup("Please sign in"),
        "<User 1>",
        "x" * 256,
    ],
)
def test_a_page_that_is_returned_as_text_lets_nobody_in(text: str) -> None:
    with (
        Flask("guarded").test_request_context(),
        pytest.raises(InvalidAnswer, match=r"^authorize returned a text that is no name"),
    ):
        ask(lambda: text)


def test_a_guard_may_answer_as_an_abort() -> None:
    with Flask("guarded").test_request_context():
        response = ask(lambda: t.cast(t.Any, Unauthorized("Who are you?")))

    assert isinstance(response, Response)
    assert response.status_code == 401


@pytest.mark.parametrize("name", ["Am\ud800ra", "Am\x00ra"])
def test_a_name_is_one_that_can_be_sent_and_stored(name: str) -> None:
    with Flask("guarded").test_request_context():
        assert ask(lambda: name) == Grant("Am\ufffdra")


def test_a_guard_may_be_asynchronous() -> None:
    async def authorize() -> str:
        return "Chiyo"

    with Flask("guarded").test_request_context():
        assert ask(t.cast(t.Any, authorize)) == Grant("Chiyo")
