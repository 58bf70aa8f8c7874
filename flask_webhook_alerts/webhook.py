"""Answer the senders: bytes in, one event stored, JSON out.

Every fault is answered here, in the view: what an application registers for its own errors never
sees this endpoint, and what this endpoint answers never depends on the application.
"""

from __future__ import annotations

import logging
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
        provide_automatic_options=False,
        merge_slashes=False,
    )
    return blueprint


def receive_event(integration_id: str) -> Response:
    """Admit, read, apply, answer."""
    state = get_state()
    try:
        if request.method == "OPTIONS":
            return Response(status=204, headers={"Allow": _ALLOW})

        _check_method()
        integration = _admit(state, integration_id)
        body = _read_body(state.settings.max_content_length)
        return _answer(state.service.receive(integration, decoding.decode(body)))
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


def _read_body(limit: int) -> bytes:
    body = bodies.read(limit)
    bodies.check_content_type()
    return body


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


def _refuse(state: State, integration_id: str, error: Rejected | Refused | Unavailable) -> Response:
    problem = problem_of(error)
    is_known = problem.code not in {"integration_unknown", "method_not_allowed", "unavailable"}
    logger.info(
        "Refused a request for %r: %d %r",
        integration_id[:_MOST_LOGGED], problem.status, problem.detail,
        extra={"action": "request_rejected"},
    )  # fmt: skip
    state.delivery.announce_rejection(
        integration_id if is_known else None, problem.status, problem.detail
    )
    response = _problem_response(problem)
    if problem.code != "unavailable":
        _keep(state, integration_id if is_known else None, problem, response)
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
