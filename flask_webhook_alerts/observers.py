"""Let others watch requests and receivers: the seam for metrics, traces and the like.

The core knows no library that measures. It says here what it has just done, in two sentences, and
whoever is added to an app's :class:`Observers` hears them. With nobody there it says nothing.
"""

from __future__ import annotations

import dataclasses
import logging
import typing as t

from .events import Outcome

logger: logging.Logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a request to the endpoint got.

    :ivar integration_id: None if none was found by the id in the URL, or the database is away.
    :ivar outcome: what became of the event; None if it was refused.
    :ivar code: the name of the problem; None if the event was accepted.
    :ivar seconds: how long it took, with the receivers that were called before the answer.
    """

    integration_id: str | None
    outcome: Outcome | None = None
    status: int = 200
    code: str | None = None
    seconds: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReceiverCall:
    """How one call of a receiver went.

    :ivar receiver: its ``module:qualname``.
    :ivar error: what it raised; None if it returned.
    :ivar seconds: how long it took, with its app context and the loading of its rows.
    """

    receiver: str
    error: BaseException | None = None
    seconds: float

    @property
    def has_failed(self) -> bool:
        """Whether it raised."""
        return self.error is not None


class Observer(t.Protocol):
    """What is told of one app. The calls come in the middle of requests, so they must be quick."""

    def request_answered(self, answer: Answer) -> None:
        """Hear of a request to the endpoint."""
        ...

    def receiver_called(self, call: ReceiverCall) -> None:
        """Hear of a receiver, in whatever process it was called."""
        ...


class Observers:
    """Those who watch one app: false while there are none, so that nobody measures for nobody."""

    of_all_apps: t.ClassVar[list[Observer]] = []
    """Those who watch every app of this process, which is for tests."""

    def __init__(self) -> None:
        self._own: list[Observer] = []

    def __bool__(self) -> bool:
        return bool(self._own or self.of_all_apps)

    def add(self, observer: Observer) -> None:
        """Tell ``observer`` of everything from now on."""
        self._own.append(observer)

    def remove(self, observer: Observer) -> None:
        """Tell ``observer`` of nothing any more."""
        self._own.remove(observer)

    def request_answered(self, answer: Answer) -> None:
        """Tell everybody of a request."""
        for observer in (*self._own, *self.of_all_apps):
            _tell(observer.request_answered, answer)

    def receiver_called(self, call: ReceiverCall) -> None:
        """Tell everybody of a receiver."""
        for observer in (*self._own, *self.of_all_apps):
            _tell(observer.receiver_called, call)


T = t.TypeVar("T")


def _tell(hear: t.Callable[[T], None], news: T) -> None:
    try:
        hear(news)
    except Exception:
        # The event is stored: who cannot count it must not turn its answer into an error.
        logger.exception("An observer failed", extra={"action": "observer_failed"})
