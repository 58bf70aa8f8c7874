"""Answer the senders: bytes in, one event stored, JSON out.

Every fault is answered here, in the view: what an application registers for its own errors never
sees this endpoint, and what this endpoint answers never depends on the application.
"""

from __future__ import annotations

import logging
import time
import typing as t

from flask import Blueprint
from flask import current_app
from flask import request
from flask import Response

from . import bodies
from . import decoding
from . import tokens
from .access import exempt_from_csrf
from .admission import unknown_integration
from .errors import Refused
from .errors import Rejected
from .errors import Unavailable
from .events import IntegrationRecord
from .events import Receipt
from .observers import Answer
from .problems import MEDIA_TYPE
from .problems import Problem
from .problems import problem_of
from .state import get_state
from .state import State
from .urls import ENDPOINT

logger: logging.Logger = logging.getLogger(__name__)

_ALLOW = "POST, OPTIONS"
_MOST_LOGGED = 64
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def create_blueprint() -> Blueprint:
    """Return the blueprint with the endpoint."""
    blueprint = Blueprint("webhook_alerts", __name__)
    blueprint.url_value_preprocessor(_prepare)
    # Every common method is ours, because a 405 of the router would be answered by the host's
    # error handlers. No redirect for a doubled slash: senders do not follow one with a POST.
    blueprint.add_url_rule(
        "/<integration_id>",
        endpoint=ENDPOINT,
        view_func=receive_event,
        methods=_METHODS,
        merge_slashes=False,
    )
    return blueprint


def receive_event(integration_id: str, **_of_the_host: t.Any) -> Response:
    """Answer, and let those who watch know.

    The host may have put the blueprint under a prefix with values of its own.
    """
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": _ALLOW})

    state, started = get_state(), time.perf_counter()
    result = _receive(state, integration_id)
    if state.observers:
        seconds = time.perf_counter() - started
        state.observers.request_answered(_seen(integration_id, result, seconds))
    if isinstance(result, Receipt):
        return _answer(result)

    return _refusal(state, integration_id, result)


def _receive(state: State, integration_id: str) -> Receipt | Problem:
    """Admit, read, apply."""
    try:
        _check_method()
        integration = _admit(state, integration_id)
        body = bodies.read(state.settings.max_content_length)
        return state.service.receive(integration, decoding.decode(body))
    except Rejected as error:
        return _refuse(state, integration_id, error)
    except (Refused, Unavailable) as error:
        logger.exception("An event could not be stored", extra={"action": "event_not_stored"})
        return _refuse(state, integration_id, error)
    except Exception:
        # A fault of ours, or in the host's mapping: the sender keeps the event until it is mended.
        logger.exception("An event could not be handled", extra={"action": "event_not_handled"})
        return _refuse(state, integration_id, Unavailable("Something unexpected went wrong."))


def _check_method() -> None:
    if request.method != "POST":
        raise Rejected(
            "This is a webhook endpoint: send a POST with a JSON object.",
            status=405,
            code="method_not_allowed",
        )


def _admit(state: State, integration_id: str) -> IntegrationRecord:
    if not tokens.may_be_integration_id(integration_id):
        raise unknown_integration()

    return state.admission.admit(integration_id, request.headers.get(state.settings.token_header))


def _answer(receipt: Receipt) -> Response:
    if receipt.alert_id is None:
        content: dict[str, t.Any] = {
            "outcome": receipt.outcome,
            "alert": None,
            "reason": receipt.reason,
        }
    else:
        content = {
            "outcome": receipt.outcome,
            "alert": {
                "id": receipt.alert_id,
                "thirdparty_id": receipt.thirdparty_id,
                "status": receipt.status,
                "occurrences": receipt.occurrences,
            },
        }
    return bodies.write(content, 200)


def _refuse(state: State, integration_id: str, error: Rejected | Refused | Unavailable) -> Problem:
    problem = problem_of(error)
    logger.info(
        "Refused a request for %r: %d %r",
        integration_id[:_MOST_LOGGED], problem.status, problem.detail,
        extra={"action": "request_rejected"},
    )  # fmt: skip
    state.delivery.announce_rejection(
        _known(integration_id, problem), problem.status, problem.detail
    )
    return problem


def _known(integration_id: str, problem: Problem) -> str | None:
    """Return the id if it was found to be an integration's."""
    unknown = {"integration_unknown", "method_not_allowed", "unavailable"}
    return None if problem.code in unknown else integration_id


def _seen(integration_id: str, result: Receipt | Problem, seconds: float) -> Answer:
    if isinstance(result, Receipt):
        return Answer(integration_id=integration_id, outcome=result.outcome, seconds=seconds)

    known = _known(integration_id, result)
    return Answer(integration_id=known, status=result.status, code=result.code, seconds=seconds)


def _refusal(state: State, integration_id: str, problem: Problem) -> Response:
    response = _problem_response(problem)
    if problem.code != "unavailable":
        _keep(state, _known(integration_id, problem), problem, response)
    return response


def _keep(state: State, integration_id: str | None, problem: Problem, response: Response) -> None:
    """Write a refusal into the log once the sender has its answer, so that it costs him nothing."""
    if not state.rejections.wants(integration_id):
        return

    app, source = current_app._get_current_object(), request.remote_addr  # type: ignore[attr-defined]
    faults = (f"{field}: {words}" for field in problem.errors for words in problem.errors[field])
    reason = " ".join([problem.detail, *faults])

    def write() -> None:
        with app.app_context():
            state.rejections.write(integration_id, problem.status, reason, source)

    response.call_on_close(write)


def _problem_response(problem: Problem) -> Response:
    response = bodies.write(problem.as_json(), problem.status, MEDIA_TYPE)
    response.headers.extend(problem.headers)
    if problem.code == "method_not_allowed":
        response.headers["Allow"] = _ALLOW
    return response


def _prepare(_endpoint: str | None, _values: dict[str, t.Any] | None) -> None:
    """Make the request ours before any ``before_request`` of the host sees it."""
    bodies.prepare_reading(get_state().settings.max_content_length)
    # Senders have no session that could be abused, they show a token of their own.
    exempt_from_csrf(receive_event)
