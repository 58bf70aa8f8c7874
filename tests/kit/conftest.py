"""Share hosts for the kit: on every database, in memory too, and in every delivery mode."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import pools

from flask_webhook_alerts import alert_created
from flask_webhook_alerts.testing import AlertFactory
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import IntegrationFactory
from tests.contrib.test_celery import celery_host
from tests.databases import KINDS
from tests.hosts import Host
from tests.hosts import running_host
from tests.hosts import with_flask_sqlalchemy
from tests.hosts import with_lite


@pytest.fixture(params=("memory", *KINDS, "lite"))
def any_host(
    request: pytest.FixtureRequest, tmp_path: Path, _server_databases: Callable[[str], str]
) -> Iterator[Host]:
    """A host on every kind of database, on SQLite in memory, and with Flask-SQLAlchemy-Lite."""
    file = f"sqlite:///{tmp_path / 'host.db'}"
    urls = {"memory": "sqlite://", "sqlite": file, "lite": file}
    wiring = with_lite() if request.param == "lite" else with_flask_sqlalchemy()
    url = urls.get(request.param) or _server_databases(request.param)
    with running_host(url, db=wiring.db, alerts=wiring.alerts) as host:
        yield host


@pytest.fixture(params=["inline", "manual", "celery"])
def mode_host(request: pytest.FixtureRequest, sqlite_url: str) -> Iterator[Host]:
    """A host in every delivery mode; the tasks for Celery wait in memory, and no worker runs."""
    if request.param == "celery":
        running = celery_host(sqlite_url, {})
    else:
        running = running_host(sqlite_url, config={"WEBHOOK_ALERTS_DELIVERY": request.param})
    with running as host:
        yield host
    pools.reset()


@pytest.fixture
def sender(sqlite_host: Host) -> AlertSender:
    """A sender to a strict integration of a host on an SQLite file."""
    return sender_to(sqlite_host)


@pytest.fixture
def failing(connect: Callable[..., None]) -> list[int]:
    """The ids of the alerts of which a receiver heard, which raises each time."""
    heard: list[int] = []

    def page(app: object, *, alert: t.Any, **_extra: object) -> None:
        heard.append(alert.id)
        raise ConnectionError("no line")

    connect(alert_created, page, weak=False)
    return heard


def sender_to(host: Host, **options: t.Any) -> AlertSender:
    """Return a sender to a new integration of a host."""
    return AlertSender(host.app, IntegrationFactory(host.app)(**options))


def factory_of(host: Host, **options: t.Any) -> AlertFactory:
    """Return a factory of alerts of a new integration of a host."""
    return AlertFactory(host.app, IntegrationFactory(host.app)(**options))


def drop_tables(host: Host) -> None:
    """Leave a host without tables."""
    with host.app.app_context():
        host.alerts.Alert.metadata.drop_all(host.db.engine)
