"""Read how much CPU this thread and a database's server processes have used.

``/proc/<pid>/schedstat`` counts in nanoseconds. Kernels without it leave ``/proc/<pid>/stat``,
which counts in ticks of the clock, 10 ms as a rule: then a batch should use at least a second.
"""

from __future__ import annotations

import os
import time
import typing as t
from collections.abc import Iterable
from pathlib import Path

import psycopg
import sqlalchemy as sa

_PIDS = """
SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'
"""


def process_seconds(pid: int) -> float:
    """Return the CPU seconds of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    try:
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except FileNotFoundError:
        # The fields after the name, which may hold blanks: the 12th and 13th are user and system.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def precision() -> str:
    """Say how exact the server's figures are."""
    if Path("/proc/self/schedstat").exists():
        return "nanoseconds (schedstat)"

    return f"ticks of {1000 // os.sysconf('SC_CLK_TCK')} ms (stat)"


class ServerMeter:
    """The CPU of the processes that serve one PostgreSQL database; nothing for SQLite.

    :param url: the database.
    """

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        self._database = parsed.database
        self._connection: psycopg.Connection | None = None
        if parsed.get_backend_name() == "postgresql":
            dsn = parsed.set(drivername="postgresql", database="postgres")
            self._connection = psycopg.connect(
                dsn.render_as_string(hide_password=False), autocommit=True
            )

    def read(self) -> dict[int, float]:
        """Return the CPU seconds so far, by process."""
        if self._connection is None:
            return {}

        pids = [row[0] for row in self._connection.execute(_PIDS, [self._database])]
        return {pid: process_seconds(pid) for pid in pids}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


class Batch:
    """Measure what happens inside: ``client`` and ``server``, in CPU seconds.

    :param meter: the server's.
    """

    client = 0.0
    server = 0.0

    def __init__(self, meter: ServerMeter) -> None:
        self._meter = meter

    def __enter__(self) -> t.Self:
        self._server_before = self._meter.read()
        self._client_before = time.thread_time()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.client = time.thread_time() - self._client_before
        after = self._meter.read()
        self.server = spent(self._server_before, after)


def spent(before: dict[int, float], after: dict[int, float]) -> float:
    """Return what processes used between two readings; new ones count from their start."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def total(pids: Iterable[int]) -> dict[int, float]:
    """Return the CPU seconds of some processes."""
    return {pid: process_seconds(pid) for pid in pids}
