"""Many senders change the same alerts at the same moment: does each see one alert, one walk?"""

from __future__ import annotations

import contextlib
import itertools
import math
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.faults.clients import charge
from tests.faults.clients import Task
from tests.faults.conftest import MakeRig
from tests.faults.conftest import Report
from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.rig import Rig
from tests.faults.servers import create_sqlite_file
from tests.faults.servers import DatabaseServer
from tests.faults.sizes import Sizes

pytestmark = pytest.mark.faults

WORKERS = 4
THREADS = 16

STORM = ("create",) * 2 + ("acknowledge",) * 3 + ("resolve",) * 3
KEYS_AT_ONCE = WORKERS * THREADS // len(STORM)


@pytest.fixture(
    params=["sqlite", "postgresql read committed", "postgresql serializable", "mariadb"]
)
def isolated_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database, at each isolation level that matters."""
    kind, _, isolation = request.param.partition(" ")
    if kind == "sqlite":
        return create_sqlite_file(tmp_path, journal_mode="WAL")

    server: DatabaseServer = request.getfixturevalue(kind)
    url = server.create_database()
    if isolation:
        name = url.rpartition("/")[2]
        server.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'")
    return url


@pytest.fixture
def rig(isolated_database_url: str, make_rig: MakeRig) -> Rig:
    """Return a running rig that can take in 64 requests at once."""
    rig = make_rig(isolated_database_url, workers=WORKERS, threads=THREADS)
    rig.web.start()
    return rig


def test_duplicate_creates_make_one_alert(rig: Rig, sizes: Sizes, report: Report) -> None:
    ids = [f"duplicate-{number}" for number in range(sizes.duplicate_ids)]

    charge(rig.sender, [[("create", each)] * sizes.duplicate_ways for each in ids])
    rig.drain()

    history = rig.history()
    report(
        ids=len(ids),
        ways=sizes.duplicate_ways,
        alerts=len(history.alerts),
        answers=dict(rig.tally.statuses),
        **losses(history),
    )
    assert sorted(alert.thirdparty_id for alert in history.alerts) == sorted(ids)
    assert {alert.occurrences for alert in history.alerts} == {sizes.duplicate_ways}
    assert set(rig.tally.statuses) == {200}
    assert broken_rules(history) == []


def test_a_storm_leaves_only_legal_walks(rig: Rig, sizes: Sizes, report: Report) -> None:
    groups = math.ceil(sizes.storm_alerts / KEYS_AT_ONCE)
    ids = [[f"storm-{group}-{key}" for key in range(KEYS_AT_ONCE)] for group in range(groups)]
    with contextlib.closing(rig.sender("opener")) as sender:
        for each in itertools.chain.from_iterable(ids):
            sender.send("create", each)

    charge(rig.sender, [shuffled(itertools.product(STORM, group)) for group in ids])
    rig.drain()

    history = rig.history()
    report(
        ids=groups * KEYS_AT_ONCE,
        alerts=len(history.alerts),
        events=len(history.events),
        answers=dict(rig.tally.statuses),
        **losses(history),
    )
    assert set(rig.tally.statuses) == {200}
    assert broken_rules(history) == []


def shuffled(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks in an order of chance."""
    every = list(tasks)
    return random.sample(every, len(every))
