"""Tell the time: the only module that asks the machine for it."""

from __future__ import annotations

import contextlib
import datetime as dt
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

TimeSource: t.TypeAlias = Callable[[], dt.datetime]


def now() -> dt.datetime:
    """Return the present instant, aware and in UTC, to the microsecond."""
    return _sources[-1]()


@contextlib.contextmanager
def told_by(source: TimeSource) -> Iterator[None]:
    """Let ``source`` tell this process the time in place of the machine, for tests."""
    _sources.append(source)
    try:
        yield
    finally:
        _sources.remove(source)


def as_utc(value: dt.datetime) -> dt.datetime:
    """Return ``value`` as an aware UTC datetime; one without a zone is taken to be UTC."""
    # SQLite and MariaDB return naive datetimes whatever the column says; ours are always UTC.
    # PostgreSQL answers in the zone of the connection.
    return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _ask_machine() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


_sources: list[TimeSource] = [_ask_machine]
