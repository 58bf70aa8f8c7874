"""Make up what the shop's monitors would send: one event after the other, as life would have it."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

from flask_webhook_alerts import AlertStatus
from flask_webhook_alerts import EventType

from .shop import Trouble
from .shop import TROUBLES

Payload: t.TypeAlias = dict[str, t.Any]

# How likely each event is, by the state of the trouble that it is about. Monitors repeat
# themselves, people acknowledge most troubles, and everything ends.
_WEIGHTS: Mapping[AlertStatus, Mapping[EventType, int]] = {
    AlertStatus.RESOLVED: {EventType.CREATE: 1},
    AlertStatus.OPEN: {EventType.CREATE: 3, EventType.ACKNOWLEDGE: 4, EventType.RESOLVE: 1},
    AlertStatus.ACKNOWLEDGED: {EventType.CREATE: 1, EventType.RESOLVE: 4},
}

_BECOMES = {
    EventType.ACKNOWLEDGE: AlertStatus.ACKNOWLEDGED,
    EventType.RESOLVE: AlertStatus.RESOLVED,
}

_FULL_HANDS = 5
"""How many troubles are enough for one shop; with this many, no new one begins."""


def make_traffic(dice: random.Random, troubles: Sequence[Trouble] = TROUBLES) -> Iterator[Payload]:
    """Yield events for ever. The same dice give the same events."""
    states = dict.fromkeys(troubles, AlertStatus.RESOLVED)
    while True:
        trouble = _pick_trouble(dice, states)
        event_type = _pick_event_type(dice, states[trouble])
        if states[trouble] is AlertStatus.RESOLVED:
            states[trouble] = AlertStatus.OPEN
        states[trouble] = _BECOMES.get(event_type, states[trouble])
        yield _payload(dice, trouble, event_type)


def _pick_trouble(dice: random.Random, states: Mapping[Trouble, AlertStatus]) -> Trouble:
    active = [trouble for trouble, state in states.items() if state is not AlertStatus.RESOLVED]
    if dice.randrange(_FULL_HANDS) < len(active):
        return dice.choice(active)

    return dice.choice([trouble for trouble in states if trouble not in active])


def _pick_event_type(dice: random.Random, state: AlertStatus) -> EventType:
    weights = _WEIGHTS[state]
    return dice.choices(list(weights), list(weights.values()))[0]


def _payload(dice: random.Random, trouble: Trouble, event_type: EventType) -> Payload:
    """Return what a monitor posts: all about the trouble at first, later just its key."""
    key: Payload = {"event_type": event_type.value, "Id": f"{trouble.service}/{trouble.check}"}
    return key | make_story(dice, trouble) if event_type is EventType.CREATE else key


def make_story(dice: random.Random, trouble: Trouble) -> Payload:
    """Return what a monitor tells about a trouble that begins."""
    return {
        "Title": trouble.title.format(n=dice.randint(trouble.least, trouble.most)),
        "Description": trouble.description,
        "Urgency": trouble.urgency,
        "Tags": list(trouble.tags),
        "Meta": {"service": trouble.service, "check": trouble.check} | _incident(trouble),
    }


def _incident(trouble: Trouble) -> Payload:
    if trouble.incident is None:
        return {}

    severity, message = trouble.incident
    return {"incident": True, "incident_severity": severity, "incident_message": message}
