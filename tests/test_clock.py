"""The clock: always UTC, always aware, and the only module that asks the machine for the time."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path

import pytest

import flask_webhook_alerts
from flask_webhook_alerts import clock

TOKYO = dt.timezone(dt.timedelta(hours=9))
NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
WALL_CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"}


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().tzinfo is dt.UTC


def test_now_is_the_present_instant() -> None:
    before = dt.datetime.now(TOKYO)
    now = clock.now()
    after = dt.datetime.now(TOKYO)

    assert before <= now <= after


def test_now_has_microseconds() -> None:
    assert any(clock.now().microsecond % 1000 for _ in range(1000))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(NOON, id="already UTC"),
        pytest.param(NOON.replace(tzinfo=None), id="without a zone"),
        pytest.param(NOON.astimezone(TOKYO), id="in Tokyo"),
        pytest.param(NOON.astimezone(dt.timezone(-dt.timedelta(hours=3.5))), id="in Newfoundland"),
    ],
)
def test_any_time_becomes_the_same_instant_in_utc(value: dt.datetime) -> None:
    utc = clock.as_utc(value)

    assert utc == NOON
    assert utc.tzinfo is dt.UTC
    assert utc.microsecond == 123456


def test_no_other_module_asks_the_machine_for_the_time() -> None:
    package = Path(flask_webhook_alerts.__file__).parent

    asking = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if asks_for_the_time(ast.parse(path.read_text("utf-8")))
    }

    # The library that counts for the rate limits tells when they end by the machine's clock.
    assert asking == {"clock.py", "contrib/ratelimit.py"}


def asks_for_the_time(tree: ast.Module) -> bool:
    """Tell whether a module calls ``datetime.now()`` or the like, or ``time.time()``."""
    calls = [
        (ast.unparse(node.func.value), node.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return any(
        (owner.split(".")[-1] in {"datetime", "date"} and name in WALL_CLOCKS)
        or (owner, name) in {("time", "time"), ("time", "time_ns")}
        for owner, name in calls
    )
