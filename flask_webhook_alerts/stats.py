"""Summarize what happened in a time: series, durations, and who was loudest."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping
from collections.abc import Sequence

from .events import EventKind
from .store.figures import Durations
from .store.listings import Record

_HOUR = dt.timedelta(hours=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bucket:
    """How many alerts were created, acknowledged and resolved in an hour or a day.

    :ivar start: when it began, in UTC.
    """

    start: dt.datetime
    created: int
    acknowledged: int
    resolved: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Duration:
    """How long something took, in seconds; None if it never happened.

    :ivar count: how many alerts were measured.
    """

    count: int
    median: float | None
    percentile_95: float | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stats:
    """What happened between two moments, in UTC.

    :ivar hours: one bucket an hour, without gaps, the oldest first.
    :ivar days: the same by day of UTC; the first and the last may be cut.
    :ivar to_acknowledge: from the creation of an alert to its acknowledgement.
    :ivar to_resolve: from the creation of an alert to its last resolution.
    :ivar measured: of how many alerts, the newest, these times are; None if of all.
    :ivar integrations: the loudest, with ``integration_id``, ``name``, ``alerts``, ``occurrences``.
    :ivar thirdparty_ids: the loudest Ids, with the same and ``thirdparty_id``.
    :ivar week: created alerts by weekday (Monday first) and hour of UTC.
    """

    since: dt.datetime
    until: dt.datetime
    hours: Sequence[Bucket]
    days: Sequence[Bucket]
    to_acknowledge: Duration
    to_resolve: Duration
    measured: int | None
    integrations: Sequence[Record]
    thirdparty_ids: Sequence[Record]
    week: Sequence[Sequence[int]]


def summarize(
    *, since: dt.datetime, until: dt.datetime,
    events: Mapping[tuple[EventKind, dt.datetime], int],
    durations: Durations,
    integrations: Sequence[Record], thirdparty_ids: Sequence[Record],
) -> Stats:  # fmt: skip
    """Return the summary of what the database has counted.

    :param since: the beginning of an hour.
    :param events: kind and hour → how many there were.
    """
    hours = hourly(since=since, until=until, events=events)
    return Stats(
        since=since,
        until=until,
        hours=hours,
        days=_days(hours),
        to_acknowledge=_duration(durations.acknowledged),
        to_resolve=_duration(durations.resolved),
        measured=durations.newest,
        integrations=integrations,
        thirdparty_ids=thirdparty_ids,
        week=_week(hours),
    )


def hourly(
    *, since: dt.datetime, until: dt.datetime, events: Mapping[tuple[EventKind, dt.datetime], int]
) -> list[Bucket]:
    """Return one bucket for each hour, without gaps, the oldest first.

    :param since: the beginning of an hour.
    :param events: kind and hour → how many there were.
    """
    count = math.ceil((until - since) / _HOUR)
    return [_bucket(since + number * _HOUR, events) for number in range(count)]


def _bucket(start: dt.datetime, events: Mapping[tuple[EventKind, dt.datetime], int]) -> Bucket:
    return Bucket(
        start=start,
        created=events.get((EventKind.CREATED, start), 0),
        acknowledged=events.get((EventKind.ACKNOWLEDGED, start), 0),
        resolved=events.get((EventKind.RESOLVED, start), 0),
    )


def _days(hours: Sequence[Bucket]) -> list[Bucket]:
    by_day: dict[dt.datetime, list[Bucket]] = {}
    for hour in hours:
        by_day.setdefault(hour.start.replace(hour=0), []).append(hour)
    return [
        Bucket(
            start=day,
            created=sum(hour.created for hour in its),
            acknowledged=sum(hour.acknowledged for hour in its),
            resolved=sum(hour.resolved for hour in its),
        )
        for day, its in by_day.items()
    ]


def _week(hours: Sequence[Bucket]) -> list[list[int]]:
    week = [[0] * 24 for _ in range(7)]
    for hour in hours:
        week[hour.start.weekday()][hour.start.hour] += hour.created
    return week


def _duration(seconds: Sequence[float]) -> Duration:
    ordered = sorted(seconds)
    return Duration(
        count=len(ordered),
        median=_percentile(ordered, 0.5),
        percentile_95=_percentile(ordered, 0.95),
    )


def _percentile(ordered: Sequence[float], part: float) -> float | None:
    """Return the smallest value that ``part`` of all values do not exceed: the nearest rank."""
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else None
