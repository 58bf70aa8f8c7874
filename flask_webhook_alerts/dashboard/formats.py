"""Put values into the words and marks that the pages show."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import typing as t
import urllib.parse
from collections.abc import Callable

from markupsafe import Markup

from flask_webhook_alerts import clock
from flask_webhook_alerts.store.figures import MOST_COUNTED
from flask_webhook_alerts.words import plain

from .links import linkify

MOST_ENTRIES: int = 200
"""Members of one object that a page shows; there may be twenty thousand."""

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def ago(value: dt.datetime) -> Markup:
    """Return how long ago a time was, with the exact one beside it for whoever wants it."""
    return _time(value, f"{span((clock.now() - value).total_seconds())} ago", "ago")


def age(value: dt.datetime) -> Markup:
    """Return how old something is, in one unit."""
    words = span((clock.now() - value).total_seconds())
    return Markup('<time datetime="{}" data-t="age">{}</time>').format(_iso_time(value), words)


def exact(value: dt.datetime) -> Markup:
    """Return a time to the second; a script may put it into the browser's zone."""
    return _time(value, f"{value:%Y-%m-%d %H:%M:%S} UTC", "exact")


def clock_time(value: dt.datetime) -> Markup:
    """Return the time of day, with the day if it is not today's."""
    is_today = value.date() == clock.now().date()
    return _time(value, f"{value:%H:%M}" if is_today else f"{value.day} {value:%b %H:%M}", "clock")


def entries(value: t.Any) -> list[tuple[t.Any, t.Any]]:
    """Return the first members of an object, or elements of a list with their numbers."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return list(itertools.islice(pairs, MOST_ENTRIES))


def clip(text: str, room: int = 160) -> str:
    """Return ``text``, with an ellipsis if it had to be cut to ``room`` characters."""
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def span(seconds: float) -> str:
    """Return a duration in its largest unit; one that a clock has turned around is none."""
    whole = max(0, int(seconds))
    for size, unit in _UNITS:
        if whole >= size:
            return f"{whole // size} {unit}"
    return "0 s"


def duration(seconds: float | None) -> str:
    """Return a duration in its two largest units; a dash for none."""
    if seconds is None:
        return "–"

    whole, parts = max(0, int(seconds)), list[str]()
    for size, unit in _UNITS:
        if whole >= size:
            parts.append(f"{whole // size} {unit}")
        whole %= size
    return " ".join(parts[:2]) or "under 1 s"


def number(value: int) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,}"


def at_most(value: int) -> str:
    """Return a count that ends somewhere: beyond that it says so."""
    return f"{MOST_COUNTED:,}+" if value > MOST_COUNTED else f"{value:,}"


def plural(value: int, noun: str, shown: str | None = None) -> str:
    """Return ``1 alert``, ``2 alerts``."""
    return f"{shown or number(value)} {noun if value == 1 else noun + 's'}"


def query(args: dict[str, t.Any]) -> str:
    """Return the address of the same page with other arguments."""
    return "?" + urllib.parse.urlencode(args)


def as_json(value: object) -> str:
    """Return JSON for people, in the letters that they sent."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=plain)


def _iso_time(value: dt.datetime) -> str:
    return value.isoformat(timespec="seconds").replace("+00:00", "Z")


def _time(value: dt.datetime, words: str, kind: str) -> Markup:
    iso = _iso_time(value)
    return Markup('<time datetime="{}" title="{}" data-t="{}">{}</time>').format(
        iso, iso, kind, words
    )


FILTERS: dict[str, Callable[..., t.Any]] = {
    "age": age,
    "ago": ago,
    "as_json": as_json,
    "at_most": at_most,
    "clip": clip,
    "clock": clock_time,
    "duration": duration,
    "entries": entries,
    "exact": exact,
    "linkify": linkify,
    "number": number,
    "plural": plural,
    "query": query,
    "span": span,
}
"""What the templates call these, by name."""
