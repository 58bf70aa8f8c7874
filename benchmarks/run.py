"""Measure all contestants beside each other, in one process: ``python -m benchmarks.run``.

Each round puts the same number of requests to every contestant, in a shuffled order, for one
operation after the other. A figure is the median over the rounds of the ratio to FLOOR within the
round, so that whatever else the machine does meanwhile strikes both sides.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import gc
import random
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from benchmarks import cpu
from benchmarks import figures
from benchmarks import traffic
from benchmarks.contestants import BASELINE
from benchmarks.contestants import Contestant
from benchmarks.contestants import CONTESTANTS
from benchmarks.databases import KINDS
from benchmarks.databases import new_database
from benchmarks.traffic import OPERATIONS

Samples = dict[str, dict[str, list[figures.Sample]]]
"""By operation and contestant, one sample a round."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entrant:
    """A contestant that is ready to be measured."""

    name: str
    url: str
    contestant: Contestant
    paths: dict[str, str]
    meter: cpu.ServerMeter

    def measure(self, operation: str, keys: list[str]) -> figures.Sample:
        """Put one request a key, and return what they used."""
        requests = traffic.environs(self.paths[operation], operation, keys)
        gc.collect()
        with cpu.Batch(self.meter) as batch:
            walls = traffic.put(self.contestant.app, requests)
        return figures.Sample(client=batch.client, server=batch.server, walls=walls)


@contextlib.contextmanager
def entrants(kind: str, names: list[str]) -> Iterator[list[Entrant]]:
    """Yield the contestants, each over a database of its own."""
    with contextlib.ExitStack() as stack:
        ready = []
        for name in names:
            url = stack.enter_context(new_database(kind))
            contestant = CONTESTANTS[name](url)
            meter = cpu.ServerMeter(url)
            stack.callback(meter.close)
            paths = contestant.prepare()
            ready.append(
                Entrant(name=name, url=url, contestant=contestant, paths=paths, meter=meter)
            )
        yield ready


def measure(kind: str, names: list[str], rounds: int, requests: int) -> Samples:
    """Return the samples of all rounds on one kind of database."""
    samples: Samples = {operation: {name: [] for name in names} for operation in OPERATIONS}
    with entrants(kind, names) as ready:
        warm_up(ready)
        # What set-up left behind need not be looked through again by each collection.
        gc.collect()
        gc.freeze()
        for number in range(rounds):
            keys = [f"round-{number}-request-{index}" for index in range(requests)]
            for operation in OPERATIONS:
                for entrant in random.sample(ready, len(ready)):
                    samples[operation][entrant.name].append(entrant.measure(operation, keys))
        for entrant in ready:
            check_rows(entrant, rounds * requests + WARM_UP)
        gc.unfreeze()
    return samples


WARM_UP = 50
"""More than the drivers and the server need before they settle on prepared plans."""


def warm_up(ready: list[Entrant]) -> None:
    keys = [f"warm-up-{index}" for index in range(WARM_UP)]
    for entrant in ready:
        for operation in OPERATIONS:
            entrant.measure(operation, keys)


def check_rows(entrant: Entrant, alerts: int) -> None:
    """Raise :exc:`UnexpectedAnswer` unless each alert went through its whole life."""
    if entrant.name == "HELLO":
        return

    engine = sa.create_engine(entrant.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT (SELECT count(*) FROM webhook_alert"
            " WHERE status = 'resolved' AND occurrences = 2),"
            " (SELECT count(*) FROM webhook_alert), (SELECT count(*) FROM webhook_alert_event)"
        ).one()
    expected = (alerts, alerts, 3 * alerts)
    if tuple(found) != expected:
        raise traffic.UnexpectedAnswer(f"{entrant.name} stored {tuple(found)}, not {expected}.")


def summarize(samples: Samples) -> dict[str, t.Any]:
    """Return the figures of one kind of database, by operation and contestant."""
    return {
        operation: {
            name: figures.summary(series, by_name[BASELINE]) for name, series in by_name.items()
        }
        for operation, by_name in samples.items()
    }


def print_table(kind: str, summary: dict[str, t.Any]) -> None:
    print(f"\n{kind}: CPU of client and server a request; ratios to {BASELINE} in the same round")
    print(
        f"{'':12} {'':8} {'client ms':>9} {'server ms':>9} {'ratio':>7} {'(quartiles)':>15}"
        f" {'wall ms':>8} {'ratio':>7} {'p99 ms':>8} {'ratio':>7}"
    )
    for operation, by_name in summary.items():
        for name, row in by_name.items():
            low, high = row["cpu_ratio_quartiles"]
            print(
                f"{operation:12} {name:8} {row['client_ms']:9.3f} {row['server_ms']:9.3f}"
                f" {row['cpu_ratio']:7.2f} {f'({low:.2f} - {high:.2f})':>15}"
                f" {row['wall_ms']:8.3f} {row['wall_ratio']:7.2f}"
                f" {row['p99_ms']:8.2f} {row['p99_ratio']:7.2f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=100, help="a contestant and round")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, default=[*CONTESTANTS])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    names = [name for name in CONTESTANTS if name in {*options.contestants, BASELINE}]

    result = figures.conditions(rounds=options.rounds, requests=options.requests)
    for kind in options.databases:
        summary = summarize(measure(kind, names, options.rounds, options.requests))
        result["databases"][kind] = summary
        print_table(kind, summary)
        sys.stdout.flush()
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
