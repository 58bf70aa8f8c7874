"""Break the connection after the commit: the repeated write must find what it has done."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import clock
from flask_webhook_alerts.state import KEY
from flask_webhook_alerts.state import State
from tests.conftest import PostEvent
from tests.hosts import Host


@pytest.fixture
def lose_answers(host: Host, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Make the answer of each commit of a change get lost, or leave the commit out too."""
    state: State = host.app.extensions[KEY]
    change = state.database.change

    def lose(is_committed: bool) -> None:
        def broken(work: t.Any, recover: t.Any = None) -> t.Any:
            if is_committed:
                change(work)
            return state.database.run(recover) or change(work)

        monkeypatch.setattr(state.database, "change", broken)

    return lose


def test_a_create_whose_answer_was_lost_is_not_counted_twice(
    host: Host, post_event: PostEvent, lose_answers: Callable[[bool], None]
) -> None:
    lose_answers(True)

    response = post_event()

    assert response.get_json()["outcome"] == "created"
    assert [alert.occurrences for alert in host.stored_alerts()] == [1]
    assert [event.kind for event in host.stored_events()] == ["created"]


def test_a_repeat_whose_answer_was_lost_is_not_counted_twice(
    host: Host, post_event: PostEvent, lose_answers: Callable[[bool], None]
) -> None:
    post_event()
    lose_answers(True)

    response = post_event()

    assert response.get_json()["outcome"] == "repeated"
    assert [alert.occurrences for alert in host.stored_alerts()] == [2]


def test_a_create_that_was_not_committed_is_made(
    host: Host, post_event: PostEvent, lose_answers: Callable[[bool], None]
) -> None:
    lose_answers(False)

    assert post_event().get_json()["outcome"] == "created"
    assert [alert.occurrences for alert in host.stored_alerts()] == [1]


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_transition_whose_answer_was_lost_is_told_as_it_is(
    host: Host, post_event: PostEvent, lose_answers: Callable[[bool], None], is_committed: bool
) -> None:
    post_event()
    lose_answers(is_committed)

    outcomes = [
        post_event(event_type=event_type).get_json()["outcome"]
        for event_type in ("acknowledge", "resolve", "resolve")
    ]

    assert outcomes == ["acknowledged", "resolved", "ignored"]
    kinds = ["created", "acknowledged", "resolved"]
    assert [event.kind for event in host.stored_events()] == kinds


def test_a_reopening_whose_answer_was_lost_is_told_as_it_is(
    host: Host, post_event: PostEvent, lose_answers: Callable[[bool], None]
) -> None:
    alert_id = post_event().get_json()["alert"]["id"]
    post_event(event_type="resolve")
    lose_answers(True)

    with host.app.app_context():
        assert host.alerts.reopen(alert_id).outcome == "reopened"
    assert [event.kind for event in host.stored_events()] == ["created", "resolved", "reopened"]


def test_what_another_alert_lived_through_at_that_moment_is_not_taken_for_it(
    host: Host,
    post_event: PostEvent,
    lose_answers: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    for key in ("one", "two"):
        post_event(key=key)
    post_event("resolve", key="one")
    lose_answers(False)

    answer = post_event("resolve", key="two").get_json()

    assert (answer["outcome"], answer["alert"]["thirdparty_id"]) == ("resolved", "two")
    assert [alert.status for alert in host.stored_alerts()] == ["resolved", "resolved"]


def test_the_signal_of_a_create_whose_answer_was_lost_is_sent_at_once(
    host: Host,
    post_event: PostEvent,
    lose_answers: Callable[[bool], None],
    connect: Callable[..., None],
) -> None:
    told: list[int] = []

    def listen(_app: object, *, event: t.Any, **_extra: object) -> None:
        told.append(event.id)

    connect(alert_created, listen)
    lose_answers(True)

    post_event()

    (event,) = host.stored_events()
    assert told == [event.id]
    assert event.delivered_at is not None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_another_deliverer_has_claimed_meanwhile_is_his(
    host: Host,
    post_event: PostEvent,
    monkeypatch: pytest.MonkeyPatch,
    connect: Callable[..., None],
) -> None:
    told: list[str] = []

    def listen(_app: object, *, event: t.Any, **_extra: object) -> None:
        told.append(event.kind)

    database = host.app.extensions[KEY].database
    change = database.change

    def lose_to_another(work: t.Any, recover: t.Any = None) -> t.Any:
        change(work)
        outbox, now = database.store.outbox, clock.now()
        (due,) = database.run(lambda connection: outbox.due(connection, now))
        assert database.run(lambda connection: outbox.claim(connection, due, now))
        return database.run(recover)

    post_event()
    connect(alert_acknowledged, listen)
    monkeypatch.setattr(database, "change", lose_to_another)

    assert post_event("acknowledge").get_json()["outcome"] == "acknowledged"
    assert told == []
