"""A process dies at each point of a request: is a signal lost?"""

from __future__ import annotations

import contextlib
import itertools
import typing as t

import pytest

from tests.faults.clients import Sender
from tests.faults.conftest import MakeRig
from tests.faults.conftest import Report
from tests.faults.failpoints import die_at
from tests.faults.failpoints import EXIT_CODE
from tests.faults.failpoints import POINTS
from tests.faults.failpoints import POINTS_OF_DELIVERY
from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.rig import Rig
from tests.faults.sizes import Sizes

pytestmark = pytest.mark.faults

OPS_BEFORE = {"create": (), "acknowledge": ("create",), "resolve": ("create", "acknowledge")}


def die_once(rig: Rig, sender: Sender, point: str, op: str, thirdparty_id: str) -> None:
    """Let the server die at ``point`` of a request, and its sender try again."""
    for earlier in OPS_BEFORE[op]:
        sender.send(earlier, thirdparty_id)
    unanswered = rig.tally.statuses[None]
    rig.failpoint.write_text(die_at(point))

    sender.send(op, thirdparty_id)

    assert not rig.failpoint.exists(), f"{op} never came to the point {point}."
    assert rig.tally.statuses[None] == unanswered + 1


@pytest.mark.parametrize("is_heard", [False, True], ids=["direct", "heard"])
def test_no_signal_is_lost_wherever_a_worker_dies(
    database_url: str, make_rig: MakeRig, sizes: Sizes, report: Report, is_heard: bool
) -> None:
    options: dict[str, t.Any] = {"workers": 1, "threads": 2, "IS_HEARD": is_heard}
    rig = make_rig(database_url, with_failpoints=True, **options)
    rig.web.start()
    cases = list(itertools.product(range(sizes.failpoint_rounds), POINTS, OPS_BEFORE))

    with contextlib.closing(rig.sender("client")) as sender:
        for number, point, op in cases:
            die_once(rig, sender, point, op, f"{number} {op} {point}")
    rig.drain()

    history = rig.history(crashes=len(cases))
    report(crashes=len(cases), accepted=rig.tally.accepted, **losses(history))
    assert broken_rules(history) == []


def test_no_signal_is_lost_wherever_a_deliverer_dies(
    database_url: str, make_rig: MakeRig, report: Report
) -> None:
    rig = make_rig(database_url, WEBHOOK_ALERTS_DELIVERY="manual", with_failpoints=True)
    rig.web.start()

    with contextlib.closing(rig.sender("client")) as sender:
        for point in POINTS_OF_DELIVERY:
            sender.send("create", point)
            rig.failpoint.write_text(die_at(point))
            assert rig.deliver().returncode == EXIT_CODE
            assert not rig.failpoint.exists()
    rig.drain()

    history = rig.history(crashes=len(POINTS_OF_DELIVERY))
    report(crashes=len(POINTS_OF_DELIVERY), **losses(history))
    assert broken_rules(history) == []
