"""Put times, numbers and foreign text into words that fit on a line."""

from __future__ import annotations

import datetime as dt


def safe(text: object) -> str:
    r"""Return ``text`` on one line, with control characters and the like as ``\x1b``."""
    return "".join(
        character if character.isprintable() else _visible(character) for character in str(text)
    )


def moment(value: dt.datetime | None) -> str:
    """Return a time as people read it; a dash for none."""
    return f"{value:%Y-%m-%d %H:%M:%SZ}" if value else "-"


def age(duration: dt.timedelta) -> str:
    """Return a duration in its largest whole unit."""
    seconds = int(duration.total_seconds())
    for name, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} seconds"


def count(number: int, noun: str) -> str:
    """Return ``1 event``, ``2 events``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def plain(value: object) -> str:
    """Return a time as programs read it, and all else as text: for what JSON has no form of."""
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)


def _visible(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
