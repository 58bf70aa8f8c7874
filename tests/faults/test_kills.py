"""Workers are killed at random while senders send: is anything lost that was accepted?"""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.clients import load
from tests.faults.conftest import MakeRig
from tests.faults.conftest import Report
from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.rig import Rig
from tests.faults.sizes import Sizes
from tests.faults.workloads import busy_senders

pytestmark = pytest.mark.faults

KILL_ALL_EVERY = 10
PAUSE_BETWEEN_KILLS = 0.2


def kill_under_load(rig: Rig, sizes: Sizes) -> int:
    """Kill workers, and now and then the whole server. Return how many workers that ended."""
    crashes = 0
    for kill in range(1, sizes.kills + 1):
        # Each kill waits for its share of the load, so that none hits an idle server.
        while rig.tally.accepted < kill * sizes.accepted / sizes.kills:
            time.sleep(0.01)
        time.sleep(PAUSE_BETWEEN_KILLS * random.random())
        if kill % KILL_ALL_EVERY:
            rig.web.kill_a_worker()
            crashes += 1
        else:
            crashes += len(rig.web.workers())
            rig.web.kill_all()
            rig.web.start()
    return crashes


def test_nothing_is_lost_when_workers_are_killed(
    database_url: str, make_rig: MakeRig, sizes: Sizes, report: Report
) -> None:
    rig = make_rig(database_url)
    rig.web.start()

    with load(rig.sender, busy_senders()):
        crashes = kill_under_load(rig, sizes)
    rig.drain()

    history = rig.history(crashes=crashes)
    report(
        accepted=rig.tally.accepted,
        kills=sizes.kills,
        unanswered=rig.tally.statuses[None],
        **losses(history),
    )
    assert set(rig.tally.statuses) <= {200, None, 503}
    assert broken_rules(history) == []
