"""Read durations as people write them: ``45s``, ``30m``, ``24h``, ``90d``, ``2w``."""

from __future__ import annotations

import datetime as dt
import re

LONGEST: dt.timedelta = dt.timedelta(days=36_500)

_DURATION = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> dt.timedelta:
    """Return the duration; raise :exc:`ValueError` with a sentence that says how to write one."""
    match = _DURATION.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(
            f"{text!r} is not a duration. Write a whole number and a unit, such as 45s, 30m, 24h,"
            " 90d or 2w."
        )

    number, unit = match.groups()
    if int(number) > LONGEST / dt.timedelta(**{_UNITS[unit]: 1}):
        raise ValueError(f"{text!r} is too long. The longest is {LONGEST.days}d.")

    return dt.timedelta(**{_UNITS[unit]: int(number)})
