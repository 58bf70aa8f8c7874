"""Hold what one app needs to write: the engine and the statements, found on first use."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

import sqlalchemy as sa

from . import transactions
from .mapping import Models
from .sessions import HostDatabase
from .store import build_store
from .store import Store

T = t.TypeVar("T")


class Database:
    """One app's database. It connects on first use and never before a server forks."""

    def __init__(self, host: HostDatabase, models: Models) -> None:
        self.host = host
        self.models = models

    @functools.cached_property
    def engine(self) -> sa.Engine:
        """The engine that the host's session uses for alerts."""
        return self.host.engine(self.models)

    @functools.cached_property
    def store(self) -> Store:
        """The statements for this engine."""
        return build_store(self.models, self.engine.dialect)

    def change(
        self,
        work: Callable[[sa.Connection], T],
        recover: Callable[[sa.Connection], T | None] | None = None,
    ) -> T:
        """Run one of the store's changes of an alert."""
        single = self.store.changes.is_single
        return transactions.run(self.engine, work, single=single, recover=recover)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run several statements as one transaction."""
        return transactions.run(self.engine, work)

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Run one statement, a transaction by itself."""
        return transactions.run(self.engine, work, single=True)
