"""Check what a run left behind: which rules of the contract does it break?

A pure function over what the clients saw, what the database holds and what the receivers wrote.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping

from tests.faults.records import AlertRow
from tests.faults.records import Attempt
from tests.faults.records import History
from tests.faults.records import Key

Finding: t.TypeAlias = tuple[str, object]
"""What is wrong, in a sentence, and what shows it."""

CREATES: t.Final = frozenset({"created", "repeated"})
KIND_BEHIND: t.Final = {
    "created": "created",
    "repeated": "created",
    "acknowledged": "acknowledged",
    "unchanged": "acknowledged",
    "resolved": "resolved",
}
OP_BEHIND: t.Final = {"created": "create", "acknowledged": "acknowledge", "resolved": "resolve"}
LEGAL_WALKS: t.Final = frozenset(
    {
        ("created",),
        ("created", "acknowledged"),
        ("created", "resolved"),
        ("created", "acknowledged", "resolved"),
    }
)
REGRESSIONS: t.Final = frozenset(
    {("acknowledged", "open"), ("resolved", "open"), ("resolved", "acknowledged")}
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Broken:
    """A rule that a history breaks."""

    rule: str
    sentence: str
    evidence: object


def broken_rules(history: History) -> list[Broken]:
    """Return every breach of every rule, A to I."""
    return [
        Broken(rule=letter, sentence=sentence, evidence=evidence)
        for letter, rule in RULES.items()
        for sentence, evidence in rule(history)
    ]


def nothing_accepted_is_lost(history: History) -> Iterator[Finding]:
    yield from _accepted_but_not_stored(history)

    for key, attempts in history.attempts_by_key.items():
        counted = sum(alert.occurrences for alert in history.alerts_by_key.get(key, ()))
        accepted = sum(attempt.outcome in CREATES for attempt in attempts)
        if counted < accepted:
            yield "Fewer occurrences are counted than creates were accepted", (key, counted)


def _accepted_but_not_stored(history: History) -> Iterator[Finding]:
    for attempt in history.attempts:
        if attempt.alert_id is None or not attempt.is_accepted:
            continue

        alert = history.alert_by_id.get(attempt.alert_id)
        if alert is None or alert.key != attempt.key:
            yield "An accepted event has no alert", attempt
        elif attempt.outcome == "created" and alert.nonce != attempt.nonce:
            yield "An alert does not hold the create that opened it", (attempt, alert)
        elif KIND_BEHIND[attempt.outcome or ""] not in history.kinds(alert.id):
            yield "An accepted event has no event row", (attempt, history.kinds(alert.id))


def nothing_is_invented(history: History) -> Iterator[Finding]:
    for key, alerts in history.alerts_by_key.items():
        attempts = [a for a in history.attempts_by_key.get(key, ()) if a.may_have_counted]
        creates = [attempt for attempt in attempts if attempt.op == "create"]
        counted = sum(alert.occurrences for alert in alerts)
        if counted > len(creates):
            yield "More occurrences are counted than creates were sent", (key, counted)

        nonces = {create.nonce for create in creates}
        yield from (
            ("An alert was opened by no create of ours", alert)
            for alert in alerts
            if alert.nonce not in nonces
        )
        ops = {attempt.op for attempt in attempts}
        yield from (
            ("An event was asked for by nobody", (alert, kind))
            for alert in alerts
            for kind in history.kinds(alert.id)
            if OP_BEHIND[kind] not in ops
        )


def one_alert_is_active_per_key(history: History) -> Iterator[Finding]:
    active: dict[Key, int] = {}
    for event in history.timeline:
        alert = history.alert_by_id.get(event.alert_id)
        if alert is None:
            continue

        if event.kind == "created" and alert.key in active:
            yield "Two alerts of one key were active at once", (active[alert.key], alert)
        if event.kind == "created":
            active[alert.key] = alert.id
        if event.kind == "resolved" and active.get(alert.key) == alert.id:
            del active[alert.key]


def walks_are_legal(history: History) -> Iterator[Finding]:
    for alert in history.alerts:
        walk = history.kinds(alert.id)
        if walk not in LEGAL_WALKS:
            yield "An alert's events are no legal walk", (alert, walk)


def final_states_hold(history: History) -> Iterator[Finding]:
    for attempt in history.attempts:
        alert = history.alert_by_id.get(attempt.alert_id or 0)
        state = (KIND_BEHIND.get(attempt.outcome or ""), alert and alert.status)
        if state in REGRESSIONS:
            yield "An alert fell back behind what was answered", (attempt, alert)

    for key, attempts in history.attempts_by_key.items():
        left_active = [a for a in history.alerts_by_key.get(key, ()) if a.status != "resolved"]
        if left_active and _must_be_resolved(attempts):
            yield "A key is active, though nothing was created after its resolve", left_active


def _must_be_resolved(attempts: list[Attempt]) -> bool:
    resolves = [a.invoked_at for a in attempts if a.op == "resolve" and a.is_accepted]
    # A create that was never answered may have taken effect at any later time.
    creates = [
        attempt.answered_at if attempt.status is not None else float("inf")
        for attempt in attempts
        if attempt.op == "create"
    ]
    return bool(resolves) and max(resolves) > max(creates, default=0)


def each_change_has_one_event(history: History) -> Iterator[Finding]:
    for alert in history.alerts:
        changes = {
            "created": 1,
            "acknowledged": int(alert.was_acknowledged),
            "resolved": int(alert.was_resolved),
        }
        if Counter(changes) != Counter(history.kinds(alert.id)):
            yield "An alert's changes and its events differ", (alert, history.kinds(alert.id))
        if alert.status != _status_by_times(alert) or alert.is_keyed == alert.was_resolved:
            yield "An alert's columns contradict each other", alert

    for alert_id in history.events_by_alert.keys() - history.alert_by_id.keys():
        yield "Events belong to no alert", alert_id


def _status_by_times(alert: AlertRow) -> str:
    if alert.was_resolved:
        return "resolved"

    return "acknowledged" if alert.was_acknowledged else "open"


def each_event_reaches_each_receiver(history: History) -> Iterator[Finding]:
    calls = Counter((call.event_id, call.receiver) for call in history.calls)
    for event in history.events:
        missed = {name for name in history.receivers if (event.id, name) not in calls}
        if missed:
            yield "Receivers were never called with an event", (event, missed)
        if not event.is_delivered:
            yield "An event is still owed", event

    for event_id in {call.event_id for call in history.calls} - {e.id for e in history.events}:
        yield "Receivers were called with an event that is not stored", event_id

    repeated = len(history.calls) - len(calls)
    if repeated > history.repeated_calls_allowed:
        yield "More calls were repeated than crashes explain", repeated


def calls_keep_the_order(history: History) -> Iterator[Finding]:
    for events in history.events_by_alert.values():
        called = [event for event in events if event.id in history.calls_by_event]
        for earlier, later in itertools.pairwise(called):
            if history.calls_by_event[earlier.id][-1] > history.calls_by_event[later.id][0]:
                yield "A later event was announced before an earlier one was done", (earlier, later)


def answers_agree(history: History) -> Iterator[Finding]:
    answers = Counter(
        (attempt.alert_id, attempt.outcome)
        for attempt in history.attempts
        if attempt.outcome in OP_BEHIND
    )
    for answer, count in answers.items():
        if count > 1:
            yield "A change was answered to several senders as theirs", (answer, count)

    counts = Counter((a.alert_id, a.occurrences) for a in history.attempts if a.outcome in CREATES)
    for (alert_id, occurrences), count in counts.items():
        alert = history.alert_by_id.get(alert_id or 0)
        if count > 1 or (alert and (occurrences or 0) > alert.occurrences):
            yield "An occurrence was counted wrongly in an answer", (alert_id, occurrences, count)


RULES: t.Final[Mapping[str, Callable[[History], Iterator[Finding]]]] = {
    "A": nothing_accepted_is_lost,
    "B": nothing_is_invented,
    "C": one_alert_is_active_per_key,
    "D": walks_are_legal,
    "E": final_states_hold,
    "F": each_change_has_one_event,
    "G": each_event_reaches_each_receiver,
    "H": calls_keep_the_order,
    "I": answers_agree,
}
