"""Share hosts with an API."""

from __future__ import annotations

import pytest

from tests.api.hosts import add_api
from tests.hosts import Host


@pytest.fixture
def api_host(host: Host) -> Host:
    """A host with an API, on every kind of database."""
    add_api(host)
    return host


@pytest.fixture
def sqlite_api_host(sqlite_host: Host) -> Host:
    """A host with an API, for what does not depend on the database."""
    add_api(sqlite_host)
    return sqlite_host
