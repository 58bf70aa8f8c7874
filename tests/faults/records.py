"""Hold what a run leaves behind: attempts, alerts, events, calls."""

from __future__ import annotations

import dataclasses
import typing as t
from collections import defaultdict
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from functools import cached_property

Key: t.TypeAlias = tuple[str, str]
"""An integration's id and a sender's Id."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request of a client. Those that repeat it carry the same nonce.

    ``status`` is None if no answer came: whether the event was taken in is then unknown.
    """

    client: str
    op: str
    integration: str
    thirdparty_id: str
    nonce: str
    invoked_at: float
    answered_at: float
    status: int | None = None
    outcome: str | None = None
    alert_id: int | None = None
    occurrences: int | None = None

    @property
    def key(self) -> Key:
        return self.integration, self.thirdparty_id

    @property
    def is_accepted(self) -> bool:
        return self.status == 200

    @property
    def may_have_counted(self) -> bool:
        """Tell whether the event may have been stored: not if the sender was found at fault."""
        return self.status is None or not 400 <= self.status < 500


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlertRow:
    """An alert as the database holds it; ``nonce`` is of the create that opened it."""

    id: int
    integration: str
    thirdparty_id: str
    nonce: str
    status: str
    is_keyed: bool
    was_acknowledged: bool
    was_resolved: bool
    occurrences: int

    @property
    def key(self) -> Key:
        return self.integration, self.thirdparty_id


@dataclasses.dataclass(frozen=True, kw_only=True)
class EventRow:
    """A row of an alert's timeline."""

    id: int
    alert_id: int
    kind: str
    is_delivered: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """One line of a receiver: it was called with this event."""

    receiver: str
    event_id: int
    alert_id: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class History:
    """All that a run left behind.

    :ivar calls: in the order in which the receivers wrote them.
    :ivar receivers: who must be called with each event.
    :ivar repeated_calls_allowed: how many calls the crashes of the run may have repeated.
    """

    attempts: Sequence[Attempt]
    alerts: Sequence[AlertRow]
    events: Sequence[EventRow]
    calls: Sequence[Call]
    receivers: frozenset[str]
    repeated_calls_allowed: int = 0

    @cached_property
    def alert_by_id(self) -> Mapping[int, AlertRow]:
        return {alert.id: alert for alert in self.alerts}

    @cached_property
    def alerts_by_key(self) -> Mapping[Key, list[AlertRow]]:
        return _grouped(self.alerts, lambda alert: alert.key)

    @cached_property
    def attempts_by_key(self) -> Mapping[Key, list[Attempt]]:
        return _grouped(self.attempts, lambda attempt: attempt.key)

    @cached_property
    def timeline(self) -> Sequence[EventRow]:
        """The events in the order of their ids, which is the order of their causes.

        An event's id is drawn by a transaction that holds the alert's row or key, so of two
        events of one key the later one has the higher id.
        """
        return sorted(self.events, key=lambda event: event.id)

    @cached_property
    def events_by_alert(self) -> Mapping[int, list[EventRow]]:
        return _grouped(self.timeline, lambda event: event.alert_id)

    @cached_property
    def calls_by_event(self) -> Mapping[int, list[int]]:
        """Event id → the places of its calls in :attr:`calls`."""
        return _grouped(range(len(self.calls)), lambda place: self.calls[place].event_id)

    def kinds(self, alert_id: int) -> tuple[str, ...]:
        """Return the kinds of an alert's events, oldest first."""
        return tuple(event.kind for event in self.events_by_alert.get(alert_id, ()))


T = t.TypeVar("T")
K = t.TypeVar("K", bound=Hashable)


def _grouped(items: Iterable[T], key: t.Callable[[T], K]) -> Mapping[K, list[T]]:
    groups: defaultdict[K, list[T]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)
