"""Delete the alerts that were resolved long ago: a use case of its own, in small transactions."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from .database import Database
from .errors import Refused
from .store.housekeeping import BATCH

ADVICE: str = (
    "To let them go, delete those rows first, or let their foreign key to webhook_alert say"
    " ON DELETE CASCADE or SET NULL"
)
"""What to do when rows of the host refer to alerts that would go."""

_PAUSE = 0.05
_PAGE = 5_000


class Purge:
    """The purge of one app's alerts that were resolved before an instant.

    An alert with an event that is owed is left alone: its signal is still to be sent. One that a
    row of the host refers to is left too, since the database refuses to let it go.

    :ivar left: how many of those the host refers to, as far as the purge has come.
    """

    def __init__(self, database: Database, resolved_before: dt.datetime) -> None:
        self.left: int = 0
        self._database = database
        self._resolved_before = resolved_before

    def count(self) -> int:
        """Return how many alerts there are to delete."""
        return sum(map(len, self._pages()))

    def run(self, batch: int = BATCH) -> Iterator[int]:
        """Delete in transactions of ``batch`` alerts. Yield the size of each as it is committed.

        A page of alerts that all stay yields 0, and so does a transaction that is refused.
        """
        for ids in self._pages():
            if not ids:
                yield 0
            for start in range(0, len(ids), batch):
                yield from self._delete_halving(ids[start : start + batch])

    def _delete_halving(self, ids: list[int]) -> Iterator[int]:
        """Delete some alerts; if the database refuses, each half by itself, down to single alerts.

        One alert that stays among 200 costs 16 transactions, and no more than two for each alert
        are ever made, none larger than the first: the locks stay as short as they were.
        """
        halves: list[list[int]] = []
        try:
            deleted = self._database.write(partial(self._delete, ids))
        except Refused:
            deleted, halves = 0, _halves(ids)
            self.left += not halves
        yield deleted
        # Whoever waited for the locks of this batch goes first.
        time.sleep(_PAUSE)
        for half in halves:
            yield from self._delete_halving(half)

    def _pages(self) -> Iterator[list[int]]:
        """Go through all alerts a page at a time, outside of the transactions that delete.

        So the longest read is a short one, which matters to SQLite, where a write waits for it.
        """
        store, after = self._database.store.housekeeping, 0
        while end := self._database.run(partial(store.end_of_page, after=after, size=_PAGE)):
            yield self._database.run(partial(self._find, after=after, until=end))
            after = end

    def _find(
        self, connection: sa.Connection, after: int, until: int, *, locks: bool = False
    ) -> list[int]:
        store = self._database.store.housekeeping
        return store.purgeable(
            connection, self._resolved_before, after=after, until=until, locks=locks
        )

    def _delete(self, seen: list[int], connection: sa.Connection) -> int:
        # Looked for again, since a dead event may have been revived, or an alert reopened.
        ids = self._find(connection, after=seen[0] - 1, until=seen[-1], locks=True)
        return self._database.store.housekeeping.delete_alerts(connection, ids)


def _halves(ids: list[int]) -> list[list[int]]:
    """Return both halves; none of what is a single one."""
    middle = len(ids) // 2
    return [ids[:middle], ids[middle:]] if middle else []
