"""Measure what receivers cost: ``python -m benchmarks.signals``.

The same creates, with 0, 1 and 3 receivers that do nothing. What a receiver adds is an app context,
a session and one load of the event, its alert and its integration; what any number of them adds is
one mark.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import statistics
import typing as t
from collections.abc import Iterator
from pathlib import Path

from benchmarks import cpu
from benchmarks import figures
from benchmarks.contestants.product import Product
from benchmarks.databases import KINDS
from benchmarks.databases import new_database
from benchmarks.run import Entrant
from benchmarks.run import WARM_UP
from flask_webhook_alerts import alert_created

COUNTS = (0, 1, 3)


def first(_app: t.Any, **_facts: t.Any) -> None:
    """Do nothing."""


def second(_app: t.Any, **_facts: t.Any) -> None:
    """Do nothing."""


def third(_app: t.Any, **_facts: t.Any) -> None:
    """Do nothing."""


RECEIVERS = (first, second, third)


@contextlib.contextmanager
def entrants(kind: str) -> Iterator[dict[int, Entrant]]:
    """Yield one app for each number of receivers, over a database of its own."""
    with contextlib.ExitStack() as stack:
        ready = {}
        for count in COUNTS:
            url = stack.enter_context(new_database(kind))
            product, meter = Product(url), cpu.ServerMeter(url)
            stack.callback(meter.close)
            for receiver in RECEIVERS[:count]:
                alert_created.connect(receiver, sender=product.app)
                stack.callback(alert_created.disconnect, receiver, sender=product.app)
            ready[count] = Entrant(
                name=str(count), url=url, contestant=product, paths=product.prepare(), meter=meter
            )
        yield ready


def measure(kind: str, rounds: int, requests: int) -> dict[int, list[figures.Sample]]:
    """Return the samples of all rounds, by the number of receivers."""
    samples: dict[int, list[figures.Sample]] = {count: [] for count in COUNTS}
    with entrants(kind) as ready:
        for entrant in ready.values():
            entrant.measure("create", [f"warm-up-{number}" for number in range(WARM_UP)])
        for number in range(rounds):
            keys = [f"round-{number}-request-{index}" for index in range(requests)]
            for count in random.sample(COUNTS, len(COUNTS)):
                samples[count].append(ready[count].measure("create", keys))
    return samples


def summarize(samples: dict[int, list[figures.Sample]]) -> dict[str, t.Any]:
    summary = {}
    for count, series in samples.items():
        row = figures.summary(series, samples[0])
        row["added_ms"] = statistics.median(
            (one.cpu - other.cpu) / len(one.walls) * 1000
            for one, other in zip(series, samples[0], strict=True)
        )
        summary[str(count)] = row
    return summary


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=100, help="a round")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    result = figures.conditions(rounds=options.rounds, requests=options.requests)
    for kind in options.databases:
        summary = summarize(measure(kind, options.rounds, options.requests))
        result["databases"][kind] = summary
        print(f"\n{kind}: CPU of a create, client and server; ratios to no receiver")
        print(f"{'receivers':>9} {'client ms':>9} {'server ms':>9} {'added ms':>9} {'ratio':>6}")
        for count, row in summary.items():
            print(
                f"{count:>9} {row['client_ms']:9.3f} {row['server_ms']:9.3f}"
                f" {row['added_ms']:9.3f} {row['cpu_ratio']:6.2f}"
            )
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
