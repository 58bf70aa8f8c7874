"""With a hundred thousand alerts on PostgreSQL: pages in time, and counts from an index."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from benchmarks.dashboard import HUNDREDTH
from benchmarks.dashboard import measure
from benchmarks.dashboard import spread
from benchmarks.dashboard import walk
from benchmarks.filling import fill
from flask_webhook_alerts.state import get_state
from tests.dashboard.people import with_dashboard
from tests.databases import new_database
from tests.hosts import Host
from tests.hosts import running_host

SIZE = 100_000
IN_TIME = 60  # milliseconds: the budget is 30, and a machine may be half as fast as ours
SMALL = 60_000  # bytes


@pytest.fixture(scope="module")
def large_host() -> Iterator[Host]:
    """A host with a dashboard over many alerts."""
    db, alerts, dashboard = with_dashboard()
    with (
        new_database("postgresql") as url,
        running_host(url, db=db, alerts=alerts) as host,
    ):
        dashboard.init_app(host.app)
        fill(url, host.create_integration("Nightly backups"), SIZE)
        spread(url, SIZE)
        yield host


@pytest.fixture(scope="module")
def client(large_host: Host) -> FlaskClient:
    return large_host.app.test_client()


def best(client: FlaskClient, path: str) -> float:
    """Return the milliseconds of the fastest of some answers: other things run here, too."""
    tracer = sys.gettrace()
    sys.settrace(None)  # Measuring coverage takes as long as the page does.
    fastest = float("inf")
    try:
        for _ in range(10):
            fastest = min(fastest, *measure(client, path, 25))
            if fastest < IN_TIME:
                break
    finally:
        sys.settrace(tracer)
    return fastest


@pytest.mark.parametrize("status", ["all", "resolved"])
def test_the_first_and_the_hundredth_page_come_in_time(client: FlaskClient, status: str) -> None:
    first = f"/alerts/?status={status}"
    hundredth = walk(client, first, HUNDREDTH)

    times = {path: best(client, path) for path in (first, hundredth)}

    assert max(times.values()) < IN_TIME
    assert times[hundredth] < 2 * times[first]


@pytest.mark.parametrize("path", ["", "live?rows=1", "?status=all&q=nothing"])
def test_other_answers_come_in_time(client: FlaskClient, path: str) -> None:
    assert best(client, f"/alerts/{path}") < IN_TIME


def test_a_full_page_is_small(client: FlaskClient) -> None:
    page = client.get("/alerts/").text

    assert page.count('<tr id="a') == 50
    assert len(page.encode()) < SMALL


def test_counts_come_from_an_index(large_host: Host) -> None:
    statements = []
    with large_host.app.app_context():
        state = get_state()
        engine = state.database.engine
        event.listen(engine, "before_cursor_execute", lambda *facts: statements.append(facts[2:4]))
        counts = state.reading.counts()
        with engine.connect() as connection:
            (statement, parameters) = statements[-1]
            told = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars()
            plan = "\n".join(told)

    assert list(counts.values()) == [1_000, 1_000, 10_001]
    assert plan.count("Index Only Scan") == 3
    assert "Seq Scan" not in plan
