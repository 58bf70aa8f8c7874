"""Say what requests may hold: query parameters and members of bodies."""

from __future__ import annotations

import dataclasses
import typing as t

import marshmallow as ma
from marshmallow import fields
from marshmallow import validate

from flask_webhook_alerts import decoding
from flask_webhook_alerts import rendering
from flask_webhook_alerts import tokens
from flask_webhook_alerts import wrapping
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import Urgency
from flask_webhook_alerts.fields import is_visible
from flask_webhook_alerts.fields import MAX_ID_LENGTH
from flask_webhook_alerts.store.deliveries import DeliveryState
from flask_webhook_alerts.store.search import AlertFilter
from flask_webhook_alerts.triage import LONGEST_NOTE

from .fields import checked
from .fields import Cursor
from .fields import Flag
from .fields import Moment
from .fields import MOST_ID
from .fields import NO_NUL
from .fields import Number
from .fields import Truth
from .fields import VISIBLE
from .fields import VISIBLE_NO_NUL
from .fields import Whole

MOST_ON_A_PAGE = 200
MOST_AT_ONCE = 100
MOST_DAYS = 90

_A_YEAR = 31_536_000
_FILTERS = frozenset(field.name for field in dataclasses.fields(AlertFilter)) - {"statuses"}


class Input(ma.Schema):
    """Refuses what it does not know."""

    class Meta(ma.Schema.Meta):
        """Say it to the document, too."""

        unknown = ma.RAISE


class Nothing(Input):
    """No members, no parameters."""


def _text(longest: int, **options: t.Any) -> fields.String:
    rules = [validate.Length(min=1, max=longest), validate.Regexp(NO_NUL)]
    return fields.String(validate=rules, **options)


def _words(words: t.Iterable[str]) -> validate.OneOf:
    return validate.OneOf([str(word) for word in words])


def _about(words: str, **more: t.Any) -> dict[str, t.Any]:
    return {"description": words, **more}


class PageQuery(Input):
    """How many, and from where on."""

    limit: fields.Integer = Whole(
        load_default=50,
        validate=validate.Range(1, MOST_ON_A_PAGE),
        metadata=_about("The most entries on the page."),
    )


class AlertQuery(PageQuery):
    """Which alerts are wanted."""

    cursor: fields.String = Cursor()
    status: fields.List[str] = fields.List(
        fields.String(validate=_words(AlertStatus)),
        metadata=_about("Any of these. Send the parameter once for each."),
    )
    integration_id: fields.String = fields.String(
        validate=validate.Regexp(f"^{tokens.INTEGRATION_ID_PATTERN}$"),
        metadata=_about("From this integration."),
    )
    tag: fields.String = _text(1_000, metadata=_about("With exactly this tag."))
    urgency: fields.String = fields.String(
        validate=_words(Urgency), metadata=_about("As urgent as this.")
    )
    incident: fields.Boolean = Flag(metadata=_about("Whether the sender calls it an incident."))
    text: fields.String = _text(
        200,
        metadata=_about("With these characters in the title, the Id or a tag, in any case."),
    )
    thirdparty_id: fields.String = _text(
        MAX_ID_LENGTH, metadata=_about("With exactly this Id of its sender.")
    )
    since: fields.DateTime = Moment(metadata=_about("Created then or later."))
    until: fields.DateTime = Moment(metadata=_about("Created before."))

    @ma.post_load
    def make_filter(self, data: dict[str, t.Any], **_options: t.Any) -> dict[str, t.Any]:
        """Return the filter under ``wanted``, beside ``limit`` and ``cursor``."""
        statuses = tuple(AlertStatus(word) for word in dict.fromkeys(data.pop("status", ())))
        given = {name: data.pop(name) for name in _FILTERS & data.keys()}
        return {"cursor": {}, **data, "wanted": AlertFilter(statuses=statuses, **given)}


class BulkBody(Input):
    """Which alerts are meant."""

    ids: fields.List[int] = fields.List(
        Number(validate=validate.Range(1, MOST_ID)),
        required=True,
        validate=validate.Length(1, MOST_AT_ONCE),
        metadata=_about("The alerts' ids, each once.", uniqueItems=True),
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
        metadata=_about("With at least one visible character.", pattern=VISIBLE),
    )


class IntegrationOptions(Input):
    """What may be set on an integration."""

    enabled: fields.Boolean = Truth(metadata=_about("Whether its sender may post."))
    capture_additional_data: fields.Boolean = Truth(
        metadata=_about("Keep the fields that the payload's documentation does not know.")
    )
    strict: fields.Boolean = Truth(
        metadata=_about(
            "Refuse what the documentation does not allow; or take what PagerTree takes."
        )
    )
    wrapper_key: fields.String = fields.String(
        allow_none=True,
        validate=[validate.Length(1, 1_000), checked(wrapping.check_wrapper_key)],
        metadata=_about("A JMESPath expression that finds the payload inside the body."),
    )
    title_template: fields.String = fields.String(
        allow_none=True,
        validate=[validate.Length(1, 10_000), checked(rendering.check_template)],
        metadata=_about("A Jinja template of the title, over `payload` and `integration`."),
    )
    description_template: fields.String = fields.String(
        allow_none=True,
        validate=[validate.Length(1, 10_000), checked(rendering.check_template)],
        metadata=_about("The same of the description."),
    )
    token: fields.String = fields.String(
        allow_none=True,
        validate=[
            validate.Length(1, 512),
            validate.Regexp(r"^[!-~]([ -~]*[!-~])?$"),
            checked(tokens.hash_token),
        ],
        metadata=_about("What the sender must show; null for nothing. It cannot be read back."),
    )


def _name(**options: t.Any) -> fields.String:
    return fields.String(
        validate=[validate.Length(1, 255), validate.Regexp(VISIBLE_NO_NUL)],
        metadata=_about("What people call the sender."),
        **options,
    )


class NewIntegration(IntegrationOptions):
    """A sender to make an endpoint for."""

    name: fields.String = _name(required=True)
    generate_token: fields.Boolean = Truth(
        load_default=False, metadata=_about("Make a token, unless one is given.")
    )


class IntegrationChanges(IntegrationOptions):
    """What shall be otherwise; what is left out stays."""

    name: fields.String = _name()


class NewToken(Input):
    """How to go over to a new token."""

    token: fields.String = fields.String(
        validate=[
            validate.Length(1, 512),
            validate.Regexp(r"^[!-~]([ -~]*[!-~])?$"),
            checked(tokens.hash_token),
        ],
        metadata=_about("The new token; one is made if none is given."),
    )
    keep_for_seconds: fields.Integer = Number(
        load_default=86_400,
        validate=validate.Range(0, _A_YEAR),
        metadata=_about("How long the old token stays valid."),
    )


class DeletionQuery(Input):
    """What goes with an integration."""

    with_alerts: fields.Boolean = Flag(
        load_default=False, metadata=_about("Also delete its alerts and their timelines.")
    )


class DeliveryQuery(PageQuery):
    """Which events are wanted."""

    cursor: fields.String = Cursor(both=False)
    state: fields.String = fields.String(
        load_default=DeliveryState.OWED.value,
        validate=_words(DeliveryState),
        metadata=_about(
            "Not delivered yet; of these, failed at least once; or given up after ten attempts."
        ),
    )


class StatsQuery(Input):
    """Which time is summarized."""

    days: fields.Integer = Whole(
        load_default=7,
        validate=validate.Range(1, MOST_DAYS),
        metadata=_about("Up to now, today included, in whole hours of UTC."),
    )
