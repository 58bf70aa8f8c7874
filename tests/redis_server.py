"""Run a Redis of our own: temporary, on the loopback interface, made to be stopped."""

from __future__ import annotations

import contextlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import redis

from tests.faults.processes import free_port
from tests.faults.processes import Program
from tests.faults.processes import send
from tests.needs import is_missing

PROGRAM = "redis-server"


class RedisServer:
    """A Redis that keeps nothing on a disk.

    :param folder: where its log is.
    """

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = [PROGRAM, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._program = Program(command, log=folder / "redis.log")

    def start(self) -> None:
        self._program.start(self._answers)

    def stop(self) -> None:
        self._program.end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it take connections and bytes, and answer nothing."""
        send(self._program.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        send(self._program.pid, signal.SIGCONT)

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), contextlib.closing(self.client()) as client:
            return bool(client.ping())
        return False


@contextlib.contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a server that starts now and ends with the block."""
    require_program(PROGRAM)
    server = RedisServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def require_program(name: str) -> None:
    """Skip the test if a program is not there; in CI, fail."""
    if shutil.which(name) is None:
        is_missing(f"There is no {name} on this machine: 'make system' installs it on Debian.")
