"""Make figures of samples: medians, and medians of ratios."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.metadata
import json
import os
import platform
import sqlite3
import statistics
import typing as t
from collections.abc import Callable
from pathlib import Path

from benchmarks import cpu

_DISTRIBUTIONS = ("flask", "werkzeug", "sqlalchemy", "flask-sqlalchemy", "marshmallow", "psycopg")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample:
    """What a batch of requests used, in seconds.

    :ivar walls: how long each took.
    """

    client: float
    server: float
    walls: list[float]

    @property
    def cpu(self) -> float:
        return self.client + self.server

    @property
    def wall(self) -> float:
        return sum(self.walls)

    @property
    def p99(self) -> float:
        return percentile(self.walls, 99)


def percentile(values: list[float], rank: int) -> float:
    """Return the value that ``rank`` percent do not exceed."""
    return sorted(values)[max(0, -(-len(values) * rank // 100) - 1)]


def ratios(series: list[Sample], base: list[Sample], of: Callable[[Sample], float]) -> list[float]:
    """Return the ratios round by round."""
    return [of(one) / of(other) for one, other in zip(series, base, strict=True)]


def summary(series: list[Sample], base: list[Sample]) -> dict[str, t.Any]:
    """Return one contestant's figures: milliseconds a request, and ratios to ``base``."""

    def each_ms(of: Callable[[Sample], float]) -> float:
        return statistics.median(of(sample) / len(sample.walls) * 1000 for sample in series)

    cpu_ratios = ratios(series, base, lambda sample: sample.cpu)
    pooled = [wall for sample in series for wall in sample.walls]
    pooled_base = [wall for sample in base for wall in sample.walls]
    return {
        "client_ms": each_ms(lambda sample: sample.client),
        "server_ms": each_ms(lambda sample: sample.server),
        "cpu_ms": each_ms(lambda sample: sample.cpu),
        "cpu_ratio": statistics.median(cpu_ratios),
        "cpu_ratio_quartiles": quartiles(cpu_ratios),
        "wall_ms": each_ms(lambda sample: sample.wall),
        "wall_ratio": statistics.median(ratios(series, base, lambda sample: sample.wall)),
        "p99_ms": percentile(pooled, 99) * 1000,
        "p99_ratio": percentile(pooled, 99) / percentile(pooled_base, 99),
    }


def quartiles(values: list[float]) -> list[float]:
    """Return the lower and the upper quartile."""
    if len(values) < 2:
        return [values[0], values[0]]

    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return [low, high]


def conditions(**options: t.Any) -> dict[str, t.Any]:
    """Return what a reader needs to know to repeat a run."""
    versions = {name: importlib.metadata.version(name) for name in _DISTRIBUTIONS}
    return {
        "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "versions": versions,
        "cores": os.cpu_count(),
        "server_cpu_precision": cpu.precision(),
        "options": options,
        "databases": {},
    }


def write(path: Path, result: dict[str, t.Any]) -> None:
    """Write figures to a file, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
