"""Run a contestant under gunicorn, and look at its worker processes."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import cpu

_PATIENCE = 20.0


class Server:
    """A running gunicorn.

    :ivar port: where it listens, on the loopback interface.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    @property
    def workers(self) -> list[int]:
        """The processes that answer requests."""
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in children.split()]

    def cpu(self) -> dict[int, float]:
        """Return the CPU seconds so far, by worker."""
        return cpu.total(self.workers)

    def resident_bytes(self) -> int:
        """Return the memory that the workers hold, shared pages counted in each."""
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.workers)
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def serving(name: str, url: str, *, workers: int = 2, threads: int = 4) -> Iterator[Server]:
    """Yield a server that answers, and end it afterwards."""
    port = _free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "benchmarks.serve:create_app()"),
        *("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--log-level", "warning"),
        *("--workers", str(workers), "--threads", str(threads), "--keep-alive", "30"),
    ]
    environment = {**os.environ, "BENCH_CONTESTANT": name, "BENCH_DATABASE_URL": url}
    process = subprocess.Popen(command, env=environment)
    try:
        server = Server(process, port)
        _wait(server, workers)
        yield server
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait(server: Server, workers: int) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        # An answer, whatever it is: the port is open before any worker has made its app.
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)
            connection.request("GET", "/")
            connection.getresponse()
            connection.close()
            if len(server.workers) == workers:
                return
        time.sleep(0.05)
    raise TimeoutError("gunicorn does not answer.")
