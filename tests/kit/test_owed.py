"""What is owed is sent at once, in every delivery mode, and what failed is told."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts.delivery import Delivery
from flask_webhook_alerts.testing import AlertRecorder
from flask_webhook_alerts.testing import Deliverer
from flask_webhook_alerts.testing import HeldClock
from flask_webhook_alerts.testing import Plain
from tests.databases import KINDS
from tests.hosts import Host
from tests.hosts import running_host
from tests.kit.conftest import factory_of
from tests.kit.conftest import sender_to

Connect: t.TypeAlias = Callable[..., None]


@pytest.fixture(params=("memory", *KINDS))
def manual_host(
    request: pytest.FixtureRequest, _server_databases: Callable[[str], str], sqlite_url: str
) -> Iterator[Host]:
    """A host that delivers nothing by itself, on every database."""
    urls = {"memory": "sqlite://", "sqlite": sqlite_url}
    url = urls.get(request.param) or _server_databases(request.param)
    with running_host(url, config={"WEBHOOK_ALERTS_DELIVERY": "manual"}) as host:
        yield host


def test_all_that_is_owed_is_delivered_in_order(manual_host: Host) -> None:
    sender = sender_to(manual_host)
    with AlertRecorder(manual_host.app) as heard:
        sender()
        sender(Plain().acknowledge())
        sender(Plain().resolve())
        assert heard.kinds == []

        report = Deliverer(manual_host.app)()

    heard.expect("created", "acknowledged", "resolved")
    assert [event.kind for event in report.delivered] == heard.kinds
    assert (report.failed, report.waiting, report.errors) == ([], [], ())
    assert str(report).splitlines() == [
        "delivered <AlertEvent 1 created alert=1>",
        "delivered <AlertEvent 2 acknowledged alert=1>",
        "delivered <AlertEvent 3 resolved alert=1>",
    ]


def test_where_nothing_is_owed_nothing_is_done(mode_host: Host) -> None:
    deliver_owed = Deliverer(mode_host.app)
    with AlertRecorder(mode_host.app):
        sender_to(mode_host)()
        deliver_owed()

        report = deliver_owed()

    assert str(report) == "nothing was owed"
    assert repr(deliver_owed) == "<Deliverer of 'host'>"


def test_a_failed_event_is_tried_again_without_its_pause(
    mode_host: Host, failing: list[int], connect: Connect
) -> None:
    sender_to(mode_host)()
    deliver_owed = Deliverer(mode_host.app)
    before = len(failing)

    first, second = deliver_owed(), deliver_owed()

    assert len(failing) == before + 2
    for report in (first, second):
        (event,) = report.failed
        assert event.last_error.endswith("ConnectionError: no line")
        assert [type(error) for error in report.errors] == [ConnectionError]
        assert report.delivered == []
    assert str(second).startswith("failed <AlertEvent 1 created alert=1>: ")
    assert second.failed[0].attempts == first.failed[0].attempts + 1


def test_a_receiver_that_is_mended_is_called_again(mode_host: Host, connect: Connect) -> None:
    errors, calls = [ConnectionError("no line")], list[str]()

    def page(app: object, *, event: t.Any, **_extra: object) -> None:
        calls.append(event.kind)
        if errors:
            raise errors.pop()

    connect(alert_created, page)
    sender_to(mode_host)()
    deliver_owed = Deliverer(mode_host.app)

    reports = [deliver_owed(), deliver_owed()]

    assert calls == ["created", "created"]
    assert sum(len(report.delivered) for report in reports) == 1


def test_later_events_wait_for_one_that_fails(
    manual_host: Host, failing: list[int], connect: Connect
) -> None:
    sender = sender_to(manual_host)
    sender()
    sender(Plain().resolve())
    sender(Plain(key="b").create())

    report = Deliverer(manual_host.app)()

    assert [(event.kind, event.alert_id) for event in report.failed] == [
        ("created", 1),
        ("created", 2),
    ]
    assert [(event.kind, event.alert_id) for event in report.waiting] == [("resolved", 1)]
    assert str(report).endswith("waiting <AlertEvent 2 resolved alert=1>")


def test_what_a_process_died_with_is_delivered(
    sqlite_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = sender_to(sqlite_host)
    with AlertRecorder(sqlite_host.app) as heard:
        with monkeypatch.context() as patch:
            patch.setattr(Delivery, "announce", lambda *_: None)
            sender()
        assert heard.kinds == []

        report = Deliverer(sqlite_host.app)()

    assert (len(report.delivered), heard.lines) == (1, ["created disk-full"])


def test_what_receivers_bring_about_is_delivered_too(manual_host: Host, connect: Connect) -> None:
    def acknowledge(app: object, *, alert: t.Any, **_extra: object) -> None:
        manual_host.alerts.acknowledge(alert, by="robot")

    connect(alert_created, acknowledge)
    with AlertRecorder(manual_host.app) as heard:
        sender_to(manual_host)()
        report = Deliverer(manual_host.app)()

    heard.expect("created", "acknowledged")
    assert [event.by for event in report.delivered] == [None, "robot"]


def test_dead_events_are_tried_if_asked_for(mode_host: Host, failing: list[int]) -> None:
    sender_to(mode_host)()
    deliver_owed = Deliverer(mode_host.app)
    reports = [deliver_owed() for _ in range(11)]

    assert [len(report.failed) for report in reports[-3:]] in ([1, 1, 0], [1, 0, 0])
    (revived,) = deliver_owed(dead=True).failed
    assert revived.attempts == 1
    assert len(failing) == 11


def test_an_event_whose_last_attempt_was_never_marked_is_told_as_failed(
    sqlite_host: Host, failing: list[int]
) -> None:
    sender_to(sqlite_host)()
    with sqlite_host.app.app_context():
        sqlite_host.db.session.query(sqlite_host.alerts.AlertEvent).update({"attempts": 10})
        sqlite_host.db.session.commit()

    (event,) = Deliverer(sqlite_host.app)().failed

    assert (event.attempts, event.next_attempt_at, len(failing)) == (10, None, 1)


def test_delivery_is_stamped_by_a_clock_that_is_held(manual_host: Host) -> None:
    with HeldClock(dt.datetime(2026, 5, 4, tzinfo=dt.UTC)) as held:
        with AlertRecorder(manual_host.app):
            factory_of(manual_host)()
            held.move(days=1)
            (event,) = Deliverer(manual_host.app)().delivered

        assert event.delivered_at == held.now


def test_a_receivers_error_can_be_raised_after_all_else_is_done(
    mode_host: Host, failing: list[int], connect: Connect
) -> None:
    calls: list[str] = []

    def other(app: object, *, event: t.Any, **_extra: object) -> None:
        calls.append(event.kind)

    connect(alert_acknowledged, other)
    sender = sender_to(mode_host)
    sender()
    deliver_owed = Deliverer(mode_host.app)
    with AlertRecorder(mode_host.app) as heard, pytest.raises(ConnectionError) as caught:
        deliver_owed(raise_errors=True)

    assert [entry.name for entry in caught.traceback][-1] == "page"
    assert heard.kinds == ["created"]
    assert calls == []


def test_without_an_error_nothing_is_raised(mode_host: Host) -> None:
    with AlertRecorder(mode_host.app):
        sender_to(mode_host)()
        Deliverer(mode_host.app)(raise_errors=True)


def test_in_a_context_a_test_must_have_committed(any_host: Host) -> None:
    deliver_owed = Deliverer(any_host.app)
    with any_host.app.app_context():
        any_host.session.add(any_host.alerts.Integration(name="not committed"))
        with pytest.raises(RuntimeError, match=r"db\.session\.commit\(\)"):
            deliver_owed()
        any_host.session.commit()

        assert str(deliver_owed()) == "nothing was owed"
