"""Measure what a worker holds after many requests: ``python -m benchmarks.memory``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import figures
from benchmarks import senders
from benchmarks.contestants import CONTESTANTS
from benchmarks.databases import KINDS
from benchmarks.databases import new_database
from benchmarks.servers import serving

_MIB = 1024 * 1024


def measure(kind: str, name: str, marks: list[int], connections: int) -> dict[int, float]:
    """Return the resident MiB of one worker after so many requests."""
    with new_database(kind) as url:
        path = CONTESTANTS[name](url).prepare()["create"]
        held, sent = {}, 0
        with serving(name, url, workers=1) as server:
            for mark in marks:
                load = senders.send_lives(
                    server.port, path, f"{mark}", requests=mark - sent, connections=connections
                )
                if load.errors:
                    raise RuntimeError(f"{load.errors} of {load.requests} requests failed.")
                sent = mark
                held[mark] = server.resident_bytes() / _MIB
                print(f"{kind:11} {name:8} {mark:8} requests {held[mark]:8.1f} MiB", flush=True)
    return held


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--marks", nargs="+", type=int, default=[1_000, 10_000, 50_000, 100_000])
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=["postgresql"])
    parser.add_argument("--contestant", choices=CONTESTANTS, default="PRODUCT")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    result = figures.conditions(marks=options.marks, connections=options.connections)
    for kind in options.databases:
        held = measure(kind, options.contestant, options.marks, options.connections)
        first = held.get(10_000, min(held.values()))
        growth = held[options.marks[-1]] / first - 1
        print(f"{kind:11} growth since the mark of 10,000: {growth:+.1%}")
        result["databases"][kind] = {"resident_mib": held, "growth": growth}
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
