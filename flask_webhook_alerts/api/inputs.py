"""Say what requests about alerts and deliveries may hold: parameters, and members of bodies."""

from __future__ import annotations

import dataclasses
import typing as t

import marshmallow as ma
from marshmallow import fields
from marshmallow import validate

from flask_webhook_alerts import decoding
from flask_webhook_alerts import tokens
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import Urgency
from flask_webhook_alerts.fields import MAX_ID_LENGTH
from flask_webhook_alerts.store.deliveries import DeliveryState
from flask_webhook_alerts.store.search import AlertFilter
from flask_webhook_alerts.store.values import MOST_ID
from flask_webhook_alerts.triage import LONGEST_NOTE
from flask_webhook_alerts.words import is_visible

from .fields import Cursor
from .fields import Flag
from .fields import Moment
from .fields import NO_NUL
from .fields import Number
from .fields import VISIBLE
from .fields import Whole
from .schemas import about
from .schemas import Input
from .schemas import words_of

MOST_ON_A_PAGE: int = 200
"""Entries that one page may have."""

MOST_AT_ONCE: int = 100
"""Alerts that one request may change."""

MOST_DAYS: int = 90
"""Days that one summary may cover."""

_FILTERS = frozenset(field.name for field in dataclasses.fields(AlertFilter)) - {"statuses"}


def _text(longest: int, **options: t.Any) -> fields.String:
    rules = [validate.Length(min=1, max=longest), validate.Regexp(NO_NUL)]
    return fields.String(validate=rules, **options)


class PageQuery(Input):
    """How many, and from where on."""

    limit: fields.Integer = Whole(
        load_default=50,
        validate=validate.Range(1, MOST_ON_A_PAGE),
        metadata=about("The most entries on the page."),
    )


class AlertQuery(PageQuery):
    """Which alerts are wanted."""

    cursor: fields.String = Cursor()
    status: fields.List[str] = fields.List(
        fields.String(validate=words_of(AlertStatus)),
        metadata=about("Any of these. Send the parameter once for each."),
    )
    integration_id: fields.String = fields.String(
        validate=validate.Regexp(f"^{tokens.INTEGRATION_ID_PATTERN}$"),
        metadata=about("From this integration."),
    )
    tag: fields.String = _text(1_000, metadata=about("With exactly this tag."))
    urgency: fields.String = fields.String(
        validate=words_of(Urgency), metadata=about("As urgent as this.")
    )
    incident: fields.Boolean = Flag(metadata=about("Whether the sender calls it an incident."))
    text: fields.String = _text(
        200,
        metadata=about("With these characters in the title, the Id or a tag, in any case."),
    )
    thirdparty_id: fields.String = _text(
        MAX_ID_LENGTH, metadata=about("With exactly this Id of its sender.")
    )
    since: fields.DateTime = Moment(metadata=about("Created then or later."))
    until: fields.DateTime = Moment(metadata=about("Created before."))

    @ma.post_load
    def make_filter(self, data: dict[str, t.Any], **_options: t.Any) -> dict[str, t.Any]:
        """Return the filter under ``wanted``, beside ``limit`` and ``cursor``."""
        statuses = tuple(AlertStatus(word) for word in dict.fromkeys(data.pop("status", ())))
        given = {name: data.pop(name) for name in _FILTERS & data.keys()}
        return {**data, "wanted": AlertFilter(statuses=statuses, **given)}


class BulkBody(Input):
    """Which alerts are meant."""

    ids: fields.List[int] = fields.List(
        Number(validate=validate.Range(1, MOST_ID)),
        required=True,
        validate=validate.Length(1, MOST_AT_ONCE),
        metadata=about("The alerts' ids, each once.", uniqueItems=True),
    )

    @ma.validates("ids")
    def check_unique(self, ids: list[int], **_options: t.Any) -> None:
        """Refuse an id that comes twice: it would have one outcome only."""
        if len(set(ids)) < len(ids):
            raise ma.ValidationError("Send each id once.")


def _check_visible(text: str) -> None:
    if not is_visible(decoding.clean(text)):
        raise ma.ValidationError("Send text with at least one visible character.")


class NoteBody(Input):
    """A note for an alert's timeline."""

    text: fields.String = fields.String(
        required=True,
        validate=[validate.Length(1, LONGEST_NOTE), _check_visible],
        metadata=about("With at least one visible character.", pattern=VISIBLE),
    )


class DeliveryQuery(PageQuery):
    """Which events are wanted."""

    cursor: fields.String = Cursor(both=False)
    state: fields.String = fields.String(
        load_default=DeliveryState.OWED.value,
        validate=words_of(DeliveryState),
        metadata=about(
            "Not delivered yet; of these, failed at least once; or given up after ten attempts."
        ),
    )


class StatsQuery(Input):
    """Which time is summarized."""

    days: fields.Integer = Whole(
        load_default=7,
        validate=validate.Range(1, MOST_DAYS),
        metadata=about("Up to now, today included, in whole hours of UTC."),
    )
