"""Every error of ours has an answer, as problem details."""

from __future__ import annotations

import http

import pytest

from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Rejected
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.problems import MEDIA_TYPE
from flask_webhook_alerts.problems import Problem
from flask_webhook_alerts.problems import problem_of


def test_the_media_type_is_the_one_of_the_standard() -> None:
    assert MEDIA_TYPE == "application/problem+json"


def test_a_problem_has_the_members_of_the_standard() -> None:
    problem = Problem(status=404, code="integration_unknown", detail="There is none.")

    assert problem.as_json() == {
        "type": "urn:problem-type:webhook-alerts:integration-unknown",
        "title": "Not Found",
        "status": 404,
        "detail": "There is none.",
    }


def test_a_problem_of_fields_tells_the_errors_of_each() -> None:
    error = Rejected("No.", status=422, code="invalid_fields", errors={"Id": ["Send a string."]})

    members = problem_of(error).as_json()

    assert members["errors"] == {"Id": ["Send a string."]}
    assert (members["status"], members["detail"]) == (422, "No.")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415, 429, 503])
def test_the_title_is_the_phrase_of_the_status(status: int) -> None:
    problem = problem_of(Rejected("No.", status=status, code="a_code"))

    assert problem.as_json()["title"] == http.HTTPStatus(status).phrase
    assert problem.headers == {}


def test_a_disabled_integration_allows_no_method() -> None:
    problem = problem_of(Rejected("Off.", status=405, code="integration_disabled"))

    assert (problem.status, problem.headers) == (405, {"Allow": ""})


def test_a_database_that_is_away_asks_to_come_again() -> None:
    problem = problem_of(Unavailable("SELECT token FROM secrets"))

    assert (problem.status, problem.headers) == (503, {"Retry-After": "5"})
    assert "SELECT" not in str(problem.as_json())


def test_values_that_the_database_refuses_are_the_senders_fault_and_stay_secret() -> None:
    problem = problem_of(Refused("INSERT INTO alerts VALUES ('secret')"))

    assert (problem.status, problem.code, problem.headers) == (422, "refused", {})
    assert "INSERT" not in str(problem.as_json())
