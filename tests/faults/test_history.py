from __future__ import annotations

import dataclasses
import typing as t

import pytest

from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.records import AlertRow
from tests.faults.records import Call
from tests.faults.samples import ACKNOWLEDGED
from tests.faults.samples import ALERT
from tests.faults.samples import CALLS
from tests.faults.samples import EVENTS
from tests.faults.samples import GOOD
from tests.faults.samples import OPENED
from tests.faults.samples import REPEATED
from tests.faults.samples import RESOLVED
from tests.faults.samples import SECOND_ALERT
from tests.faults.samples import SECOND_CALLS
from tests.faults.samples import SECOND_CREATED
from tests.faults.samples import UNANSWERED


def letters(**changes: t.Any) -> str:
    history = dataclasses.replace(GOOD, **changes)
    return "".join(sorted({broken.rule for broken in broken_rules(history)}))


def with_alert(**changes: t.Any) -> tuple[AlertRow, ...]:
    return (dataclasses.replace(ALERT, **changes),)


def test_a_good_history_breaks_no_rule() -> None:
    assert broken_rules(GOOD) == []
    assert set(losses(GOOD).values()) == {0}


def test_an_empty_history_breaks_no_rule() -> None:
    assert letters(attempts=(), alerts=(), events=(), calls=()) == ""


def test_a_breach_comes_with_a_sentence_and_its_evidence() -> None:
    first, *_ = broken_rules(dataclasses.replace(GOOD, alerts=(), events=(), calls=()))

    assert first.sentence == "An accepted event has no alert"
    assert first.evidence == OPENED


def test_rule_a_finds_an_accepted_event_without_an_alert() -> None:
    lost = dataclasses.replace(GOOD, alerts=(), events=(), calls=())

    assert {broken.rule for broken in broken_rules(lost)} == {"A"}
    assert losses(lost)["lost_events"] == 5


def test_rule_a_finds_an_answer_with_the_alert_of_another_key() -> None:
    assert "A" in letters(alerts=with_alert(thirdparty_id="memory"))


def test_rule_a_finds_an_alert_with_the_nonce_of_another_create() -> None:
    assert letters(alerts=with_alert(nonce="n2")) == "A"


def test_rule_a_finds_an_accepted_event_without_its_event_row() -> None:
    assert "A" in letters(events=EVENTS[:2], calls=CALLS[:4])


def test_rule_a_finds_a_create_that_was_not_counted() -> None:
    assert "A" in letters(alerts=with_alert(occurrences=1))


def test_rule_b_finds_an_alert_that_nobody_created() -> None:
    assert letters(alerts=with_alert(nonce="n0")) == "AB"
    assert letters(attempts=()) == "B"


def test_rule_b_finds_an_event_that_nobody_asked_for() -> None:
    assert letters(attempts=GOOD.attempts[:3]) == "B"


def test_rule_b_finds_more_occurrences_than_creates() -> None:
    assert letters(alerts=with_alert(occurrences=4)) == "B"


def test_rule_b_finds_an_event_stored_though_it_was_refused() -> None:
    refused = dataclasses.replace(UNANSWERED, status=422)

    assert letters(attempts=(OPENED, refused, REPEATED, ACKNOWLEDGED, RESOLVED)) == "B"


def test_rule_c_finds_two_active_alerts_of_one_key() -> None:
    between = dataclasses.replace(SECOND_CREATED, id=21)
    acknowledged, resolved = EVENTS[1:]

    assert (
        letters(
            attempts=(*GOOD.attempts, dataclasses.replace(UNANSWERED, answered_at=9.0)),
            alerts=(dataclasses.replace(ALERT, occurrences=3), SECOND_ALERT),
            events=(
                EVENTS[0],
                between,
                dataclasses.replace(acknowledged, id=22),
                dataclasses.replace(resolved, id=23),
            ),
            calls=tuple(
                Call(receiver=receiver, event_id=event_id, alert_id=8 if event_id == 21 else 7)
                for event_id in (20, 21, 22, 23)
                for receiver in ("pager", "logbook")
            ),
        )
        == "C"
    )


def test_rule_c_allows_a_new_alert_after_a_resolve() -> None:
    again = dataclasses.replace(OPENED, nonce="n5", invoked_at=5.0, answered_at=5.1, alert_id=8)

    assert (
        letters(
            attempts=(*GOOD.attempts, again),
            alerts=(ALERT, dataclasses.replace(SECOND_ALERT, nonce="n5")),
            events=(*EVENTS, SECOND_CREATED),
            calls=(*CALLS, *SECOND_CALLS),
        )
        == ""
    )


@pytest.mark.parametrize(
    "walk",
    [
        ("acknowledged", "resolved", "created"),
        ("created", "resolved", "acknowledged"),
        ("created", "acknowledged", "acknowledged"),
        (),
    ],
)
def test_rule_d_finds_an_illegal_walk(walk: tuple[str, ...]) -> None:
    events = [
        dataclasses.replace(event, kind=kind) for event, kind in zip(EVENTS, walk, strict=False)
    ]

    assert "D" in letters(events=events)


def test_rule_e_finds_a_resolved_alert_that_is_active() -> None:
    reopened = with_alert(status="acknowledged", was_resolved=False, is_keyed=True)

    assert "E" in letters(alerts=reopened)


def test_rule_e_finds_an_acknowledged_alert_that_is_open() -> None:
    forgotten = with_alert(status="open", was_acknowledged=False, was_resolved=False, is_keyed=True)

    assert "E" in letters(alerts=forgotten, attempts=GOOD.attempts[:4])


def test_rule_e_finds_a_key_that_survives_an_ignored_resolve() -> None:
    ignored = dataclasses.replace(RESOLVED, outcome="ignored", alert_id=None, occurrences=None)
    active = with_alert(status="acknowledged", was_resolved=False, is_keyed=True)

    assert (
        letters(
            attempts=(OPENED, REPEATED, ACKNOWLEDGED, ignored),
            alerts=(dataclasses.replace(active[0], occurrences=2),),
            events=EVENTS[:2],
            calls=CALLS[:4],
        )
        == "EI"
    )


def test_rule_f_finds_a_change_without_an_event() -> None:
    assert letters(events=(EVENTS[0], EVENTS[2]), calls=CALLS[:2] + CALLS[4:]) == "AF"


def test_rule_f_finds_columns_that_contradict_each_other() -> None:
    assert letters(alerts=with_alert(is_keyed=True)) == "F"


def test_rule_f_finds_events_without_an_alert() -> None:
    assert letters(events=(*EVENTS, SECOND_CREATED), calls=(*CALLS, *SECOND_CALLS)) == "F"


def test_rule_g_finds_a_receiver_that_was_not_called() -> None:
    assert letters(calls=CALLS[:-1]) == "G"
    assert losses(dataclasses.replace(GOOD, calls=CALLS[:-1]))["lost_signals"] == 1


def test_rule_g_finds_an_event_that_is_still_owed() -> None:
    owed = dataclasses.replace(EVENTS[2], is_delivered=False)

    assert letters(events=(*EVENTS[:2], owed)) == "G"


def test_rule_g_finds_a_call_with_an_event_that_is_not_stored() -> None:
    assert letters(calls=(*CALLS, *SECOND_CALLS)) == "G"


def test_rule_g_allows_as_many_repeated_calls_as_crashes_explain() -> None:
    twice = (*CALLS, CALLS[-1])

    assert letters(calls=twice) == "G"
    assert letters(calls=twice, repeated_calls_allowed=1) == ""


def test_rule_h_finds_a_later_event_announced_first() -> None:
    assert letters(calls=(*CALLS[2:4], *CALLS[:2], *CALLS[4:])) == "H"


def test_rule_i_finds_one_change_answered_to_two_senders() -> None:
    twin = dataclasses.replace(RESOLVED, client="bob", nonce="n5")

    assert letters(attempts=(*GOOD.attempts, twin)) == "I"


def test_rule_i_finds_one_occurrence_answered_to_two_senders() -> None:
    twin = dataclasses.replace(REPEATED, nonce="n5", occurrences=1)

    assert letters(attempts=(OPENED, twin, REPEATED, ACKNOWLEDGED, RESOLVED)) == "I"


def test_rule_i_finds_an_answer_that_counts_more_than_the_database() -> None:
    boast = dataclasses.replace(REPEATED, occurrences=9)

    assert letters(attempts=(OPENED, boast, ACKNOWLEDGED, RESOLVED)) == "BI"
