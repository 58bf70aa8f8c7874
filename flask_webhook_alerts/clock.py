"""Tell the time: the only module that asks the machine for it."""

from __future__ import annotations

import datetime as dt


def now() -> dt.datetime:
    """Return the present instant, aware and in UTC, to the microsecond."""
    return dt.datetime.now(dt.UTC)


def as_utc(value: dt.datetime) -> dt.datetime:
    """Return ``value`` as an aware UTC datetime; one without a zone is taken to be UTC."""
    # SQLite and MariaDB return naive datetimes whatever the column says; ours are always UTC.
    # PostgreSQL answers in the zone of the connection.
    return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
