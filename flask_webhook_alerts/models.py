"""Describe the tables, as mixins for the host's own classes and for ours."""

from __future__ import annotations

import datetime as dt
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

from . import clock
from . import decoding
from . import rendering
from . import tokens
from . import wrapping
from .errors import InvalidOption
from .events import AlertStatus
from .events import LONGEST_NAME
from .fields import MAX_ID_LENGTH
from .words import is_visible

# The variants are stock types of SQLAlchemy, so that every migration tool knows how to write them.
# MariaDB's DATETIME drops fractions unless told otherwise, its TEXT ends at 65,535 bytes, and
# SQLite counts up only an INTEGER.
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
_LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
_INTEGRATION_ID = sa.String(tokens.INTEGRATION_ID_LENGTH)

OPTIONS = frozenset(
    {
        "name", "enabled", "token", "capture_additional_data", "strict", "wrapper_key",
        "title_template", "description_template",
    }
)  # fmt: skip
"""What may be set on an integration."""


class IntegrationMixin:
    """One sender: where it posts to, how it proves itself, how its payloads are read."""

    __tablename__ = "webhook_integration"

    id: orm.Mapped[str] = orm.mapped_column(
        _INTEGRATION_ID, primary_key=True, default=tokens.new_integration_id
    )
    name: orm.Mapped[str] = orm.mapped_column(sa.String(LONGEST_NAME))
    enabled: orm.Mapped[bool] = orm.mapped_column(default=True)
    token_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    previous_token_hash: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    previous_token_expires_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(_TIME)
    capture_additional_data: orm.Mapped[bool] = orm.mapped_column(default=False)
    strict: orm.Mapped[bool] = orm.mapped_column(default=True)
    wrapper_key: orm.Mapped[str | None] = orm.mapped_column(sa.Text())
    title_template: orm.Mapped[str | None] = orm.mapped_column(sa.Text())
    description_template: orm.Mapped[str | None] = orm.mapped_column(sa.Text())
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(_TIME, default=clock.now)
    updated_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        _TIME, default=clock.now, onupdate=clock.now
    )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.name!r}>"

    @property
    def token(self) -> t.NoReturn:
        """Write-only: set a token, or None for no token. Only its hash is stored."""
        raise AttributeError("A token cannot be read back: only its hash is stored.")

    @token.setter
    def token(self, token: str | None) -> None:
        self.token_hash = None if token is None else tokens.hash_token(token)
        self.previous_token_hash = None
        self.previous_token_expires_at = None

    @property
    def has_token(self) -> bool:
        """Whether senders must show a token."""
        return self.token_hash is not None

    @orm.validates("name")
    def _check_name(self, _key: str, name: object) -> str:
        text = _text("name", name)
        if not is_visible(text) or len(text) > LONGEST_NAME:
            raise InvalidOption(
                f"An integration's name has 1 to {LONGEST_NAME} characters, not all blank."
            )

        return text

    @orm.validates("enabled", "capture_additional_data", "strict")
    def _check_flag(self, key: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise InvalidOption(f"{key} is True or False, not {value!r}.")

        return value

    @orm.validates("wrapper_key")
    def _check_wrapper_key(self, key: str, expression: object) -> str | None:
        return _checked(key, expression, wrapping.check_wrapper_key)

    @orm.validates("title_template", "description_template")
    def _check_template(self, key: str, source: object) -> str | None:
        return _checked(key, source, rendering.check_template)

    @orm.validates("previous_token_expires_at", "created_at", "updated_at")
    def _make_utc(self, _key: str, time: dt.datetime | None) -> dt.datetime | None:
        return time and clock.as_utc(time)


class AlertMixin:
    """One alert: what the sender said, and where it is in its life."""

    __tablename__ = "webhook_alert"

    id: orm.Mapped[int] = orm.mapped_column(_BIG_ID, primary_key=True)
    integration_id: orm.Mapped[str] = orm.mapped_column(
        _INTEGRATION_ID, sa.ForeignKey("webhook_integration.id")
    )
    thirdparty_id: orm.Mapped[str] = orm.mapped_column(sa.String(MAX_ID_LENGTH))
    active_key: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(16), default=AlertStatus.OPEN.value)
    title: orm.Mapped[str] = orm.mapped_column(_LONG_TEXT)
    description: orm.Mapped[str | None] = orm.mapped_column(_LONG_TEXT)
    urgency: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    tags: orm.Mapped[list[str]] = orm.mapped_column(sa.JSON, default=list)
    meta: orm.Mapped[dict[str, t.Any]] = orm.mapped_column(sa.JSON, default=dict)
    additional_data: orm.Mapped[dict[str, t.Any]] = orm.mapped_column(sa.JSON, default=dict)
    dedup_keys: orm.Mapped[list[str]] = orm.mapped_column(sa.JSON, default=list)
    incident: orm.Mapped[bool] = orm.mapped_column(default=False)
    incident_severity: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    incident_message: orm.Mapped[str | None] = orm.mapped_column(_LONG_TEXT)
    occurrences: orm.Mapped[int] = orm.mapped_column(_BIG_ID, default=1)
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(_TIME, default=clock.now)
    last_received_at: orm.Mapped[dt.datetime] = orm.mapped_column(_TIME, default=clock.now)
    acknowledged_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(_TIME)
    resolved_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(_TIME)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status} {self.thirdparty_id!r}>"

    @orm.validates("created_at", "last_received_at", "acknowledged_at", "resolved_at")
    def _make_utc(self, _key: str, time: dt.datetime | None) -> dt.datetime | None:
        return time and clock.as_utc(time)

    if t.TYPE_CHECKING:
        integration: t.Any
        events: t.Any


class AlertEventMixin:
    """One change of an alert: a row of its timeline, and of the outbox of the signals."""

    __tablename__ = "webhook_alert_event"

    id: orm.Mapped[int] = orm.mapped_column(_BIG_ID, primary_key=True)
    alert_id: orm.Mapped[int] = orm.mapped_column(_BIG_ID, sa.ForeignKey("webhook_alert.id"))
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    at: orm.Mapped[dt.datetime] = orm.mapped_column(_TIME, default=clock.now)
    by: orm.Mapped[str | None] = orm.mapped_column(sa.String(LONGEST_NAME))
    notes: orm.Mapped[list[str]] = orm.mapped_column(sa.JSON, default=list)
    delivered_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(_TIME)
    delivered_to: orm.Mapped[list[str]] = orm.mapped_column(sa.JSON, default=list)
    attempts: orm.Mapped[int] = orm.mapped_column(default=0)
    next_attempt_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(_TIME)
    last_error: orm.Mapped[str | None] = orm.mapped_column(_LONG_TEXT)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.kind} alert={self.alert_id}>"

    @orm.validates("at", "delivered_at", "next_attempt_at")
    def _make_utc(self, _key: str, time: dt.datetime | None) -> dt.datetime | None:
        return time and clock.as_utc(time)

    if t.TYPE_CHECKING:
        alert: t.Any


class RejectionMixin:
    """One refused request, for whoever sets a sender up. Without its token and its body."""

    __tablename__ = "webhook_rejection"

    id: orm.Mapped[int] = orm.mapped_column(_BIG_ID, primary_key=True)
    # No foreign key: requests to an id that nobody has are kept too, under null.
    integration_id: orm.Mapped[str | None] = orm.mapped_column(_INTEGRATION_ID)
    at: orm.Mapped[dt.datetime] = orm.mapped_column(_TIME, default=clock.now)
    status: orm.Mapped[int] = orm.mapped_column()
    reason: orm.Mapped[str] = orm.mapped_column(sa.Text())
    source: orm.Mapped[str | None] = orm.mapped_column(sa.String(64))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.status} integration={self.integration_id}>"


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidOption(f"{name} is text, not {type(value).__name__}.")

    if decoding.has_unstorable(value):
        raise InvalidOption(f"{name} has a NUL character or a lone surrogate, which is no UTF-8.")

    return value


def _checked(name: str, value: object, check: t.Callable[[str], None]) -> str | None:
    if value is None or value == "":
        return None

    text = _text(name, value)
    check(text)
    return text
