"""Read the numbers of alerts and events from what forms and addresses say."""

from __future__ import annotations

from flask_webhook_alerts.errors import NotFound
from flask_webhook_alerts.store.values import MOST_ID

ALERT: str = f"<int(max={MOST_ID}):alert_id>"
"""The part of an address that names an alert."""


def number(text: str) -> int | None:
    """Return the number that a text is, ``MOST_ID`` for any higher one; None if it is none."""
    if not (text.isascii() and text.isdigit()):
        return None

    # Python refuses to read very long ones, and counts the zeros before them.
    digits = text.lstrip("0")
    return min(int(digits or "0"), MOST_ID) if len(digits) <= len(str(MOST_ID)) else MOST_ID


def existing(text: str, noun: str) -> int | None:
    """Return the number that a text is; None if it is none.

    :param noun: what has the number.
    :raises NotFound: it is higher than any number that a table can hold.
    """
    found = number(text)
    if found == MOST_ID and text.lstrip("0") != str(MOST_ID):
        raise NotFound(f"There is no {noun} with a number as high as that: {MOST_ID} is the last.")

    return found
