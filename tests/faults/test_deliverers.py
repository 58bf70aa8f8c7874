"""Several processes deliver, and one is late: does each event have one holder?"""

from __future__ import annotations

import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.conftest import MakeRig
from tests.faults.conftest import Report
from tests.faults.failpoints import BEFORE_MARK
from tests.faults.failpoints import halt_at
from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.processes import send
from tests.faults.processes import wait_for
from tests.faults.sizes import Sizes

pytestmark = pytest.mark.faults

DELIVERERS = 4


def test_deliverers_never_share_an_event(
    database_url: str, make_rig: MakeRig, sizes: Sizes, report: Report
) -> None:
    rig = make_rig(database_url, WEBHOOK_ALERTS_DELIVERY="manual")
    rig.web.start()
    with contextlib.closing(rig.sender("client")) as sender:
        for number in range(sizes.deliveries // 2):
            sender.send("create", f"alert-{number}")
            sender.send("resolve", f"alert-{number}")

    with ThreadPoolExecutor(DELIVERERS) as pool:
        deliveries = [pool.submit(rig.deliver) for _ in range(DELIVERERS)]
    assert [delivery.result().returncode for delivery in deliveries] == [0] * DELIVERERS

    history = rig.history()
    report(
        deliverers=DELIVERERS,
        events=len(history.events),
        calls=len(history.calls),
        **losses(history),
    )
    assert broken_rules(history) == []


def test_the_mark_of_a_late_worker_is_refused(
    database_url: str, make_rig: MakeRig, report: Report
) -> None:
    rig = make_rig(database_url, workers=1, with_failpoints=True)
    rig.web.start()
    (worker,) = rig.web.workers()
    rig.failpoint.write_text(halt_at(BEFORE_MARK))

    with contextlib.closing(rig.sender("client")) as sender, ThreadPoolExecutor(1) as pool:
        late = pool.submit(sender.send, "create", "disk")
        wait_for("the worker to halt", lambda: not rig.failpoint.exists())
        owed = rig.end_leases()
        # Another takes the event over and fails, so that it is owed again, under another lease.
        rig.deliver(RECEIVERS_FAIL=True)
        taken_over = rig.deliveries()
        send(worker, signal.SIGCONT)

    assert owed == 1
    assert late.result().is_accepted
    assert rig.deliveries() == taken_over
    rig.drain()
    history = rig.history(crashes=1)
    report(halted=1, calls=len(history.calls), **losses(history))
    assert broken_rules(history) == []
