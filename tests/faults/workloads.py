"""Say what busy senders send."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from tests.faults.clients import Task

SENDERS = 16
SHARED_IDS = 5


def busy_senders() -> list[Iterator[Task]]:
    """Return the endless tasks of several senders."""
    return [_lives_of_alerts(sender) for sender in range(SENDERS)]


def _lives_of_alerts(sender: int) -> Iterator[Task]:
    """Yield the lives of a sender's own alerts, and changes of a few that all senders share."""
    for number in itertools.count():
        own = f"own-{sender}-{number}"
        yield "create", own
        yield random.choice(["create", "acknowledge"]), own
        yield random.choice(["create", "acknowledge", "resolve"]), f"shared-{number % SHARED_IDS}"
        yield "resolve", own
