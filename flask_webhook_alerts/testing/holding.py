"""Hold the clock by which alerts are stamped, and by which tokens and pauses end."""

from __future__ import annotations

import contextlib
import datetime as dt
import typing as t

from flask_webhook_alerts import clock


class HeldClock:
    """A clock that stands still until it is moved; it holds from ``with`` to its end.

    It tells all threads of the process the time of this extension. The host's own calls of
    ``datetime.now()`` and the database's ``now()`` go on.

    :param at: where it stands; without a zone it is taken to be UTC; None for the present.
    """

    def __init__(self, at: dt.datetime | None = None) -> None:
        self._time = clock.as_utc(at or clock.now())
        self._holding = contextlib.ExitStack()

    def __enter__(self) -> t.Self:
        self._holding.enter_context(clock.told_by(lambda: self._time))
        return self

    def __exit__(self, *_error: object) -> None:
        self._holding.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._time.isoformat()}>"

    @property
    def now(self) -> dt.datetime:
        """The instant at which it stands, aware and in UTC."""
        return self._time

    def freeze(self, at: dt.datetime) -> None:
        """Let it stand at ``at``; a time without a zone is taken to be UTC."""
        self._time = clock.as_utc(at)

    def move(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move it by so much, ahead or, where a number is negative, back."""
        self._time += dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
