"""Define the kinds of values that this API takes, as strictly as its document tells."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

import marshmallow as ma

from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.store.values import MOST_ID

NO_NUL = r"^[^\u0000]*$"
"""Text that every database takes."""

VISIBLE = r"\S"
"""How the document tells that a text needs a visible character. No pattern that all tools read can
name the many characters that are not."""

VISIBLE_NO_NUL = r"^[^\u0000]*[^\s\u0000][^\u0000]*$"
"""Both."""

# RFC 3339, section 5.6.
_MOMENT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d(?:\.\d+)?)(?P<zone>[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)
_WHOLE = re.compile(r"-?[0-9]{1,19}")
_CURSOR = re.compile(r"([ab])([1-9][0-9]{0,18})")

# Nothing happened before or after, and databases end somewhere.
_EARLIEST = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)
_LATEST = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


class Moment(ma.fields.DateTime):
    """A time with its offset from UTC, as RFC 3339 writes it."""

    def _deserialize(self, value: t.Any, attr: t.Any, data: t.Any, **options: t.Any) -> dt.datetime:
        match = _MOMENT.fullmatch(value)
        try:
            # Text that is no time is left to the only one who can tell a 30th of February.
            moment = dt.datetime.fromisoformat(_readable(match) if match else "")
        except ValueError:
            raise ma.ValidationError(
                "Send a time with its offset from UTC, such as 2026-01-31T12:00:00Z. In a URL, a"
                " plus sign is written %2B."
            ) from None

        return min(max(moment, _EARLIEST), _LATEST)


class Whole(ma.fields.Integer):
    """A whole number in a query string."""

    def _deserialize(self, value: t.Any, attr: t.Any, data: t.Any, **options: t.Any) -> int:
        if not _WHOLE.fullmatch(value):
            raise ma.ValidationError("Send a whole number.")

        return super()._deserialize(value, attr, data, **options)


class Number(ma.fields.Integer):
    """A whole number in a body; 1.0 is one, for JSON has one kind of number only."""

    def __init__(self, **options: t.Any) -> None:
        super().__init__(strict=True, **options)

    def _deserialize(self, value: t.Any, attr: t.Any, data: t.Any, **options: t.Any) -> int:
        whole = int(value) if isinstance(value, float) and value.is_integer() else value
        return super()._deserialize(whole, attr, data, **options)


class Flag(ma.fields.Boolean):
    """``true`` or ``false`` in a query string."""

    def _deserialize(self, value: t.Any, attr: t.Any, data: t.Any, **options: t.Any) -> bool:
        if value not in {"true", "false"}:
            raise ma.ValidationError("Send true or false.")

        return bool(value == "true")


class Truth(ma.fields.Boolean):
    """A boolean in a body, and nothing that looks like one."""

    def _deserialize(self, value: t.Any, attr: t.Any, data: t.Any, **options: t.Any) -> bool:
        if not isinstance(value, bool):
            raise ma.ValidationError("Send true or false.")

        return value


class Cursor(ma.fields.String):
    """Where a page begins: ``before`` or ``after`` an id; nothing for the first page.

    :param both: whether pages can be read backwards.
    """

    def __init__(self, *, both: bool = True, **options: t.Any) -> None:
        directions = "ab" if both else "b"
        super().__init__(
            load_default=dict,
            metadata={
                "pattern": f"^[{directions}][1-9][0-9]{{0,18}}$",
                "description": "Where the page begins. Take it from a `Link` header, as it is.",
            },
            **options,
        )
        self._directions = directions

    def _deserialize(self, value: t.Any, attr: t.Any, data: t.Any, **options: t.Any) -> t.Any:
        match = _CURSOR.fullmatch(value)
        if match is None or match[1] not in self._directions:
            raise ma.ValidationError("Take the cursor from the Link header of another page.")

        if int(match[2]) > MOST_ID:
            raise ma.ValidationError(f"There are no ids beyond {MOST_ID}.")

        return {_DIRECTIONS[match[1]]: int(match[2])}


_DIRECTIONS = {"a": "after", "b": "before"}


def before(row_id: int) -> str:
    """Return the cursor of the page whose rows have lower ids."""
    return f"b{row_id}"


def after(row_id: int) -> str:
    """Return the cursor of the page whose rows have higher ids."""
    return f"a{row_id}"


def checked(check: t.Callable[[str], t.Any]) -> t.Callable[[str], None]:
    """Return a validator that raises what ``check`` says about an option."""

    def validate(value: str) -> None:
        try:
            check(value)
        except InvalidOption as error:
            raise ma.ValidationError(str(error)) from None

    return validate


def _readable(match: re.Match[str]) -> str:
    # Python knows neither the year 0 nor leap seconds. Both are past what is ever asked for.
    date = match["date"].replace("0000-", "0004-", 1)
    return f"{date}T{match['time'].replace(':60', ':59', 1)}{match['zone'].upper()}"
