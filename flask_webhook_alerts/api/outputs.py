"""Say what answers hold."""

from __future__ import annotations

import typing as t

from marshmallow import fields

from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.events import Severity
from flask_webhook_alerts.events import Urgency

from .schemas import Output
from .schemas import words_of

_PEOPLE = (
    Outcome.ACKNOWLEDGED, Outcome.RESOLVED, Outcome.REOPENED, Outcome.NOTED, Outcome.UNCHANGED,
    Outcome.IGNORED,
)  # fmt: skip
NOT_FOUND = "not_found"
"""The outcome of an item of a bulk change that names no alert."""


def _object() -> fields.Dict:
    return fields.Dict(keys=fields.String())


def _moment() -> fields.DateTime:
    return fields.DateTime(allow_none=True)


class Reference(Output):
    """An alert, as briefly as the webhook endpoint names it."""

    id: fields.Integer = fields.Integer()
    thirdparty_id: fields.String = fields.String()
    status: fields.String = fields.String(validate=words_of(AlertStatus))
    occurrences: fields.Integer = fields.Integer()


class AlertSummary(Reference):
    """An alert in a list."""

    integration_id: fields.String = fields.String()
    integration_name: fields.String = fields.String()
    title: fields.String = fields.String()
    urgency: fields.String = fields.String(validate=words_of(Urgency), allow_none=True)
    tags: fields.List[str] = fields.List(fields.String())
    incident: fields.Boolean = fields.Boolean()
    incident_severity: fields.String = fields.String(validate=words_of(Severity), allow_none=True)
    created_at: fields.DateTime = fields.DateTime()
    last_received_at: fields.DateTime = fields.DateTime()
    acknowledged_at: fields.DateTime = _moment()
    resolved_at: fields.DateTime = _moment()


class AlertPage(Output):
    """Some alerts, the newest first."""

    alerts: fields.List[t.Any] = fields.List(fields.Nested(AlertSummary))
    searched_to: fields.DateTime = fields.DateTime(
        allow_none=True,
        metadata={
            "description": "Set where the page ends before it is full, with more to look through:"
            " when the last alert that was looked at was created. Follow the next link."
        },
    )


class Event(Output):
    """A line of an alert's timeline, and what became of its signal."""

    id: fields.Integer = fields.Integer()
    kind: fields.String = fields.String(validate=words_of(EventKind))
    at: fields.DateTime = fields.DateTime()
    by: fields.String = fields.String(allow_none=True)
    notes: fields.List[str] = fields.List(fields.String())
    delivered_at: fields.DateTime = _moment()
    delivered_to: fields.List[str] = fields.List(fields.String())
    attempts: fields.Integer = fields.Integer()
    next_attempt_at: fields.DateTime = _moment()
    last_error: fields.String = fields.String(allow_none=True)


class Alert(AlertSummary):
    """Everything about an alert."""

    description: fields.String = fields.String(allow_none=True)
    meta: fields.Dict = _object()
    additional_data: fields.Dict = _object()
    dedup_keys: fields.List[str] = fields.List(fields.String())
    incident_message: fields.String = fields.String(allow_none=True)
    events: fields.List[t.Any] = fields.List(fields.Nested(Event))


class Receipt(Output):
    """What became of a change of an alert."""

    outcome: fields.String = fields.String(validate=words_of(_PEOPLE))
    reason: fields.String = fields.String(
        allow_none=True, metadata={"description": "Why a change was ignored."}
    )
    alert: fields.Nested = fields.Nested(Reference, allow_none=True)


class BulkReceipt(Receipt):
    """What became of one item of a bulk change."""

    id: fields.Integer = fields.Integer()
    outcome: fields.String = fields.String(validate=words_of([*_PEOPLE, NOT_FOUND]))


class BulkReceipts(Output):
    """What became of each item, in the order of the request."""

    results: fields.List[t.Any] = fields.List(fields.Nested(BulkReceipt))


class Integration(Output):
    """A sender, and where it posts to."""

    id: fields.String = fields.String()
    name: fields.String = fields.String()
    enabled: fields.Boolean = fields.Boolean()
    capture_additional_data: fields.Boolean = fields.Boolean()
    strict: fields.Boolean = fields.Boolean()
    wrapper_key: fields.String = fields.String(allow_none=True)
    title_template: fields.String = fields.String(allow_none=True)
    description_template: fields.String = fields.String(allow_none=True)
    has_token: fields.Boolean = fields.Boolean()
    previous_token_expires_at: fields.DateTime = _moment()
    created_at: fields.DateTime = fields.DateTime()
    updated_at: fields.DateTime = fields.DateTime()
    endpoint_url: fields.String = fields.String(
        allow_none=True, metadata={"description": "The URL to copy into the sender."}
    )


class Integrations(Output):
    """All senders, the oldest first."""

    integrations: fields.List[t.Any] = fields.List(fields.Nested(Integration))


class IntegrationWithToken(Integration):
    """A sender and its token, which is never told again."""

    token: fields.String = fields.String(allow_none=True)


class Deletion(Output):
    """What went with an integration."""

    deleted_alerts: fields.Integer = fields.Integer()


class Rejection(Output):
    """A refused request of a sender."""

    id: fields.Integer = fields.Integer()
    at: fields.DateTime = fields.DateTime()
    status: fields.Integer = fields.Integer()
    reason: fields.String = fields.String()
    source: fields.String = fields.String(allow_none=True)


class Rejections(Output):
    """The last refused requests of a sender, the newest first."""

    rejections: fields.List[t.Any] = fields.List(fields.Nested(Rejection))


class Delivery(Event):
    """An event whose signal is to be delivered, and its alert."""

    alert_id: fields.Integer = fields.Integer()
    title: fields.String = fields.String()
    integration_id: fields.String = fields.String()
    integration_name: fields.String = fields.String()


class Deliveries(Output):
    """Some events, the newest first."""

    deliveries: fields.List[t.Any] = fields.List(fields.Nested(Delivery))


class Revival(Output):
    """How many dead events are due again."""

    revived: fields.Integer = fields.Integer()


class Problem(Output):
    """What went wrong (RFC 9457)."""

    type: fields.String = fields.String()
    title: fields.String = fields.String()
    status: fields.Integer = fields.Integer()
    detail: fields.String = fields.String()
