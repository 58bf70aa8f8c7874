"""Hold what one app needs to write: the engine and the statements, found on first use."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import typing as t
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.pool import SingletonThreadPool
from sqlalchemy.pool import StaticPool

from . import transactions
from .direct import Link
from .mapping import Models
from .sessions import HostDatabase
from .store import build_store
from .store import Store

T = t.TypeVar("T")

_NO_TURN = contextlib.nullcontext()


class Database:
    """One app's database. It connects on first use, and anew in each process that was forked."""

    def __init__(self, host: HostDatabase, models: Models) -> None:
        self.host = host
        self.models = models
        self._process = os.getpid()
        self._lock = threading.RLock()

    @property
    def engine(self) -> sa.Engine:
        """The engine that the host's session uses for alerts."""
        if self._process != os.getpid():
            _leave_connections(self._engine)
            self._process = os.getpid()
        return self._engine

    @functools.cached_property
    def _engine(self) -> sa.Engine:
        return self.host.engine(self.models)

    @functools.cached_property
    def store(self) -> Store:
        """The statements for this engine."""
        return build_store(self.models, self.engine.dialect)

    @functools.cached_property
    def _turn(self) -> contextlib.AbstractContextManager[t.Any]:
        # A database in memory has one connection for all threads, and no transaction of its own
        # for each: they take turns.
        return self._lock if isinstance(self.engine.pool, StaticPool) else _NO_TURN

    def change(
        self,
        work: Callable[[Link], T],
        recover: Callable[[sa.Connection], T | None] | None = None,
    ) -> T:
        """Run one of the store's changes of an alert."""
        changes = self.store.changes
        return self._run(
            work,
            single=changes.is_single,
            may_be_direct=changes.may_be_direct,
            recover=recover,
        )

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run several statements as one transaction."""
        return self._run(work, single=False)

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Run statements that read, or one that writes: each may be a transaction by itself."""
        return self._run(work, single=True)

    def _run(
        self, work: Callable[[sa.Connection], T] | Callable[[Link], T], *, single: bool,
        may_be_direct: bool = False,
        recover: Callable[[sa.Connection], T | None] | None = None,
    ) -> T:  # fmt: skip
        with self._turn:
            return transactions.run(
                self.engine, work, single=single, may_be_direct=may_be_direct, recover=recover
            )


def _leave_connections(engine: sa.Engine) -> None:
    """Leave the connections that were made before a fork to the other processes that have them.

    Servers that load the app first and fork then share whatever it has connected, and two processes
    on one connection lose each other's writes without an error.
    """
    # A pool of one is a database in memory, which was copied with the process and is its own.
    if not isinstance(engine.pool, (StaticPool, SingletonThreadPool)):
        engine.dispose(close=False)
