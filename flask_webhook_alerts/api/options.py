"""Say what requests about integrations may hold."""

from __future__ import annotations

import typing as t

from marshmallow import fields
from marshmallow import validate

from flask_webhook_alerts import rendering
from flask_webhook_alerts import tokens
from flask_webhook_alerts import wrapping

from .fields import checked
from .fields import Flag
from .fields import Number
from .fields import Truth
from .fields import VISIBLE_NO_NUL
from .schemas import about
from .schemas import Input

_A_YEAR = 31_536_000


def _token(words: str, **options: t.Any) -> fields.String:
    return fields.String(
        validate=[
            validate.Length(1, 512),
            validate.Regexp(r"^[!-~]([ -~]*[!-~])?$"),
            checked(tokens.hash_token),
        ],
        metadata=about(words),
        **options,
    )


def _template(words: str) -> fields.String:
    return fields.String(
        allow_none=True,
        validate=[
            validate.Length(1, rendering.LONGEST_TEMPLATE),
            checked(rendering.check_template),
        ],
        metadata=about(words),
    )


class IntegrationOptions(Input):
    """What may be set on an integration."""

    enabled: fields.Boolean = Truth(metadata=about("Whether its sender may post."))
    capture_additional_data: fields.Boolean = Truth(
        metadata=about("Keep the fields that the payload's documentation does not know.")
    )
    strict: fields.Boolean = Truth(
        metadata=about(
            "Refuse what the documentation does not allow; or take what PagerTree takes."
        )
    )
    wrapper_key: fields.String = fields.String(
        allow_none=True,
        validate=[
            validate.Length(1, wrapping.LONGEST_WRAPPER_KEY),
            checked(wrapping.check_wrapper_key),
        ],
        metadata=about("A JMESPath expression that finds the payload inside the body."),
    )
    title_template: fields.String = _template(
        "A Jinja template of the title, over `payload` and `integration`."
    )
    description_template: fields.String = _template("The same of the description.")
    token: fields.String = _token(
        "What the sender must show; null for nothing. It cannot be read back.", allow_none=True
    )


def _name(**options: t.Any) -> fields.String:
    return fields.String(
        validate=[validate.Length(1, 255), validate.Regexp(VISIBLE_NO_NUL)],
        metadata=about("What people call the sender."),
        **options,
    )


class NewIntegration(IntegrationOptions):
    """A sender to make an endpoint for."""

    name: fields.String = _name(required=True)
    generate_token: fields.Boolean = Truth(
        load_default=False, metadata=about("Make a token, unless one is given.")
    )


class IntegrationChanges(IntegrationOptions):
    """What shall be otherwise; what is left out stays."""

    name: fields.String = _name()


class NewToken(Input):
    """How to go over to a new token."""

    token: fields.String = _token("The new token; one is made if none is given.")
    keep_for_seconds: fields.Integer = Number(
        load_default=86_400,
        validate=validate.Range(0, _A_YEAR),
        metadata=about("How long the old token stays valid."),
    )


class DeletionQuery(Input):
    """What goes with an integration."""

    with_alerts: fields.Boolean = Flag(
        load_default=False, metadata=about("Also delete its alerts and their timelines.")
    )
