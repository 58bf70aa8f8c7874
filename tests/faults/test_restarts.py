"""The database goes away under load and comes back: what do the senders see?"""

from __future__ import annotations

import time

import pytest

from tests.faults.clients import load
from tests.faults.clients import Tally
from tests.faults.conftest import MakeRig
from tests.faults.conftest import Report
from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.processes import wait_for
from tests.faults.servers import DatabaseServer
from tests.faults.sizes import Sizes
from tests.faults.workloads import busy_senders

pytestmark = pytest.mark.faults

SECONDS_UP = 1.0
SECONDS_DOWN = 0.3
SECONDS_UNTIL_SUCCESS = 2.0


def restart(server: DatabaseServer, tally: Tally) -> float:
    """Crash and start a database; return how long after its return an event was accepted."""
    server.crash()
    time.sleep(SECONDS_DOWN)
    server.start()
    returned_at = time.monotonic()
    wait_for("an accepted event", lambda: tally.last_accepted_at > returned_at)
    return tally.last_accepted_at - returned_at


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_restarted_database_costs_nothing_but_a_wait(
    kind: str, request: pytest.FixtureRequest, make_rig: MakeRig, sizes: Sizes, report: Report
) -> None:
    server: DatabaseServer = request.getfixturevalue(kind)
    rig = make_rig(server.create_database())
    rig.web.start()

    waits = []
    with load(rig.sender, busy_senders()):
        for _ in range(sizes.restarts):
            time.sleep(SECONDS_UP)
            waits.append(restart(server, rig.tally))
        time.sleep(SECONDS_UP)
    rig.drain()

    # Who held an event when the database went has called the receivers, but marked none of them.
    history = rig.history(crashes=sizes.restarts * rig.web.workers_wanted)
    report(
        accepted=rig.tally.accepted,
        restarts=sizes.restarts,
        answers=dict(rig.tally.statuses),
        longest_wait=f"{max(waits):.2f} s",
        **losses(history),
    )
    assert set(rig.tally.statuses) <= {200, 503}
    assert max(waits) < SECONDS_UNTIL_SUCCESS
    assert broken_rules(history) == []
