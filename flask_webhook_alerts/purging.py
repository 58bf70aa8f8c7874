"""Delete the alerts that were resolved long ago: a use case of its own, in small transactions."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from functools import partial

import sqlalchemy as sa

from .database import Database

BATCH: int = 500
"""Alerts in one transaction: few enough that nobody waits for their locks for long."""

ADVICE: str = (
    "Delete those rows first, or let their foreign key to webhook_alert say ON DELETE CASCADE or"
    " SET NULL"
)
"""What to do when rows of the host refer to alerts that would go."""

_PAUSE = 0.05
_PAGE = 10_000


class Purge:
    """The purge of one app's alerts that were resolved before an instant.

    An alert with an event that is owed is left alone: its signal is still to be sent.
    """

    def __init__(self, database: Database, resolved_before: dt.datetime) -> None:
        self._database = database
        self._resolved_before = resolved_before

    def count(self) -> int:
        """Return how many alerts there are to delete."""
        found, after = 0, 0
        while ids := self._database.run(partial(self._find, after=after, limit=_PAGE)):
            found += len(ids)
            after = ids[-1]
        return found

    def run(self, batch: int) -> Iterator[int]:
        """Delete in transactions of ``batch`` alerts. Yield the size of each as it is committed.

        :raises Refused: rows of the host refer to an alert; its batch stays whole.
        """
        after: int | None = 0
        while after is not None:
            after, deleted = self._database.write(partial(self._delete, after=after, batch=batch))
            yield deleted
            # Whoever waited for the locks of this batch goes first.
            time.sleep(_PAUSE)

    def _find(self, connection: sa.Connection, after: int, limit: int) -> list[int]:
        return self._database.store.housekeeping.purgeable(
            connection, self._resolved_before, after=after, limit=limit
        )

    def _delete(self, connection: sa.Connection, after: int, batch: int) -> tuple[int | None, int]:
        """Delete some alerts. Return the last id, None at the end, and how many were there."""
        # Found and deleted in one transaction, since a dead event may be revived in between.
        ids = self._find(connection, after, batch)
        if not ids:
            return None, 0

        return ids[-1], self._database.store.housekeeping.delete_alerts(connection, ids)
