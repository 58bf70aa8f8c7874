"""Lend brokers and sites to the tests, and take them back."""

from __future__ import annotations

import typing as t
import uuid
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import pools

from tests.contrib.brokers import Broker
from tests.contrib.brokers import delete_queue
from tests.contrib.brokers import RabbitMQ
from tests.contrib.brokers import Redis
from tests.contrib.sites import Site
from tests.databases import new_database

MakeSite: t.TypeAlias = Callable[..., Site]


@pytest.fixture(autouse=True)
def _close_connections() -> Iterator[None]:
    """Leave no connection to a broker behind."""
    yield
    pools.reset()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    """A running server of the test's own."""
    redis = Redis(tmp_path)
    redis.start()
    yield redis
    redis.stop()


@pytest.fixture
def rabbitmq() -> Iterator[RabbitMQ]:
    """A way to the machine's server that can be cut."""
    rabbitmq = RabbitMQ()
    rabbitmq.start()
    yield rabbitmq
    rabbitmq.stop()


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Broker:
    """A running broker, of each kind in turn."""
    return t.cast(Broker, request.getfixturevalue(request.param))


@pytest.fixture
def make_site(tmp_path: Path, broker: Broker) -> Iterator[MakeSite]:
    """Return a maker of sites on ``broker``; what was made is ended with the test."""
    sites: list[Site] = []
    queue = f"webhook_alerts_{uuid.uuid4().hex[:12]}"
    with new_database("postgresql") as url:

        def make(**options: t.Any) -> Site:
            sites.append(Site(tmp_path, url, broker.url, queue, **options))
            return sites[-1]

        yield make

        for site in sites:
            site.close()
    if isinstance(broker, RabbitMQ):
        delete_queue(queue)
