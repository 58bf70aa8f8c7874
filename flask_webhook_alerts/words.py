"""Put times, numbers and foreign text into words that fit on a line."""

from __future__ import annotations

import datetime as dt
import re

# Blanks, controls, formatting marks (Unicode categories Z*, Cc, Cf, Cs) and the letters and signs
# that are drawn as nothing: Hangul fillers, the braille blank, variation selectors.
_INVISIBLE = (
    "\\s\x00-\x20\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160"
    "\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164"
    "\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_VISIBLE = re.compile(f"[^{_INVISIBLE}]")


def is_visible(text: str) -> bool:
    """Tell whether ``text`` shows anything to a reader."""
    return _VISIBLE.search(text) is not None


def safe(text: object) -> str:
    r"""Return ``text`` on one line, with control characters and the like as ``\x1b``."""
    return "".join(
        character if character.isprintable() else _escaped(character) for character in str(text)
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


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
