"""Hold what the API's and the webhook endpoint's parts of the document share."""

from __future__ import annotations

import typing as t

import marshmallow as ma

from flask_webhook_alerts.api import outputs
from flask_webhook_alerts.problems import MEDIA_TYPE
from flask_webhook_alerts.store.values import MOST_ID
from flask_webhook_alerts.tokens import INTEGRATION_ID_PATTERN

_ROW_ID = {"type": "integer", "minimum": 1, "maximum": MOST_ID}
_IDS: dict[str, dict[str, t.Any]] = {
    "integration_id": {"type": "string", "pattern": f"^{INTEGRATION_ID_PATTERN}$"},
    "alert_id": _ROW_ID,
    "event_id": _ROW_ID,
}
_HEADERS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}


class InvalidFields(outputs.Problem):
    """What does not fit, by its name."""

    errors: ma.fields.Dict = ma.fields.Dict(
        keys=ma.fields.String(), values=ma.fields.List(ma.fields.String())
    )


def in_path(path: str) -> list[dict[str, t.Any]]:
    """Return the parameters that are in a path."""
    return [
        {"in": "path", "name": name, "required": True, "schema": schema}
        for name, schema in _IDS.items()
        if f"{{{name}}}" in path
    ]


def problem(status: int, words: str) -> dict[str, t.Any]:
    """Return a response with problem details."""
    schema = InvalidFields if status == 422 else outputs.Problem
    told: dict[str, t.Any] = {"description": words, "content": {MEDIA_TYPE: {"schema": schema}}}
    if status in _HEADERS:
        told["headers"] = {_HEADERS[status]: {"schema": {"type": "string"}, "required": True}}
    return told
