"""Measure contestants under gunicorn: ``python -m benchmarks.load``.

Two workers with four threads each, and a generator that keeps eight connections busy. The
generator takes its share of the same machine, for all alike, so the CPU that workers and database
use for a request is shown beside the requests per second.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import random
import statistics
import typing as t
from pathlib import Path

from benchmarks import cpu
from benchmarks import figures
from benchmarks import senders
from benchmarks.contestants import CONTESTANTS
from benchmarks.databases import KINDS
from benchmarks.run import entrants
from benchmarks.servers import Server
from benchmarks.servers import serving

_BASELINE = "NAIVE"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pass:
    """What one contestant did in one round."""

    rate: float
    p50_ms: float
    p99_ms: float
    worker_ms: float
    database_ms: float


def measure(
    kind: str, names: list[str], rounds: int, seconds: float, connections: int
) -> dict[str, list[Pass]]:
    """Return what each contestant did, by round."""
    passes: dict[str, list[Pass]] = {name: [] for name in names}
    with entrants(kind, names) as ready, contextlib.ExitStack() as stack:
        servers = {
            entrant.name: stack.enter_context(serving(entrant.name, entrant.url))
            for entrant in ready
        }
        for number in range(-1, rounds):
            for entrant in random.sample(ready, len(ready)):
                one = measure_once(
                    servers[entrant.name],
                    entrant.meter,
                    entrant.paths["create"],
                    tag=f"round-{number}",
                    seconds=seconds if number >= 0 else 1,
                    connections=connections,
                )
                if number >= 0:  # the one before is for warming up
                    passes[entrant.name].append(one)
    return passes


def measure_once(
    server: Server, meter: cpu.ServerMeter, path: str, *, tag: str, seconds: float, connections: int
) -> Pass:
    before = server.cpu(), meter.read()
    load = senders.send_for(server.port, path, tag, seconds=seconds, connections=connections)
    after = server.cpu(), meter.read()
    if load.errors:
        raise RuntimeError(f"{load.errors} of {load.requests} requests were not taken.")

    return Pass(
        rate=load.rate,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        worker_ms=cpu.spent(before[0], after[0]) / load.requests * 1000,
        database_ms=cpu.spent(before[1], after[1]) / load.requests * 1000,
    )


def summarize(passes: dict[str, list[Pass]]) -> dict[str, t.Any]:
    """Return medians, and medians of the ratios to NAIVE within a round."""
    summary = {}
    for name, series in passes.items():
        row = {
            field.name: statistics.median(getattr(one, field.name) for one in series)
            for field in dataclasses.fields(Pass)
        }
        pairs = list(zip(series, passes[_BASELINE], strict=True))
        row["rate_ratio"] = statistics.median(one.rate / other.rate for one, other in pairs)
        row["cpu_ratio"] = statistics.median(
            (one.worker_ms + one.database_ms) / (other.worker_ms + other.database_ms)
            for one, other in pairs
        )
        summary[name] = row
    return summary


def print_table(kind: str, summary: dict[str, t.Any]) -> None:
    print(f"\n{kind}, gunicorn, by {senders.generator()}; ratios to {_BASELINE} in the same round")
    print(
        f"{'':8} {'requests/s':>10} {'ratio':>6} {'p50 ms':>7} {'p99 ms':>7}"
        f" {'worker ms':>9} {'server ms':>9} {'CPU ratio':>9}"
    )
    for name, row in summary.items():
        print(
            f"{name:8} {row['rate']:10.0f} {row['rate_ratio']:6.2f} {row['p50_ms']:7.2f}"
            f" {row['p99_ms']:7.2f} {row['worker_ms']:9.3f} {row['database_ms']:9.3f}"
            f" {row['cpu_ratio']:9.2f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=["postgresql"])
    parser.add_argument(
        "--contestants", nargs="+", choices=CONTESTANTS, default=["HELLO", "NAIVE", "PRODUCT"]
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    names = [name for name in CONTESTANTS if name in {*options.contestants, _BASELINE}]

    result = figures.conditions(
        rounds=options.rounds,
        seconds=options.seconds,
        connections=options.connections,
        generator=senders.generator(),
    )
    for kind in options.databases:
        passes = measure(kind, names, options.rounds, options.seconds, options.connections)
        result["databases"][kind] = summarize(passes)
        print_table(kind, result["databases"][kind])
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
