"""Define the kinds of fields that a payload has."""

from __future__ import annotations

import enum
import typing as t

import marshmallow as ma

from . import decoding
from .events import Severity
from .events import Urgency
from .words import is_visible

MAX_ID_LENGTH = 512
"""Characters that a sender's key may have."""

_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def truth_of(value: t.Any) -> bool | None:
    """Return the truth that a boolean or one of the usual words tells; None for anything else."""
    return _WORDS.get(str(value).strip().lower()) if isinstance(value, (bool, int, str)) else None


class Field(ma.fields.Field[t.Any]):
    """A field without validators of its own, of a payload whose nulls were left out before."""

    def deserialize(
        self, value: t.Any, attr: str | None = None, data: t.Any = None, **options: t.Any
    ) -> t.Any:
        """Return what the field makes of ``value``, or raise :exc:`marshmallow.ValidationError`."""
        # marshmallow's own looks for nulls, defaults and validators, which takes as long again.
        if value is ma.missing:
            return super().deserialize(value, attr, data, **options)

        return self._deserialize(value, attr, data, **options)


class Word(Field):
    """One word of an enumeration, in any case and with blanks around it."""

    def __init__(self, words: type[enum.StrEnum], **options: t.Any) -> None:
        super().__init__(**options)
        self._words = words

    def _deserialize(self, value: t.Any, *_: t.Any, **__: t.Any) -> enum.StrEnum:
        try:
            return self._words(value.strip().lower())
        except (AttributeError, ValueError):
            words = ", ".join(f'"{word}"' for word in self._words)
            raise ma.ValidationError(f"Send one of {words}.") from None


class UrgencyWord(Field):
    """An urgency, or None for a value that is not one: no alert is lost over its urgency."""

    def _deserialize(self, value: t.Any, *_: t.Any, **__: t.Any) -> str | None:
        word = value.strip().lower() if isinstance(value, str) else None
        return Urgency(word).value if word in list(Urgency) else None


class Identifier(Field):
    """The sender's key: kept to the byte, because two keys must never become one."""

    def _deserialize(self, value: t.Any, *_: t.Any, **__: t.Any) -> str:
        text = _visible_text(value)
        if len(text) > MAX_ID_LENGTH:
            raise ma.ValidationError(f"Longer than {MAX_ID_LENGTH} characters.")

        if decoding.has_unstorable(text):
            raise ma.ValidationError("Has a NUL character or a lone surrogate.")

        return text


class Text(Field):
    """Text with something to read in it."""

    def _deserialize(self, value: t.Any, *_: t.Any, **__: t.Any) -> str:
        return _visible_text(value)


class Labels(Field):
    """A list of short texts; nulls, blanks and duplicates are dropped, the order is kept.

    :param or_one: also take one text for a list of one.
    """

    def __init__(self, *, or_one: bool = False, **options: t.Any) -> None:
        super().__init__(**options)
        self._or_one = or_one

    def _deserialize(self, value: t.Any, *_: t.Any, **__: t.Any) -> tuple[str, ...]:
        if self._or_one and isinstance(value, str):
            value = [value]
        if not isinstance(value, list):
            raise ma.ValidationError(
                "Send a string or a list of strings." if self._or_one else "Send a list of strings."
            )

        labels = [label for label in value if label is not None]
        if not all(isinstance(label, str) for label in labels):
            raise ma.ValidationError("Send strings in the list, nothing else.")

        return tuple(dict.fromkeys(label for label in labels if is_visible(label)))


class Meta(Field):
    """The sender's own data, and what of them describes an incident."""

    def _deserialize(self, value: t.Any, *_: t.Any, **__: t.Any) -> dict[str, t.Any]:
        if not isinstance(value, dict):
            raise ma.ValidationError("Send an object.")

        meta = dict(value)
        incident = _incident(meta.pop("incident", None))
        severity = _severity(meta.pop("incident_severity", None))
        message = meta.pop("incident_message", None)
        if message is not None and not isinstance(message, str):
            raise ma.ValidationError("incident_message: send a string.")

        return {
            "meta": meta,
            "incident": incident,
            "incident_severity": severity or (Severity.UNKNOWN.value if incident else None),
            "incident_message": message,
        }


def _visible_text(value: t.Any) -> str:
    if not isinstance(value, str):
        raise ma.ValidationError("Send a string.")

    if not is_visible(value):
        raise ma.ValidationError("Send a string with at least one visible character.")

    return value


def _incident(value: t.Any) -> bool:
    truth = False if value is None else truth_of(value)
    if truth is None:
        raise ma.ValidationError("incident: send true or false.")

    return truth


def _severity(value: t.Any) -> str | None:
    if value is None:
        return None

    if not isinstance(value, str):
        raise ma.ValidationError('incident_severity: send a string such as "SEV-1".')

    severity = value.strip().upper()
    return severity if severity in list(Severity) else None
