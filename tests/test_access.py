"""What a host's guard may answer."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask
from flask import redirect
from flask import Response

from flask_webhook_alerts.access import ask
from flask_webhook_alerts.access import Grant


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("Amara", Grant("Amara")), (True, Grant(None)), (None, None), (False, None), ("", None)],
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


def test_a_guard_may_be_asynchronous() -> None:
    async def authorize() -> str:
        return "Chiyo"

    with Flask("guarded").test_request_context():
        assert ask(t.cast(t.Any, authorize)) == Grant("Chiyo")
