"""PostgreSQL finds every page by an index, and reads a bounded number of rows for it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from benchmarks.filling import fill
from benchmarks.pages import filters_of
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.search import AlertFilter
from flask_webhook_alerts.store.search import WINDOW
from tests.databases import new_database
from tests.hosts import Host
from tests.hosts import running_host

SIZE = 50_000
SLACK = 7_200
"""Rows of two hours, as ``fill`` makes them: a search by time reads so many too many."""

NAMES = list(filters_of("", SIZE))
Plan: t.TypeAlias = dict[str, t.Any]


@pytest.fixture(scope="module")
def filled() -> Iterator[tuple[Host, str]]:
    """A host with many alerts, and the integration that they came through."""
    with new_database("postgresql") as url, running_host(url) as host:
        integration_id = host.create_integration()
        fill(url, integration_id, SIZE)
        yield host, integration_id


@pytest.mark.parametrize("place", [{}, {"before": 400}, {"after": 400}, {"after": SIZE - 400}])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_found_by_an_index(
    filled: tuple[Host, str], name: str, place: dict[str, int]
) -> None:
    host, integration_id = filled
    wanted = filters_of(integration_id, SIZE)[name]

    nodes = [node for plan in plans(host, wanted, place) for node in walk(plan)]

    scans = [node for node in nodes if node.get("Relation Name") == "webhook_alert"]
    kinds = {node["Node Type"] for node in scans}
    assert kinds <= {"Index Scan", "Index Only Scan"}
    assert sum(map(rows_read, scans)) <= 3 * WINDOW + SLACK
    sorted_rows = [node["Actual Rows"] for node in nodes if node["Node Type"] == "Sort"]
    assert all(count <= WINDOW for count in sorted_rows)


def plans(host: Host, wanted: AlertFilter, place: dict[str, int]) -> list[Plan]:
    """Return how the database has run each statement of a page."""
    statements: list[tuple[str, t.Any]] = []

    def note(*arguments: t.Any) -> None:
        statements.append((arguments[2], arguments[3]))

    with host.app.app_context():
        state = get_state()
        event.listen(state.database.engine, "before_cursor_execute", note)
        state.reading.alerts(wanted, **place)
        event.remove(state.database.engine, "before_cursor_execute", note)
        with state.database.engine.connect() as connection:
            return [explain(connection, *statement) for statement in statements]


def explain(connection: sa.Connection, statement: str, parameters: t.Any) -> Plan:
    told = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", parameters
    )
    return t.cast(Plan, told.scalar_one()[0]["Plan"])


def walk(plan: Plan) -> Iterator[Plan]:
    """Yield a node of a plan and all below it."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from walk(child)


def rows_read(node: Plan) -> float:
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return float(read * node["Actual Loops"])
