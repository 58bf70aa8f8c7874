"""Measure how long a purge is in the way of ingest: ``python -m benchmarks.purging``.

A process purges in batches while this one posts creates and resolves, one after the other. What a
request can wait for is a batch's transaction: the longest one bounds the locks, whatever else the
machine is busy with. The requests are shown beside those before the purge.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import multiprocessing
import time
import typing as t
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import sqlalchemy as sa

from benchmarks import figures
from benchmarks import traffic
from benchmarks.contestants.product import Product
from benchmarks.databases import ALL_KINDS
from benchmarks.databases import new_database
from benchmarks.filling import fill
from flask_webhook_alerts import clock
from flask_webhook_alerts.purging import Purge
from flask_webhook_alerts.store.housekeeping import BATCH

ALERTS = 20_400  # of which two in a hundred are not resolved
LIMIT = 0.2
_BEFORE = 200


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """What one purge did.

    :ivar batches: how long each transaction took, in seconds.
    :ivar before: how long requests took before the purge.
    :ivar during: how long they took while it ran.
    """

    deleted: int
    seconds: float
    batches: list[float]
    before: list[float]
    during: list[float]


def purge(url: str, batch: int, results: Connection) -> None:
    """Delete every resolved alert; send how many there were, and how long each batch took."""
    product = Product(url)
    with product.app.app_context():
        database = product.app.extensions["webhook_alerts"].database
        times = LockTimes(database.engine)
        results.send("ready")
        deleted = sum(Purge(database, clock.now()).run(batch))
    results.send((deleted, times.seconds))


class LockTimes:
    """How long the transactions that delete hold their locks."""

    def __init__(self, engine: sa.Engine) -> None:
        self.seconds: list[float] = []
        self._started: float | None = None
        sa.event.listen(engine, "before_cursor_execute", self._before)
        sa.event.listen(engine, "after_cursor_execute", self._after)
        sa.event.listen(engine, "checkin", self._end)

    def _before(self, *arguments: t.Any) -> None:
        if arguments[2].startswith("DELETE") and self._started is None:
            self._started = time.perf_counter()

    def _after(self, *arguments: t.Any) -> None:
        if arguments[2].startswith("BEGIN IMMEDIATE"):  # SQLite's lock on the whole file
            self._started = time.perf_counter()

    def _end(self, *_arguments: object) -> None:
        if self._started is not None:
            self.seconds.append(time.perf_counter() - self._started)
            self._started = None


def try_batch(kind: str, alerts: int, batch: int) -> Trial:
    """Fill a database, and purge it under load."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(new_database(kind))
        product = Product(url)
        path = product.prepare()["create"]
        fill(url, path.rpartition("/")[2], alerts)
        before = post_until(product, path, "before", lambda posted: posted >= _BEFORE)
        receiver, sender = multiprocessing.Pipe(duplex=False)
        # A fresh interpreter, so that no connection is shared.
        process = multiprocessing.get_context("spawn").Process(
            target=purge, args=(url, batch, sender)
        )
        process.start()
        stack.callback(process.join)
        receiver.recv()
        started = time.perf_counter()
        during = post_until(product, path, "during", lambda _posted: receiver.poll())
        deleted, batches = receiver.recv()
        seconds = time.perf_counter() - started
        with product.app.app_context():
            product.db.engine.dispose()
    return Trial(deleted=deleted, seconds=seconds, batches=batches, before=before, during=during)


def post_until(
    product: Product, path: str, tag: str, is_over: Callable[[int], bool]
) -> list[float]:
    """Create and resolve alerts until it is over; return how long each request took."""
    walls: list[float] = []
    while not is_over(len(walls)):
        keys = [f"{tag}-{len(walls)}"]
        for operation in ("create", "resolve"):
            walls += traffic.put(product.app, traffic.environs(path, operation, keys))
    return walls


def summarize(trial: Trial) -> dict[str, t.Any]:
    """Return a trial's figures, times in milliseconds."""
    return {
        "deleted": trial.deleted,
        "seconds": trial.seconds,
        "batch_p50_ms": figures.percentile(trial.batches, 50) * 1000,
        "batch_max_ms": max(trial.batches) * 1000,
        "requests": len(trial.during),
        "before_p99_ms": figures.percentile(trial.before, 99) * 1000,
        "before_max_ms": max(trial.before) * 1000,
        "during_p99_ms": figures.percentile(trial.during, 99) * 1000,
        "during_max_ms": max(trial.during) * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.purging", description=__doc__)
    parser.add_argument("--alerts", type=int, default=ALERTS)
    parser.add_argument("--batches", nargs="+", type=int, default=[BATCH], help="sizes to try")
    parser.add_argument("--databases", nargs="+", choices=ALL_KINDS, default=ALL_KINDS)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    result = figures.conditions(alerts=options.alerts, batches=options.batches)
    print(f"{'':10} {'batch':>5} {'deleted':>7} {'s':>6}  transaction p50, max ms", end="")
    print("  requests: before p99, max; during p99, max ms")
    for kind in options.databases:
        for batch in options.batches:
            row = summarize(try_batch(kind, options.alerts, batch))
            result["databases"].setdefault(kind, {})[str(batch)] = row
            print(
                f"{kind:10} {batch:5} {row['deleted']:7} {row['seconds']:6.1f}"
                f" {row['batch_p50_ms']:12.1f} {row['batch_max_ms']:10.1f}"
                f" {row['before_p99_ms']:18.1f} {row['before_max_ms']:8.1f}"
                f" {row['during_p99_ms']:9.1f} {row['during_max_ms']:8.1f}",
                flush=True,
            )
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
