"""Delete the alerts that were resolved long ago: a use case of its own, in small transactions."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from .database import Database
from .store.housekeeping import BATCH

ADVICE: str = (
    "Delete those rows first, or let their foreign key to webhook_alert say ON DELETE CASCADE or"
    " SET NULL"
)
"""What to do when rows of the host refer to alerts that would go."""

_PAUSE = 0.05
_PAGE = 5_000


class Purge:
    """The purge of one app's alerts that were resolved before an instant.

    An alert with an event that is owed is left alone: its signal is still to be sent.
    """

    def __init__(self, database: Database, resolved_before: dt.datetime) -> None:
        self._database = database
        self._resolved_before = resolved_before

    def count(self) -> int:
        """Return how many alerts there are to delete."""
        return sum(map(len, self._pages()))

    def run(self, batch: int = BATCH) -> Iterator[int]:
        """Delete in transactions of ``batch`` alerts. Yield the size of each as it is committed.

        A page of alerts that all stay yields 0.

        :raises Refused: rows of the host refer to an alert; its batch stays whole.
        """
        for ids in self._pages():
            if not ids:
                yield 0
            for start in range(0, len(ids), batch):
                yield self._database.write(partial(self._delete, ids[start : start + batch]))
                # Whoever waited for the locks of this batch goes first.
                time.sleep(_PAUSE)

    def _pages(self) -> Iterator[list[int]]:
        """Go through all alerts a page at a time, outside of the transactions that delete.

        So the longest read is a short one, which matters to SQLite, where a write waits for it.
        """
        store, after = self._database.store.housekeeping, 0
        while end := self._database.run(partial(store.end_of_page, after=after, size=_PAGE)):
            yield self._database.run(partial(self._find, after=after, until=end))
            after = end

    def _find(self, connection: sa.Connection, after: int, until: int) -> list[int]:
        store = self._database.store.housekeeping
        return store.purgeable(connection, self._resolved_before, after=after, until=until)

    def _delete(self, seen: list[int], connection: sa.Connection) -> int:
        # Looked for again, since a dead event may have been revived, or an alert reopened.
        ids = self._find(connection, after=seen[0] - 1, until=seen[-1])
        return self._database.store.housekeeping.delete_alerts(connection, ids)
