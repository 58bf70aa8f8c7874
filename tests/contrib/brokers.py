"""Brokers for the tests: a Redis of their own, the RabbitMQ of the machine, and a way to it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

from kombu import Connection
from kombu import Exchange
from kombu import Queue

from tests.faults.processes import free_port
from tests.faults.processes import Program
from tests.faults.processes import send
from tests.faults.proxy import cutting_proxy
from tests.needs import is_missing

RABBITMQ: t.Final = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")


class Broker(t.Protocol):
    """A broker that a test may stop and start."""

    @property
    def url(self) -> str:
        """Where it answers while it runs."""
        ...

    def start(self) -> None:
        """Let it answer; what it held before it was stopped may be gone."""
        ...

    def stop(self) -> None:
        """Break its connections and answer no more."""
        ...


class Redis:
    """A server of our own, which keeps nothing when it is stopped."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            is_missing("redis-server is not installed.")
        self._port = free_port()
        command = ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        self._server = Program([*command, "--dir", folder], log=folder / "redis.log")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        self._server.start(lambda: answers(self._port))

    def stop(self) -> None:
        self._server.end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it neither answer nor refuse."""
        send(self._server.pid, signal.SIGSTOP)


class RabbitMQ:
    """The way to the server of the machine, which is not ours to stop: we cut the way."""

    def __init__(self) -> None:
        server = urlsplit(RABBITMQ)
        self._behind = server.port or 5672
        if not answers(self._behind):
            is_missing(f"No RabbitMQ answers on port {self._behind}.")
        self._port = free_port()
        at = f"{server.username}:{server.password}@127.0.0.1:{self._port}"
        self._url = server._replace(netloc=at)
        self._way = contextlib.ExitStack()

    @property
    def url(self) -> str:
        return self._url.geturl()

    def start(self) -> None:
        self._way.enter_context(cutting_proxy(self._behind, at=self._port))

    def stop(self) -> None:
        self._way.close()


def delete_queue(name: str) -> None:
    """Take a queue off the machine's RabbitMQ again, with the exchange that Celery made for it."""
    with Connection(RABBITMQ) as connection, connection.channel() as channel:
        Queue(name, channel=channel).delete()
        Exchange(name, channel=channel).delete()


def answers(port: int) -> bool:
    """Tell whether somebody listens."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False

    return True
