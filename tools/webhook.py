"""Describe the webhook endpoint to the OpenAPI document.

Its payload's schema in code forgives letter case and blanks, which no document can tell; so it is
written here, from the same words and limits.
"""

from __future__ import annotations

import typing as t

from apispec import APISpec

from flask_webhook_alerts.api.document import WEBHOOK_PATH
from flask_webhook_alerts.api.fields import VISIBLE
from flask_webhook_alerts.api.fields import VISIBLE_NO_NUL
from flask_webhook_alerts.bodies import JSON
from flask_webhook_alerts.config import Settings
from flask_webhook_alerts.events import EventType
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.events import Severity
from flask_webhook_alerts.events import Urgency
from flask_webhook_alerts.fields import MAX_ID_LENGTH

from . import links
from . import parts

TAG = "webhook"

_STORED = (
    Outcome.CREATED, Outcome.REPEATED, Outcome.ACKNOWLEDGED, Outcome.RESOLVED, Outcome.UNCHANGED,
)  # fmt: skip
_REFERRING = (EventType.ACKNOWLEDGE, EventType.RESOLVE)
_PROBLEMS = {
    400: "The body is not JSON, or no object, or over a limit of depth, size or length.",
    403: "The token is missing or wrong.",
    404: "There is no integration with this id.",
    405: "The integration is disabled, or the method is not POST.",
    413: "The body is too large.",
    415: "The content type is not JSON, or the body is encoded.",
    422: "Fields of the payload do not fit; `errors` says which.",
    429: "The integration has used up its rate limit.",
    503: "This server cannot take the event now. Nothing was stored; send it again.",
}
_TEXT = {"type": "string", "pattern": VISIBLE}
_LABELS = {"type": "array", "items": {"type": ["string", "null"]}}
_ID = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_ID_LENGTH,
    "pattern": VISIBLE_NO_NUL,
    "description": "The sender's key: kept to the byte, never trimmed.",
}
_META: dict[str, t.Any] = {
    "type": ["object", "null"],
    "description": "Any JSON values. `incident`, `incident_severity` and `incident_message` become"
    f" columns of the alert; severities are {', '.join(Severity)}.",
    "properties": {
        "incident": {"type": ["boolean", "null"]},
        "incident_severity": {"type": ["string", "null"]},
        "incident_message": {"type": ["string", "null"]},
    },
}
_ABOUT = """\
The fields are those of a strict integration. Names of fields match in any letter case, `null` is
the same as absent, and other fields are kept or dropped, as the integration says. A `create` opens
an alert, or counts a repetition of the active one with this `Id`.
"""


def add_to(spec: APISpec) -> None:
    """Add the endpoint and what it needs."""
    header = Settings().token_header
    scheme = {"type": "apiKey", "in": "header", "name": header, "description": "The integration's."}
    spec.components.security_scheme("token", scheme)
    spec.components.schema("CreateEvent", component=_create())
    spec.components.schema("ReferringEvent", component=_refer())
    spec.components.schema("StoredEvent", component=_stored())
    spec.components.schema("IgnoredEvent", component=_ignored())
    spec.path(path=WEBHOOK_PATH, operations={"post": _operation()})


def _operation() -> dict[str, t.Any]:
    return {
        "operationId": "receive_event",
        "tags": [TAG],
        "summary": "Take in an event of a sender.",
        "description": _ABOUT,
        "security": [{}, {"token": []}],
        "parameters": parts.in_path(WEBHOOK_PATH),
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"anyOf": [_ref("CreateEvent"), _ref("ReferringEvent")]}}},
        },
        "responses": {
            "200": {
                "description": "The event is stored, or needed no storing.",
                "content": {
                    JSON: {"schema": {"oneOf": [_ref("StoredEvent"), _ref("IgnoredEvent")]}}
                },
                "links": links.FROM["receive_event"],
            },
            **{str(status): parts.problem(status, words) for status, words in _PROBLEMS.items()},
        },
    }


def _create() -> dict[str, t.Any]:
    return {
        "description": "Something is wrong.",
        "type": "object",
        "required": ["event_type", "Id", "Title", "Description"],
        "properties": {
            "event_type": {"const": EventType.CREATE.value},
            "Id": _ID,
            "Title": _TEXT,
            "Description": _TEXT,
            "Tags": _LABELS | {"type": ["array", "null"]},
            "Meta": _META,
            "Urgency": {
                "description": f"One of {', '.join(Urgency)}. Anything else is stored as null."
            },
            "dedup_keys": {"anyOf": [{"type": ["string", "null"]}, _LABELS]},
        },
    }


def _refer() -> dict[str, t.Any]:
    return {
        "description": "Somebody looks after it, or it is over. Other fields are not looked at.",
        "type": "object",
        "required": ["event_type", "Id"],
        "properties": {
            "event_type": {"enum": [word.value for word in _REFERRING]},
            "Id": _ID,
        },
    }


def _stored() -> dict[str, t.Any]:
    outcome = {"enum": [word.value for word in _STORED]}
    return _answer({"outcome": outcome, "alert": _ref("Reference")})


def _ignored() -> dict[str, t.Any]:
    outcome = {"const": Outcome.IGNORED.value}
    return _answer({"outcome": outcome, "alert": {"type": "null"}, "reason": {"type": "string"}})


def _answer(properties: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"type": "object", "required": [*properties], "properties": properties}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
