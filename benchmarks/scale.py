"""Measure whether a request costs more among many alerts: ``python -m benchmarks.scale``.

One database for each size, measured in turn within a round. A figure is the median over the rounds
of the ratio to the smallest size within the round.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import gc
import random
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from benchmarks import cpu
from benchmarks import figures
from benchmarks import traffic
from benchmarks.contestants.product import Product
from benchmarks.databases import KINDS
from benchmarks.databases import new_database
from benchmarks.filling import fill
from flask_webhook_alerts import alert_created

SIZES = (10_000, 1_000_000)
LONG_SIZES = (*SIZES, 10_000_000)
OWED = 10
_WARM_UP = 30


def receive(_app: t.Any, **_facts: t.Any) -> None:
    """Listen, so that there is something to deliver."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Site:
    """Two apps over one database: one delivers in the request, the other on demand.

    :ivar path: where to post, the same in both.
    """

    product: Product
    manual: Product
    path: str
    meter: cpu.ServerMeter

    def post(self, operation: str, keys: list[str]) -> figures.Sample:
        requests = traffic.environs(self.path, operation, keys)
        return self.measured(lambda: traffic.put(self.product.app, requests))

    def list_newest(self, times: int) -> figures.Sample:
        """Read the newest 50 open alerts, as a page for people on call would."""
        alert, db = self.product.alerts.Alert, self.product.db
        statement = sa.select(alert).where(alert.status == "open").order_by(alert.id.desc())

        def read() -> None:
            with self.product.app.app_context():
                rows = db.session.scalars(statement.limit(50)).all()
            if len(rows) != 50:
                raise traffic.UnexpectedAnswer(f"{len(rows)} open alerts were found, not 50.")

        return self.measured(lambda: _timed(read, times))

    def deliver(self, keys: list[str]) -> figures.Sample:
        """Let ten events be owed, and deliver them; the sample is of the delivery alone."""
        traffic.put(self.manual.app, traffic.environs(self.path, "create", keys))

        def deliver() -> None:
            with self.manual.app.app_context():
                delivered = self.manual.alerts.deliver_pending()
            if delivered != len(keys):
                raise traffic.UnexpectedAnswer(f"{delivered} were delivered, not {len(keys)}.")

        return self.measured(lambda: _timed(deliver, 1))

    def measured(self, work: Callable[[], list[float]]) -> figures.Sample:
        gc.collect()
        with cpu.Batch(self.meter) as batch:
            walls = work()
        return figures.Sample(client=batch.client, server=batch.server, walls=walls)


@contextlib.contextmanager
def filled(kind: str, size: int) -> Iterator[Site]:
    """Yield a site whose tables hold ``size`` alerts."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(new_database(kind))
        product = Product(url)
        path = product.prepare()["create"]
        started = time.monotonic()
        fill(url, path.rpartition("/")[2], size)
        print(f"{kind}: {size:,} alerts in {time.monotonic() - started:.0f} s", flush=True)
        manual, meter = Product(url, WEBHOOK_ALERTS_DELIVERY="manual"), cpu.ServerMeter(url)
        stack.callback(meter.close)
        alert_created.connect(receive, sender=manual.app)
        stack.callback(alert_created.disconnect, receive, sender=manual.app)
        yield Site(product=product, manual=manual, path=path, meter=meter)


def tasks(site: Site, tag: str, requests: int) -> dict[str, Callable[[], figures.Sample]]:
    """Return what is measured, in order: later ones need what earlier ones made."""
    keys = [f"{tag}-{number}" for number in range(requests)]
    owed = [f"{tag}-owed-{number}" for number in range(OWED)]
    return {
        "create": lambda: site.post("create", keys),
        "acknowledge": lambda: site.post("acknowledge", keys),
        "newest 50 open": lambda: site.list_newest(max(1, requests // 10)),
        "resolve": lambda: site.post("resolve", keys),
        f"deliver {OWED} owed": lambda: site.deliver(owed),
    }


def measure(
    kind: str, sizes: tuple[int, ...], rounds: int, requests: int
) -> dict[str, dict[int, list[figures.Sample]]]:
    """Return the samples of all rounds, by task and size."""
    samples: dict[str, dict[int, list[figures.Sample]]] = {}
    with contextlib.ExitStack() as stack:
        sites = {size: stack.enter_context(filled(kind, size)) for size in sizes}
        for site in sites.values():
            for run in tasks(site, "warm-up", _WARM_UP).values():
                run()
        for number in range(rounds):
            to_do = {size: tasks(site, f"{number}", requests) for size, site in sites.items()}
            for task in to_do[sizes[0]]:
                for size in random.sample(sizes, len(sizes)):
                    by_size = samples.setdefault(task, {one: [] for one in sizes})
                    by_size[size].append(to_do[size][task]())
    return samples


def _timed(work: Callable[[], None], times: int) -> list[float]:
    walls = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        walls.append(time.perf_counter() - started)
    return walls


def print_table(kind: str, summary: dict[str, t.Any]) -> None:
    print(f"\n{kind}: CPU of client and server; ratios to the smallest size in the same round")
    print(f"{'':16} {'alerts':>11} {'CPU ms':>8} {'ratio':>6} {'wall ms':>8} {'p99 ms':>8}")
    for task, by_size in summary.items():
        for size, row in by_size.items():
            print(
                f"{task:16} {int(size):11,} {row['cpu_ms']:8.3f} {row['cpu_ratio']:6.2f}"
                f" {row['wall_ms']:8.3f} {row['p99_ms']:8.2f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=200, help="a task, size and round")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--long", action="store_true", help="10,000,000 alerts too")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    sizes = LONG_SIZES if options.long else tuple(options.sizes)

    result = figures.conditions(rounds=options.rounds, requests=options.requests, sizes=sizes)
    for kind in options.databases:
        samples = measure(kind, sizes, options.rounds, options.requests)
        result["databases"][kind] = {
            task: {
                str(size): figures.summary(series, by_size[sizes[0]])
                for size, series in by_size.items()
            }
            for task, by_size in samples.items()
        }
        print_table(kind, result["databases"][kind])
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
