"""Stop when told to, after the work in hand."""

from __future__ import annotations

import signal
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

_SLICE = 0.25


class Stop:
    """Whether Ctrl-C or SIGTERM has asked to stop. Asked again, it interrupts at once."""

    def __init__(self) -> None:
        self.wanted: bool = False

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """Take the two signals, and give them back in the end."""
        earlier = {
            number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield self
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def pause(self, seconds: float) -> None:
        """Sleep, but not for longer than it takes to be told."""
        end = time.monotonic() + seconds
        while not self.wanted and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))

    def _take(self, _number: int, _frame: t.Any) -> None:
        if self.wanted:
            raise KeyboardInterrupt

        self.wanted = True
