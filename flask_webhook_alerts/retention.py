"""Delete what is kept no longer, a little at a time, beside the deliveries of a sweep."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator

from . import clock
from .database import Database
from .purging import ADVICE
from .purging import Purge

logger: logging.Logger = logging.getLogger(__name__)

_INTERVAL = 3_600.0
_STEP = 1.0


class Retention:
    """The purges of one app, as far as this process makes them: at most one an hour.

    :param keep_for: how long after its resolution an alert is kept; None keeps all for ever.
    """

    def __init__(self, keep_for: dt.timedelta | None, database: Database) -> None:
        self._keep_for = keep_for
        self._database = database
        self._unfinished: tuple[Purge, Iterator[int]] | None = None
        self._starts_at = float("-inf")
        self._lock = threading.Lock()

    def purge_some(self) -> int:
        """Go on with the purge for about a second, if one is due. Return how many alerts went."""
        # A sweep that finds another one at it has better things to do than to wait.
        if self._keep_for is None or not self._lock.acquire(blocking=False):
            return 0

        try:
            return self._purge_some(clock.now() - self._keep_for)
        finally:
            self._lock.release()

    def _purge_some(self, resolved_before: dt.datetime) -> int:
        if time.monotonic() < self._starts_at:
            return 0

        purge, batches = self._unfinished or self._begun(resolved_before)
        self._unfinished = None
        deleted, ends_at = 0, time.monotonic() + _STEP
        for number in batches:
            deleted += number
            if time.monotonic() > ends_at:
                self._unfinished = purge, batches
                return deleted
        self._starts_at = time.monotonic() + _INTERVAL
        if purge.left:
            _warn_of_those_left(purge.left)
        return deleted

    def _begun(self, resolved_before: dt.datetime) -> tuple[Purge, Iterator[int]]:
        purge = Purge(self._database, resolved_before)
        return purge, purge.run()


def _warn_of_those_left(left: int) -> None:
    logger.warning(
        "Old alerts that rows of your app refer to stay: %s. %s.",
        left,
        ADVICE,
        extra={"action": "purge_refused"},
    )
