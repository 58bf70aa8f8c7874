"""Share hosts with a dashboard, and people who look at them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dashboard.people import Person
from tests.dashboard.people import with_dashboard
from tests.hosts import Host
from tests.hosts import running_host


@pytest.fixture
def dashboard_host() -> Iterator[Host]:
    """A host whose dashboard lets everybody in as Amara."""
    db, alerts, dashboard = with_dashboard()
    with running_host("sqlite://", db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        yield host


@pytest.fixture
def person(dashboard_host: Host) -> Person:
    """Somebody at the dashboard, before anything was made there."""
    return Person(dashboard_host, dashboard_host.client)


@pytest.fixture
def sender(dashboard_host: Host) -> str:
    """The id of an integration."""
    return dashboard_host.create_integration("Nightly backups")
