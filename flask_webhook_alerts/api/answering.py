"""Handle a request to a resource: guard, read, do, write. Every fault is answered here."""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

import marshmallow as ma
from flask import request
from flask import Response
from werkzeug.exceptions import HTTPException

from flask_webhook_alerts import bodies
from flask_webhook_alerts import decoding
from flask_webhook_alerts import tokens
from flask_webhook_alerts.access import Authorize
from flask_webhook_alerts.problems import MEDIA_TYPE
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.values import MOST_ID

from . import guard
from .operations import Answer
from .operations import Call
from .operations import Operation
from .refusals import Declined
from .refusals import InvalidFields
from .refusals import problem_of

logger: logging.Logger = logging.getLogger(__name__)

Resource: t.TypeAlias = Mapping[str, Operation]
"""What can be done at one path, by method."""


def respond(resource: Resource, authorize: Authorize | None, values: Mapping[str, str]) -> Response:
    """Answer the current request.

    :param values: the parameters in its path.
    """
    try:
        return _respond(resource, authorize, values)
    except HTTPException as error:
        # What the host's authorize sends by abort(response).
        return t.cast(Response, error.response) if error.response else _refuse(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is answered and logged
        return _refuse(error)


def _respond(
    resource: Resource, authorize: Authorize | None, values: Mapping[str, str]
) -> Response:
    if request.method == "OPTIONS" and resource:
        return Response(status=204, headers={"Allow": _allowed(resource)})

    grant = guard.admit(authorize)
    if isinstance(grant, Response):
        return grant

    guard.refuse_foreign_pages()
    operation = _operation(resource)
    call = Call(
        by=grant.name,
        query=_load(operation.query, _parameters(operation.query)),
        body=_body(operation),
    )
    answer = operation.view(call, **_checked(values))
    return _written(operation, answer)


def _operation(resource: Resource) -> Operation:
    if not resource:
        raise Declined(404, "not_found", "There is nothing at this path. See openapi.json.")

    method = "GET" if request.method == "HEAD" else request.method
    if method not in resource:
        allowed = _allowed(resource)
        raise Declined(405, "method_not_allowed", f"Here you can {allowed}.", Allow=allowed)

    return resource[method]


def _allowed(resource: Resource) -> str:
    names = [*resource, "OPTIONS"]
    return ", ".join(["HEAD", *names] if "GET" in resource else names)


def _parameters(schema: ma.Schema) -> dict[str, t.Any]:
    values: dict[str, t.Any] = {}
    errors: dict[str, list[str]] = {}
    for name, texts in request.args.lists():
        if isinstance(schema.fields.get(name), ma.fields.List):
            values[name] = texts
        else:
            values[name] = texts[0]
            if len(texts) > 1:
                errors[name] = ["Send it once."]
    if errors:
        raise InvalidFields(errors)

    return values


def _body(operation: Operation) -> dict[str, t.Any]:
    if operation.body is None:
        return {}

    is_optional = not operation.needs_body
    body = bodies.read(get_state().settings.max_content_length, is_optional=is_optional)
    return _load(operation.body, {} if is_optional and not body else decoding.decode(body))


def _load(schema: ma.Schema, values: dict[str, t.Any]) -> dict[str, t.Any]:
    try:
        return t.cast(dict[str, t.Any], schema.load(values))
    except ma.ValidationError as error:
        messages = t.cast(dict[str, t.Any], error.messages)
        raise InvalidFields(
            {str(name): list(_sentences(faults)) for name, faults in messages.items()}
        ) from None


def _sentences(faults: t.Any) -> t.Iterator[str]:
    """Yield the messages of a field; those of a list's elements say which one it is."""
    if isinstance(faults, dict):
        for place, inner in faults.items():
            yield from (f"{place}: {message}" for message in _sentences(inner))
    else:
        yield from faults


def _checked(values: Mapping[str, str]) -> dict[str, t.Any]:
    return {name: read(values[name]) for name, read in _IN_PATHS.items() if name in values}


def _row_id(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MOST_ID:
        return int(text)

    raise Declined(404, "not_found", "There is nothing with this id: ids are whole numbers.")


def _integration_id(text: str) -> str:
    if tokens.may_be_integration_id(text):
        return text

    raise Declined(404, "not_found", "There is no integration with this id.")


_IN_PATHS: dict[str, Callable[[str], t.Any]] = {
    "alert_id": _row_id,
    "event_id": _row_id,
    "integration_id": _integration_id,
}


def _written(operation: Operation, answer: Answer) -> Response:
    content = answer.content
    if operation.answer is not None:
        content = operation.answer.dump(content)
    response = _kept_private(bodies.write(content, operation.status))
    response.headers.extend(answer.headers)
    if "ETag" in answer.headers and operation.method == "GET":
        response.headers["Cache-Control"] = "private, no-cache"
        response.make_conditional(request)
    return response


def _refuse(error: Exception) -> Response:
    problem = problem_of(error)
    logger.info(
        "Refused a request to the API: %d %r", problem.status, problem.detail,
        extra={"action": "api_request_refused"},
    )  # fmt: skip
    response = _kept_private(bodies.write(problem.as_json(), problem.status, MEDIA_TYPE))
    response.headers.extend(problem.headers)
    return response


def _kept_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
