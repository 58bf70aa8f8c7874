"""Share hosts, senders and the house rules with all tests."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_webhook_alerts import signals
from tests.databases import KINDS
from tests.databases import new_database
from tests.hosts import Host
from tests.hosts import MakeWiring
from tests.hosts import running_host
from tests.hosts import WIRINGS

SIGNALS = (
    signals.alert_created,
    signals.alert_acknowledged,
    signals.alert_resolved,
    signals.alert_reopened,
    signals.alert_repeated,
    signals.request_rejected,
)

PostEvent = Callable[..., TestResponse]


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Let every request have its own context, as in production; pytest-flask shares one."""


@pytest.fixture(autouse=True)
def _leave_no_traces() -> Iterator[None]:
    """Fail a test that leaves a context pushed or a receiver connected."""
    yield
    left = [signal.name for signal in SIGNALS if signal.receivers]
    for signal in SIGNALS:
        signal._clear_state()
    assert not has_app_context()
    assert left == []


@pytest.fixture(scope="session")
def _server_databases() -> Iterator[Callable[[str], str]]:
    """Create one database a server, on first use."""
    urls: dict[str, str] = {}
    with ExitStack() as stack:

        def url_of(kind: str) -> str:
            if kind not in urls:
                urls[kind] = stack.enter_context(new_database(kind))
            return urls[kind]

        yield url_of


@pytest.fixture(params=KINDS)
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, _server_databases: Callable[[str], str]
) -> str:
    """The URL of an empty database; each test that uses it runs on every kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'host.db'}"

    return _server_databases(request.param)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file, for what does not depend on the database."""
    return f"sqlite:///{tmp_path / 'host.db'}"


@pytest.fixture
def make_wiring(request: pytest.FixtureRequest) -> MakeWiring:
    """How a host comes to its database: by Flask-SQLAlchemy, or as the mark ``on_both`` says."""
    return WIRINGS[getattr(request, "param", "flask-sqlalchemy")]


@pytest.fixture
def host(database_url: str, make_wiring: MakeWiring) -> Iterator[Host]:
    """A host on every kind of database."""
    wiring = make_wiring()
    with running_host(database_url, db=wiring.db, alerts=wiring.alerts) as host:
        yield host


@pytest.fixture
def sqlite_host(sqlite_url: str, make_wiring: MakeWiring) -> Iterator[Host]:
    """A host for what does not depend on the database."""
    wiring = make_wiring()
    with running_host(sqlite_url, db=wiring.db, alerts=wiring.alerts) as host:
        yield host


@pytest.fixture
def app(host: Host) -> Flask:
    """The application behind ``host``."""
    return host.app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client whose requests have contexts of their own."""
    return app.test_client()


@pytest.fixture
def post_event(host: Host) -> PostEvent:
    """Post an event of the host's first integration; what is not given is filled in."""
    integration_id = host.create_integration()

    def post(event_type: str = "create", key: str = "disk-full", **fields: t.Any) -> TestResponse:
        payload = {"event_type": event_type, "Id": key, "Title": "Disk full", "Description": "/var"}
        return host.post(integration_id, {**payload, **fields})

    return post


@pytest.fixture
def connect() -> Iterator[Callable[..., None]]:
    """Connect receivers for the time of a test."""
    connected: list[tuple[t.Any, t.Any]] = []

    def connect(signal: t.Any, receiver: t.Any, **options: t.Any) -> None:
        connected.append((signal, receiver))
        signal.connect(receiver, **options)

    yield connect
    for signal, receiver in connected:
        signal.disconnect(receiver)
