"""Wake a worker of the host's task queue, and let no request pay for a broker that is down."""

from __future__ import annotations

import logging
import time
import typing as t
from collections.abc import Callable

logger: logging.Logger = logging.getLogger(__name__)

Wake: t.TypeAlias = Callable[[int], object]
"""Hands the id of a committed event to a worker, whose task calls ``alerts.deliver_event(id)``."""

PAUSE = 5.0
"""Seconds for which nobody is woken after a failure: what is committed meanwhile stays owed."""


class Waker:
    """The host's way to wake a worker, left alone for a while after it has failed.

    The event table knows what is owed, so a wake that fails or is left out loses nothing: the next
    sweep finds the event.
    """

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._resumes_at = float("-inf")
        self._failed = False

    def __call__(self, event_id: int) -> None:
        """Wake a worker for an event, unless that has just failed. Raise nothing."""
        now = time.monotonic()
        if now < self._resumes_at:
            return

        if self._failed:
            # One request finds out whether all is well again; the others do not wait for it.
            self._resumes_at = now + PAUSE
        try:
            self._wake(event_id)
        except Exception:
            self._failed = True
            self._resumes_at = time.monotonic() + PAUSE
            logger.exception(
                "No worker could be woken; for %g s events wait for the next sweep",
                PAUSE,
                extra={"action": "wake_failed"},
            )
        else:
            self._failed = False
            self._resumes_at = float("-inf")
