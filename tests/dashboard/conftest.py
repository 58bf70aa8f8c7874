"""Share hosts with a dashboard, and people who look at them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.dashboard.browsers import chromium
from tests.dashboard.browsers import serving
from tests.dashboard.browsers import visiting
from tests.dashboard.browsers import Visitor
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def served(sqlite_url: str) -> Iterator[tuple[Host, str]]:
    """A host with a dashboard, served on a port of its own."""
    db, alerts, dashboard = with_dashboard(site_name="Moth & Lantern")
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        with serving(host.app) as address:
            yield host, address


@pytest.fixture
def visitor(browser: Browser, served: tuple[Host, str]) -> Iterator[Visitor]:
    """Somebody with a browser, at that host."""
    with visiting(browser, served[1]) as visitor:
        yield visitor


@pytest.fixture
def plain(browser: Browser, served: tuple[Host, str]) -> Iterator[Visitor]:
    """A visitor whose browser runs no script."""
    with visiting(browser, served[1], java_script_enabled=False) as visitor:
        yield visitor
