"""Lay out the charts: where each bar and cell stands. The templates draw them as SVG."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence

from flask_webhook_alerts.stats import Bucket

WIDTH: int = 720
"""How wide the chart of bars is, in units of its drawing."""

HEIGHT: int = 180
"""How high it is, without the words below."""

_STRIP_HEIGHT = 36
_LEVELS = 4
_MOST_LABELS = 8
_STEPS = (1, 2, 4, 10)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar, its foot at the bottom of the chart.

    :ivar label: what it stands for.
    """

    x: float
    y: float
    width: float
    height: float
    value: int
    label: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Strip:
    """The last hours in small, one bar each."""

    bars: Sequence[Bar]
    total: int
    most: int
    width: int
    height: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tick:
    """A line across the chart, or a word below it."""

    at: float
    label: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class BarChart:
    """Created and resolved alerts, side by side.

    :ivar rows: the same for a table: when, created, acknowledged, resolved.
    """

    created: Sequence[Bar]
    resolved: Sequence[Bar]
    lines: Sequence[Tick]
    words: Sequence[Tick]
    rows: Sequence[tuple[str, Bucket]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cell:
    """An hour of the week.

    :ivar level: from 0 for nothing to 4 for the most.
    """

    hour: int
    value: int
    level: int


def strip(hours: Sequence[Bucket]) -> Strip:
    """Return the bars of the hourly strip above the list."""
    most = max((hour.created for hour in hours), default=0)
    width = 10
    bars = [
        _bar(
            number * width, width - 2, _STRIP_HEIGHT, hour.created, most, f"{hour.start:%H:00} UTC"
        )
        for number, hour in enumerate(hours)
    ]
    total = sum(hour.created for hour in hours)
    return Strip(bars=bars, total=total, most=most, width=width * len(hours), height=_STRIP_HEIGHT)


def bar_chart(buckets: Sequence[Bucket], *, hourly: bool) -> BarChart:
    """Return the chart of created and resolved alerts, an hour or a day each."""
    most = _ceiling(max(max(one.created, one.resolved) for one in buckets))
    slot = WIDTH / len(buckets)
    width = max(1.0, min(24.0, slot / 2 - 1.5))
    labels = [_label(one.start, hourly=hourly) for one in buckets]
    every = math.ceil(len(buckets) / _MOST_LABELS)
    return BarChart(
        created=[
            _bar(_left(number, slot, width), width, HEIGHT, one.created, most, label)
            for number, (one, label) in enumerate(zip(buckets, labels, strict=True))
        ],
        resolved=[
            _bar(_left(number, slot, width) + width + 1, width, HEIGHT, one.resolved, most, label)
            for number, (one, label) in enumerate(zip(buckets, labels, strict=True))
        ],
        lines=[
            Tick(at=round(HEIGHT * (1 - part), 1), label=f"{round(most * part):,}")
            for part in (0.5, 1.0)
        ],
        words=[
            Tick(at=round((number + 0.5) * slot, 1), label=labels[number])
            for number in range(0, len(buckets), every)
        ],
        rows=list(zip(labels, buckets, strict=True)),
    )


def heat_map(week: Sequence[Sequence[int]]) -> list[list[Cell]]:
    """Return the hours of the week, Monday first, each with a level of heat."""
    most = max(max(day) for day in week)
    return [
        [
            Cell(hour=hour, value=value, level=math.ceil(value / most * _LEVELS) if most else 0)
            for hour, value in enumerate(day)
        ]
        for day in week
    ]


def _bar(x: float, width: float, room: float, value: int, most: int, label: str) -> Bar:
    # One that is not zero is seen, however large the largest is.
    height = max(2.0, value / most * room) if value else 0.0
    return Bar(
        x=round(x, 1),
        y=round(room - height, 1),
        width=round(width, 1),
        height=round(height, 1),
        value=value,
        label=label,
    )


def _left(number: int, slot: float, width: float) -> float:
    return number * slot + (slot - 2 * width - 1) / 2


def _ceiling(value: int) -> int:
    """Return the next number at which an axis ends well, such as 2, 4, 10, 20, 40 or 100."""
    if value <= 2:
        return 2

    size = int(10 ** math.floor(math.log10(value)))
    return next(step * size for step in _STEPS if step * size >= value)


def _label(start: dt.datetime, *, hourly: bool) -> str:
    return f"{start:%H:00}" if hourly else f"{start:%a} {start.day} {start:%b}"
