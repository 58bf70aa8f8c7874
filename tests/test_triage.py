"""What people do with alerts: reopen them, write notes, change several at once."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest

from flask_webhook_alerts import alert_reopened
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import EventKind
from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import NotFound
from flask_webhook_alerts import Outcome
from flask_webhook_alerts.state import get_state
from tests.conftest import PostEvent
from tests.hosts import Host


@pytest.fixture
def alert_id(post_event: PostEvent) -> int:
    """The id of an open alert."""
    return int(post_event().get_json()["alert"]["id"])


@pytest.fixture
def resolved_id(post_event: PostEvent, alert_id: int) -> int:
    post_event("resolve")
    return alert_id


def timeline(host: Host) -> list[tuple[str, str | None]]:
    return [(event.kind, event.by) for event in host.stored_events()]


# --- Reopen -------------------------------------------------------------------------------------


def test_a_resolved_alert_is_open_again(host: Host, resolved_id: int) -> None:
    with host.app.app_context():
        receipt = host.alerts.reopen(resolved_id, by="Amara")

    (alert,) = host.stored_alerts()
    assert (receipt.outcome, receipt.status) == (Outcome.REOPENED, "open")
    assert (alert.status, alert.resolved_at) == ("open", None)
    assert timeline(host) == [("created", None), ("resolved", None), ("reopened", "Amara")]


def test_an_alert_that_somebody_had_acknowledged_is_acknowledged_again(
    host: Host, post_event: PostEvent, alert_id: int
) -> None:
    post_event("acknowledge")
    post_event("resolve")

    with host.app.app_context():
        assert host.alerts.reopen(alert_id).status == "acknowledged"


def test_a_reopened_alert_takes_its_senders_events(
    host: Host, post_event: PostEvent, resolved_id: int
) -> None:
    with host.app.app_context():
        host.alerts.reopen(resolved_id)

    assert post_event("create").get_json()["outcome"] == "repeated"
    assert post_event("resolve").get_json()["outcome"] == "resolved"


def test_an_active_alert_is_not_reopened(host: Host, alert_id: int) -> None:
    with host.app.app_context():
        receipt = host.alerts.reopen(alert_id)

    assert receipt.outcome is Outcome.UNCHANGED
    assert timeline(host) == [("created", None)]


def test_an_alert_is_not_reopened_beside_a_newer_one_of_its_id(
    host: Host, post_event: PostEvent, resolved_id: int
) -> None:
    post_event("create")

    with host.app.app_context():
        receipt = host.alerts.reopen(resolved_id)

    assert receipt.outcome is Outcome.IGNORED
    assert receipt.reason == "A newer alert with this Id is active."
    assert [alert.status for alert in host.stored_alerts()] == ["resolved", "open"]


def test_reopening_is_announced_after_the_resolution(
    host: Host, post_event: PostEvent, alert_id: int, connect: Callable[..., None]
) -> None:
    heard: list[str] = []

    def listen(_app: object, *, event: t.Any, **_extra: object) -> None:
        heard.append(event.kind)

    connect(alert_resolved, listen)
    connect(alert_reopened, listen)
    post_event("resolve")

    with host.app.app_context():
        host.alerts.reopen(alert_id)

    assert heard == ["resolved", "reopened"]


# --- Notes --------------------------------------------------------------------------------------


def test_a_note_stands_in_the_timeline_and_is_owed_to_nobody(host: Host, alert_id: int) -> None:
    with host.app.app_context():
        receipt = host.alerts.add_note(alert_id, " Called the carrier. ", by="Dario")

    _created, note = host.stored_events()
    assert (receipt.outcome, receipt.status) == (Outcome.NOTED, "open")
    assert (note.kind, note.by, note.notes) == ("noted", "Dario", ["Called the carrier."])
    assert note.delivered_at is not None
    with host.app.app_context():
        assert host.alerts.deliver_pending() == 0


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "x" * 10_001])
def test_a_note_has_something_to_read(host: Host, alert_id: int, text: str) -> None:
    with host.app.app_context(), pytest.raises(InvalidOption, match="1 to 10,000 characters"):
        host.alerts.add_note(alert_id, text)


@pytest.mark.parametrize("text", [None, 5, b"hello", ["hello"]])
def test_a_note_is_text(host: Host, alert_id: int, text: t.Any) -> None:
    with host.app.app_context(), pytest.raises(InvalidOption, match="A note is text, not "):
        host.alerts.add_note(alert_id, text)


@pytest.mark.parametrize("by", [5, b"Edda", ["Edda"]])
def test_a_name_is_text(host: Host, alert_id: int, by: t.Any) -> None:
    with host.app.app_context(), pytest.raises(InvalidOption, match="by is text, not "):
        host.alerts.resolve(alert_id, by=by)


def test_a_note_keeps_every_character_that_databases_take(host: Host, alert_id: int) -> None:
    with host.app.app_context():
        host.alerts.add_note(alert_id, "a\x00b \N{GRINNING FACE}")

    assert host.stored_events()[-1].notes == ["a\ufffdb \N{GRINNING FACE}"]


def test_there_is_no_note_on_nothing(host: Host) -> None:
    with host.app.app_context(), pytest.raises(NotFound, match="There is no alert 99"):
        host.alerts.add_note(99, "hello")


def test_names_have_an_end(host: Host, alert_id: int) -> None:
    with host.app.app_context(), pytest.raises(InvalidOption, match="at most 255"):
        host.alerts.add_note(alert_id, "hello", by="x" * 256)


# --- Several at once ----------------------------------------------------------------------------


def test_each_of_several_alerts_has_its_own_outcome(
    host: Host, post_event: PostEvent, resolved_id: int
) -> None:
    open_id = int(post_event(key="other").get_json()["alert"]["id"])

    with host.app.app_context():
        receipts = get_state().triage.change_all(
            [resolved_id, open_id, 99], EventKind.RESOLVED, by="Edda"
        )

    outcomes = {number: receipt and receipt.outcome for number, receipt in receipts.items()}
    assert outcomes == {resolved_id: Outcome.IGNORED, open_id: Outcome.RESOLVED, 99: None}
