"""Tell the time, and how long ago something was."""

from __future__ import annotations

import datetime as dt

_STEPS = (
    (dt.timedelta(days=1), "d"),
    (dt.timedelta(hours=1), "h"),
    (dt.timedelta(minutes=1), "min"),
    (dt.timedelta(seconds=1), "s"),
)


def now() -> dt.datetime:
    """Return the present instant, aware and in UTC."""
    return dt.datetime.now(dt.UTC)


def as_utc(value: dt.datetime) -> dt.datetime:
    """Return ``value`` as an aware UTC datetime."""
    # SQLite and MariaDB return naive datetimes whatever the column says; the desk's are all UTC.
    return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


def age(value: dt.datetime) -> str:
    """Return the time since ``value`` in its largest unit, such as ``12 min``."""
    passed = now() - as_utc(value)
    for step, unit in _STEPS:
        if passed >= step:
            return f"{passed // step} {unit}"

    return "0 s"
