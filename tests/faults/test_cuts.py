"""The connection to the database breaks at each packet of a request: does it still count once?"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.faults.clients import load
from tests.faults.conftest import MakeRig
from tests.faults.conftest import Report
from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.processes import wait_for
from tests.faults.proxy import cutting_proxy
from tests.faults.proxy import CuttingProxy
from tests.faults.proxy import NEVER
from tests.faults.servers import DatabaseServer
from tests.faults.sizes import Sizes
from tests.faults.workloads import busy_senders
from tests.faults.workloads import SENDERS

pytestmark = pytest.mark.faults

ENOUGH = 100
OPS = ("create", "acknowledge", "resolve")


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server


@pytest.fixture
def proxy(server: DatabaseServer) -> Iterator[CuttingProxy]:
    with cutting_proxy(server.port) as proxy:
        yield proxy


def test_a_cut_connection_changes_no_count(
    server: DatabaseServer, proxy: CuttingProxy, make_rig: MakeRig, sizes: Sizes, report: Report
) -> None:
    url = sa.make_url(server.create_database()).set(port=proxy.port)
    rig = make_rig(url.render_as_string(hide_password=False), workers=1, threads=1)
    rig.web.start()

    with contextlib.closing(rig.sender("client")) as sender:
        for packet, op in itertools.product(range(1, sizes.cuts + 1), OPS):
            proxy.cut_at(packet)
            sender.send(op, f"cut-{packet}")
        proxy.cut_at(NEVER)
        rig.drain()

    history = rig.history(crashes=proxy.cuts)
    report(cuts=proxy.cuts, answers=dict(rig.tally.statuses), **losses(history))
    assert set(rig.tally.statuses) <= {200, 503}
    assert broken_rules(history) == []


@pytest.mark.parametrize("server", ["mariadb"], indirect=True)  # psycopg waits for ever
def test_a_database_that_falls_silent_is_given_up(
    server: DatabaseServer, proxy: CuttingProxy, make_rig: MakeRig, report: Report
) -> None:
    limits = {"connect_timeout": "1", "read_timeout": "1", "write_timeout": "1"}
    url = sa.make_url(server.create_database()).set(port=proxy.port).update_query_dict(limits)
    rig = make_rig(url.render_as_string(hide_password=False))
    rig.web.start()

    with load(rig.sender, busy_senders()):
        wait_for("accepted events", lambda: rig.tally.accepted > ENOUGH)
        with proxy.silence():
            wait_for("refused events", lambda: rig.tally.statuses[503] > SENDERS)
        accepted = rig.tally.accepted
        wait_for("accepted events", lambda: rig.tally.accepted > accepted + ENOUGH)
    rig.drain()

    history = rig.history(crashes=rig.web.workers_wanted)
    report(answers=dict(rig.tally.statuses), **losses(history))
    assert set(rig.tally.statuses) <= {200, 503}
    assert broken_rules(history) == []
