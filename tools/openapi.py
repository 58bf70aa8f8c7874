"""Write the OpenAPI document of the REST API and of the webhook endpoint: ``make openapi``."""

from __future__ import annotations

import inspect
import json
import typing as t
from http import HTTPStatus
from pathlib import Path

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from flask_webhook_alerts.__about__ import __version__
from flask_webhook_alerts.api.blueprint import OPERATIONS
from flask_webhook_alerts.api.document import API_PREFIX
from flask_webhook_alerts.api.operations import Operation
from flask_webhook_alerts.bodies import JSON

from . import links
from . import parts
from . import webhook

TARGET = Path(__file__).parent.parent / "flask_webhook_alerts" / "api" / "openapi.json"

_ABOUT = """\
Alerts of monitoring tools, which came in by webhook, and the integrations that they came through.

Times are ISO 8601 in UTC. Lists come in pages: follow the `Link` with `rel="next"` until there is
none. Whatever is refused is told as problem details (RFC 9457).
"""
_EVERYWHERE = (401, 403, 422, 500, 503)
_WITH_BODY = (400, 413, 415)
_PROBLEMS = {
    400: "The body is not JSON, or no object.",
    401: "There are no credentials.",
    403: "The credentials do not open this API, or a page of another site asks for a change.",
    404: "There is nothing with this id.",
    409: "The thing is not in a state that allows this.",
    412: "The thing is no longer as it was read.",
    413: "The body is too large.",
    415: "The content type is not JSON.",
    422: "Parameters or members of the body do not fit; `errors` says which.",
    428: "The header `If-Match` is missing.",
    500: "Something unexpected went wrong.",
    503: "The database cannot answer now. Send the request again.",
}
_TAKES = {
    "If-Match": "The `ETag` that came with what shall be changed, or `*`.",
    "If-None-Match": "An `ETag`: 304 is answered if nothing has changed since.",
}
_GIVES = {
    "ETag": "Tells this version from every other.",
    "Link": "Where the first, the previous and the next page are (RFC 8288).",
    "Location": "Where the new thing is.",
}


def build() -> dict[str, t.Any]:
    """Return the document."""
    spec = APISpec(
        title="Webhook alerts",
        version=__version__,
        openapi_version="3.1.0",
        info={
            "description": _ABOUT,
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        plugins=[MarshmallowPlugin()],
        servers=[{"url": "/"}],
        security=[{"bearer": []}],
        tags=[{"name": name} for name in dict.fromkeys(_tags())],
    )
    spec.components.security_scheme(
        "bearer",
        {"type": "http", "scheme": "bearer", "description": "Whatever the application checks."},
    )
    for status, words in _PROBLEMS.items():
        spec.components.response(_component(status), parts.problem(status, words))
    for operation in OPERATIONS:
        spec.path(
            path=API_PREFIX + operation.path,
            operations={operation.method.lower(): _operation(operation)},
        )
    webhook.add_to(spec)
    return spec.to_dict()


def text_of(document: dict[str, t.Any]) -> str:
    """Return the document as it is written into its file."""
    return json.dumps(document, indent=1) + "\n"


def main() -> None:
    TARGET.write_text(text_of(build()), encoding="utf-8")


def _tags() -> list[str]:
    return [*(operation.tag for operation in OPERATIONS), webhook.TAG]


def _operation(operation: Operation) -> dict[str, t.Any]:
    summary, _, description = inspect.cleandoc(t.cast(str, operation.view.__doc__)).partition("\n")
    told: dict[str, t.Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if description:
        told["description"] = description.strip()
    if operation.body is not None:
        told["requestBody"] = {
            "required": operation.needs_body,
            "content": {JSON: {"schema": operation.body}},
        }
    return told


def _parameters(operation: Operation) -> list[dict[str, t.Any]]:
    parameters = parts.in_path(operation.path)
    parameters += [{"in": "query", "schema": operation.query}] if operation.query.fields else []
    for name in operation.takes:
        required = name == "If-Match" and 428 in operation.problems
        header = {"in": "header", "name": name, "required": required, "description": _TAKES[name]}
        parameters.append({**header, "schema": {"type": "string"}})
    return parameters


def _responses(operation: Operation) -> dict[str, t.Any]:
    schema: t.Any = operation.answer or {"type": "object"}
    success: dict[str, t.Any] = {
        "description": HTTPStatus(operation.status).phrase,
        "content": {JSON: {"schema": schema}},
    }
    headers = {
        name: {"description": _GIVES[name], "schema": {"type": "string"}}
        for name in operation.gives
    }
    if headers:
        success["headers"] = headers
    if operation.name in links.FROM:
        success["links"] = links.FROM[operation.name]
    responses = {str(operation.status): success}
    if "If-None-Match" in operation.takes:
        responses["304"] = {"description": "Nothing has changed."}
    statuses = {*_EVERYWHERE, *operation.problems, *(_WITH_BODY if operation.body else ())}
    return responses | {str(status): _component(status) for status in sorted(statuses)}


def _component(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


if __name__ == "__main__":
    main()
