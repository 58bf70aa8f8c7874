"""Measure the dashboard's pages on PostgreSQL: ``python -m benchmarks.dashboard``.

A figure is the time that the app takes from a request to the end of its answer, the guard, the
queries and the template included, but no network.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import statistics
import time
import typing as t
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from flask.testing import FlaskClient

from benchmarks import figures
from benchmarks import traffic
from benchmarks.contestants.product import Product
from benchmarks.databases import new_database
from benchmarks.filling import fill
from flask_webhook_alerts.dashboard import Dashboard

SIZES = (100_000,)
HUNDREDTH = 99
"""How often *Older* is pressed to see the hundredth page."""

_SPREAD = (
    "UPDATE webhook_alert SET created_at = now() - ({size} - id) * interval '78 s'",
    "UPDATE webhook_alert SET last_received_at = created_at",
    "UPDATE webhook_alert SET resolved_at = created_at WHERE status = 'resolved'",
    # About two events an alert. Their ids grow with time, as those of real ones do.
    "UPDATE webhook_alert_event SET at = now() - ({size} * 1.98 - id) * interval '39 s'",
    "VACUUM FULL webhook_alert, webhook_alert_event",
    # Again, because only this one notes which pages need no look, for scans of the index alone.
    "VACUUM ANALYZE webhook_alert, webhook_alert_event",
)
"""A hundred thousand alerts in three months: more than a thousand a day."""


@contextlib.contextmanager
def filled(size: int) -> Iterator[FlaskClient]:
    """Yield somebody who looks at a dashboard with ``size`` alerts."""
    with new_database("postgresql") as url:
        product = Product(url, SECRET_KEY="x")  # noqa: S106 - signs forms of a test
        Dashboard(product.alerts, product.app, authorize=lambda: "Amara")
        integration_id = product.prepare()["create"].rpartition("/")[2]
        fill(url, integration_id, size)
        spread(url, size)
        yield product.app.test_client()


def spread(url: str, size: int) -> None:
    """Let the alerts that are stored have come in the last months."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in _SPREAD:
            connection.exec_driver_sql(statement.format(size=size))


def walk(client: FlaskClient, path: str, times: int) -> str:
    """Press *Older* some times, and return the address that it leads to."""
    for _ in range(times):
        found = re.search(r'<a href="([^"]+)" rel="next"', client.get(path).text)
        if found is None:
            raise traffic.UnexpectedAnswer(f"{path} has no older page.")
        path = found[1].replace("&amp;", "&")
    return path


def pages_of(client: FlaskClient) -> dict[str, str]:
    """Return the addresses that are measured."""
    return {
        "open, first page": "/alerts/",
        "all, first page": "/alerts/?status=all",
        "all, hundredth page": walk(client, "/alerts/?status=all", HUNDREDTH),
        "resolved, hundredth page": walk(client, "/alerts/?status=resolved", HUNDREDTH),
        "search for a word": "/alerts/?status=all&q=db-7",
        "what the script asks": "/alerts/live?rows=1",
        "one alert": "/alerts/100",
        "stats of a week": "/alerts/stats",
    }


def measure(client: FlaskClient, path: str, times: int) -> list[float]:
    """Return the milliseconds of each answer."""
    walls = []
    for _ in range(times):
        started = time.perf_counter()
        response = client.get(path)
        walls.append((time.perf_counter() - started) * 1000)
        if response.status_code != 200:
            raise traffic.UnexpectedAnswer(f"{path}: {response.status}")
    return walls


def summarize(walls: list[float], size: int) -> dict[str, t.Any]:
    """Return the figures of one page."""
    ordered = sorted(walls)
    return {
        "alerts": size,
        "median_ms": statistics.median(ordered),
        "p95_ms": ordered[int(len(ordered) * 0.95)],
        "best_ms": ordered[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dashboard", description=__doc__)
    parser.add_argument("--times", type=int, default=60, help="requests for a page")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    result = figures.conditions(times=options.times, sizes=options.sizes)
    rows: dict[str, list[dict[str, t.Any]]] = {}
    for size in options.sizes:
        with filled(size) as client:
            for name, path in pages_of(client).items():
                measure(client, path, 5)
                row = summarize(measure(client, path, options.times), size)
                rows.setdefault(name, []).append(row)
    result["databases"]["postgresql"] = rows
    print(f"{'':26} {'alerts':>10} {'median ms':>10} {'p95 ms':>8} {'best ms':>8}")
    for name, series in rows.items():
        for row in series:
            print(
                f"{name:26} {row['alerts']:10,} {row['median_ms']:10.1f} {row['p95_ms']:8.1f}"
                f" {row['best_ms']:8.1f}"
            )
    if options.json:
        figures.write(options.json, result)


if __name__ == "__main__":
    main()
