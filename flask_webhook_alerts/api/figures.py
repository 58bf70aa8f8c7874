"""Say what the answer with the stats holds."""

from __future__ import annotations

import typing as t

from marshmallow import fields

from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.store.deliveries import DeliveryState

from .schemas import about
from .schemas import Output


class Bucket(Output):
    """What happened in an hour or a day."""

    start: fields.DateTime = fields.DateTime()
    created: fields.Integer = fields.Integer()
    acknowledged: fields.Integer = fields.Integer()
    resolved: fields.Integer = fields.Integer()


class Duration(Output):
    """How long something took, in seconds; null if it never happened."""

    count: fields.Integer = fields.Integer()
    median: fields.Float = fields.Float(allow_none=True)
    percentile_95: fields.Float = fields.Float(allow_none=True)


class LoudIntegration(Output):
    """A sender that was loud."""

    integration_id: fields.String = fields.String()
    name: fields.String = fields.String()
    alerts: fields.Integer = fields.Integer()
    occurrences: fields.Integer = fields.Integer()


class LoudId(LoudIntegration):
    """An Id that was loud."""

    thirdparty_id: fields.String = fields.String()


def _counts(words: t.Iterable[str], name: str) -> fields.Nested:
    members = {str(word): fields.Integer() for word in words}
    schema = Output.from_dict(t.cast(t.Any, members), name=name)
    return fields.Nested(schema)


class Stats(Output):
    """What there is now, and what happened in the last days."""

    alerts: fields.Nested = _counts(AlertStatus, "AlertCounts")
    deliveries: fields.Nested = _counts(DeliveryState, "DeliveryCounts")
    since: fields.DateTime = fields.DateTime()
    until: fields.DateTime = fields.DateTime()
    hours: fields.List[t.Any] = fields.List(fields.Nested(Bucket))
    days: fields.List[t.Any] = fields.List(fields.Nested(Bucket))
    to_acknowledge: fields.Nested = fields.Nested(Duration)
    to_resolve: fields.Nested = fields.Nested(Duration)
    measured: fields.Integer = fields.Integer(
        allow_none=True,
        metadata=about("Of how many alerts, the newest, these two are; null if of all."),
    )
    integrations: fields.List[t.Any] = fields.List(fields.Nested(LoudIntegration))
    thirdparty_ids: fields.List[t.Any] = fields.List(fields.Nested(LoudId))
    week: fields.List[t.Any] = fields.List(
        fields.List(fields.Integer()),
        metadata={"description": "Created alerts by weekday, Monday first, and by hour of UTC."},
    )
