"""Count what a run lost: the figures that are published."""

from __future__ import annotations

from tests.faults.history import nothing_accepted_is_lost
from tests.faults.records import History


def losses(history: History) -> dict[str, int]:
    """Return how many accepted events and owed signals were lost, and calls made once more."""
    called = {(call.event_id, call.receiver) for call in history.calls}
    owed = {(event.id, receiver) for event in history.events for receiver in history.receivers}
    return {
        "lost_events": sum(1 for _ in nothing_accepted_is_lost(history)),
        "lost_signals": len(owed - called),
        "repeated_calls": len(history.calls) - len(called),
    }
