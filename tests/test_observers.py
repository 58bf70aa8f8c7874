"""Whoever watches an app hears what it did, and can do it no harm."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_repeated
from flask_webhook_alerts import Outcome
from flask_webhook_alerts import request_rejected
from flask_webhook_alerts.observers import Answer
from flask_webhook_alerts.observers import Observers
from flask_webhook_alerts.observers import ReceiverCall
from tests.hosts import Host
from tests.test_delivery import dying_before_signals

EVENT = {"event_type": "create", "Id": "disk-full", "Title": "Disk full", "Description": "/var"}

Connect = Callable[..., None]


class Watcher:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.calls: list[ReceiverCall] = []

    def request_answered(self, answer: Answer) -> None:
        self.answers.append(answer)

    def receiver_called(self, call: ReceiverCall) -> None:
        self.calls.append(call)


class Clumsy:
    """Fails at everything."""

    def request_answered(self, answer: Answer) -> None:
        raise RuntimeError(f"I do not understand {answer}.")

    def receiver_called(self, call: ReceiverCall) -> None:
        raise RuntimeError(f"I do not understand {call}.")


def observers_of(host: Host) -> Observers:
    observers: Observers = host.app.extensions["webhook_alerts"].observers
    return observers


@pytest.fixture
def watcher(sqlite_host: Host) -> Watcher:
    watcher = Watcher()
    observers_of(sqlite_host).add(watcher)
    return watcher


def timeless(news: t.Any) -> t.Any:
    """Return what was heard without its time, which was measured."""
    assert 0 < news.seconds < 60
    return dataclasses.replace(news, seconds=0)


def heard(**facts: t.Any) -> Answer:
    return Answer(**{"integration_id": None, **facts, "seconds": 0})


def test_every_answer_is_heard_with_its_outcome(sqlite_host: Host, watcher: Watcher) -> None:
    integration_id = sqlite_host.create_integration()
    for kind in ("create", "create", "acknowledge", "acknowledge", "resolve", "resolve"):
        sqlite_host.post(integration_id, {**EVENT, "event_type": kind})

    assert list(map(timeless, watcher.answers)) == [
        heard(integration_id=integration_id, outcome=Outcome(word))
        for word in ("created", "repeated", "acknowledged", "unchanged", "resolved", "ignored")
    ]


def test_every_refusal_is_heard_with_its_status_and_name(
    sqlite_host: Host, watcher: Watcher
) -> None:
    integration_id = sqlite_host.create_integration(token="s3cret-t0ken")
    sqlite_host.post(integration_id, EVENT)
    sqlite_host.post(integration_id, {}, headers={"pagertree-token": "s3cret-t0ken"})
    sqlite_host.post("int_00000000000000", EVENT)
    sqlite_host.client.get(f"/integration/{integration_id}")

    assert list(map(timeless, watcher.answers)) == [
        heard(integration_id=integration_id, status=403, code="token_missing"),
        heard(integration_id=integration_id, status=422, code="invalid_fields"),
        heard(status=404, code="integration_unknown"),
        heard(status=405, code="method_not_allowed"),
    ]


def test_a_question_for_the_methods_is_no_request(sqlite_host: Host, watcher: Watcher) -> None:
    sqlite_host.client.options(f"/integration/{sqlite_host.create_integration()}")

    assert watcher.answers == []


def test_a_database_that_is_away_is_heard_of_without_an_integration(
    sqlite_host: Host, watcher: Watcher
) -> None:
    integration_id = sqlite_host.create_integration()
    with sqlite_host.app.app_context():
        sqlite_host.db.drop_all()

    assert sqlite_host.post(integration_id, EVENT).status_code == 503
    assert list(map(timeless, watcher.answers)) == [heard(status=503, code="unavailable")]


def page(_app: Flask, **_facts: t.Any) -> None: ...


def fail(_app: Flask, **_facts: t.Any) -> None:
    raise RuntimeError("The pager is out of order.")


def test_every_receiver_is_heard_of(sqlite_host: Host, watcher: Watcher, connect: Connect) -> None:
    integration_id = sqlite_host.create_integration()
    for signal in (alert_created, alert_repeated, request_rejected):
        connect(signal, page)
    connect(alert_created, fail)

    for event in (EVENT, EVENT, {}):
        sqlite_host.post(integration_id, event)

    calls = [(call.receiver, call.has_failed) for call in map(timeless, watcher.calls)]
    name = f"{__name__}:page"
    assert calls == [(f"{__name__}:fail", True), (name, False), (name, False), (name, False)]
    assert all(
        answer.seconds >= call.seconds
        for answer, call in zip(watcher.answers[1:], watcher.calls[2:], strict=True)
    )


def test_a_deliverers_receivers_are_heard_of_too(
    sqlite_host: Host, watcher: Watcher, connect: Connect
) -> None:
    integration_id = sqlite_host.create_integration()
    connect(alert_created, page)
    with dying_before_signals():
        sqlite_host.post(integration_id, EVENT)

    with sqlite_host.app.app_context():
        event = sqlite_host.db.session.scalars(
            sqlite_host.db.select(sqlite_host.alerts.AlertEvent)
        ).one()
        event.next_attempt_at = event.at
        sqlite_host.db.session.commit()
        assert sqlite_host.alerts.deliver_pending() == 1

    assert [call.receiver for call in watcher.calls] == [f"{__name__}:page"]


def test_an_observer_that_fails_harms_neither_the_answer_nor_the_others(
    sqlite_host: Host, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = Watcher()
    for observer in (Clumsy(), watcher):
        observers_of(sqlite_host).add(observer)
    connect(alert_created, page)

    response = sqlite_host.post(sqlite_host.create_integration(), EVENT)

    assert response.status_code == 200
    assert (len(watcher.answers), len(watcher.calls)) == (1, 1)
    assert caplog.messages.count("An observer failed") == 2
    assert sqlite_host.stored_events()[0].delivered_at is not None


def test_with_nobody_there_nothing_is_measured(
    sqlite_host: Host, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(Observers, "request_answered", lambda *_: made.append("answer"))
    monkeypatch.setattr(Observers, "receiver_called", lambda *_: made.append("call"))
    connect(alert_created, page)

    sqlite_host.post(sqlite_host.create_integration(), EVENT)

    assert not observers_of(sqlite_host)
    assert made == []
