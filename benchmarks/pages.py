"""Measure what a page of 50 alerts costs on PostgreSQL: ``python -m benchmarks.pages``.

Each filter is asked for its first page and for one near the end, among few alerts and among many. A
figure is the median over the rounds; the ratio is to the first page without a filter, of the same
size and round.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import random
import time
import typing as t
from pathlib import Path

from benchmarks import figures
from benchmarks.scale import filled
from benchmarks.scale import Site
from flask_webhook_alerts import AlertStatus
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.search import AlertFilter
from flask_webhook_alerts.store.search import Page

SIZES = (10_000, 1_000_000)
_BEGAN = dt.datetime.fromtimestamp(1_750_000_000, dt.UTC)
"""When the first alert of ``filling`` came; one comes each second."""

_NEAR_THE_END = 400
"""The last pages lie below this id."""


def filters_of(integration_id: str, size: int) -> dict[str, AlertFilter]:
    """Return what is asked for; what fits is common, rare, or not there."""
    middle = _BEGAN + dt.timedelta(seconds=size // 2)
    asked: dict[str, dict[str, t.Any]] = {
        "nothing": {},
        "open": {"statuses": (AlertStatus.OPEN,)},
        "resolved": {"statuses": (AlertStatus.RESOLVED,)},
        "open or acknowledged": {"statuses": (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)},
        "integration": {"integration_id": integration_id},
        "integration, open": {"integration_id": integration_id, "statuses": (AlertStatus.OPEN,)},
        "integration unknown": {"integration_id": "int_00000000000000"},
        "tag": {"tag": "disk"},
        "tag that nobody has": {"tag": "none"},
        "urgency": {"urgency": "high"},
        "urgency that nobody has": {"urgency": "low"},
        "incident": {"incident": True},
        "text": {"text": "DB-7"},
        "text that nobody has": {"text": "none"},
        "Id": {"thirdparty_id": "old-200"},
        "since the middle": {"since": middle},
        "until the middle": {"until": middle},
        "an hour of the middle": {"since": middle, "until": middle + dt.timedelta(hours=1)},
        "integration, open, text, until": {
            "integration_id": integration_id, "statuses": (AlertStatus.OPEN,), "text": "db-7",
            "until": middle,
        },
    }  # fmt: skip
    return {name: AlertFilter(**values) for name, values in asked.items()}


def ask(site: Site, wanted: AlertFilter, before: int | None, times: int) -> figures.Sample:
    """Return what it costs to ask for one page, some times over."""
    with site.product.app.app_context():
        reading = get_state().reading

        def read() -> Page:
            return reading.alerts(wanted, before=before)

        return site.measured(lambda: [_timed(read) for _ in range(times)])


def measure(sizes: tuple[int, ...], rounds: int, times: int) -> dict[str, t.Any]:
    """Return the figures of each filter, by place and size."""
    samples: dict[tuple[str, str, int], list[figures.Sample]] = {}
    with contextlib.ExitStack() as stack:
        sites = {size: stack.enter_context(filled("postgresql", size)) for size in sizes}
        tasks = [
            (name, place, size, site, wanted, before)
            for size, site in sites.items()
            for name, wanted in filters_of(site.path.rpartition("/")[2], size).items()
            for place, before in (("first", None), ("last", _NEAR_THE_END))
        ]
        for _name, _place, _size, site, wanted, before in tasks:
            ask(site, wanted, before, 2)
        for _ in range(rounds):
            for name, place, size, site, wanted, before in random.sample(tasks, len(tasks)):
                sample = ask(site, wanted, before, times)
                samples.setdefault((name, place, size), []).append(sample)
    return {
        f"{name}, {place} page": {
            str(size): figures.summary(
                samples[name, place, size], samples["nothing", "first", size]
            )
            for size in sizes
        }
        for name, place in dict.fromkeys((name, place) for name, place, _ in samples)
    }


def print_table(summary: dict[str, t.Any]) -> None:
    print(f"\n{'':48} {'alerts':>10} {'CPU ms':>8} {'ratio':>6} {'wall ms':>8} {'p99 ms':>8}")
    for name, by_size in sorted(summary.items()):
        for size, row in by_size.items():
            print(
                f"{name:48} {int(size):10,} {row['cpu_ms']:8.2f} {row['cpu_ratio']:6.2f}"
                f" {row['wall_ms']:8.2f} {row['p99_ms']:8.2f}"
            )


def _timed(work: t.Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=10, help="a filter, place, size and round")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    sizes = tuple(options.sizes)

    result = figures.conditions(rounds=options.rounds, times=options.times, sizes=sizes)
    result["databases"]["postgresql"] = measure(sizes, options.rounds, options.times)
    print_table(result["databases"]["postgresql"])
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
