"""An alert's life, on every database: created, repeated, acknowledged, resolved."""

from __future__ import annotations

import typing as t

from tests.conftest import PostEvent
from tests.hosts import Host
from tests.hosts import on_both

pytestmark = on_both


def test_a_create_opens_an_alert(post_event: PostEvent, host: Host) -> None:
    response = post_event(key="example-id-123")

    (alert,) = host.stored_alerts()
    assert response.status_code == 200
    assert response.json == {
        "outcome": "created",
        "alert": {
            "id": alert.id,
            "thirdparty_id": "example-id-123",
            "status": "open",
            "occurrences": 1,
        },
    }
    assert (alert.title, alert.description, alert.status) == ("Disk full", "/var", "open")


def test_a_repeated_create_counts_and_changes_nothing_else(
    post_event: PostEvent, host: Host
) -> None:
    post_event(Title="first")
    response = post_event(Title="second")

    (alert,) = host.stored_alerts()
    assert outcome(response) == ("repeated", "open", 2)
    assert (alert.title, alert.occurrences) == ("first", 2)
    assert alert.last_received_at > alert.created_at
    assert [event.kind for event in host.stored_events()] == ["created"]


def test_an_alert_is_acknowledged_and_resolved(post_event: PostEvent, host: Host) -> None:
    post_event()

    assert outcome(post_event("acknowledge")) == ("acknowledged", "acknowledged", 1)
    assert outcome(post_event("resolve")) == ("resolved", "resolved", 1)
    (alert,) = host.stored_alerts()
    assert alert.created_at <= alert.acknowledged_at <= alert.resolved_at
    assert [event.kind for event in host.stored_events()] == ["created", "acknowledged", "resolved"]


def test_an_open_alert_can_be_resolved_at_once(post_event: PostEvent) -> None:
    post_event()

    assert outcome(post_event("resolve")) == ("resolved", "resolved", 1)


def test_a_second_acknowledge_changes_nothing(post_event: PostEvent, host: Host) -> None:
    post_event()
    post_event("acknowledge")

    assert outcome(post_event("acknowledge")) == ("unchanged", "acknowledged", 1)
    assert len(host.stored_events()) == 2


def test_a_create_after_acknowledge_is_a_repeat(post_event: PostEvent) -> None:
    post_event()
    post_event("acknowledge")

    assert outcome(post_event()) == ("repeated", "acknowledged", 2)


def test_without_an_active_alert_the_rest_is_ignored(post_event: PostEvent, host: Host) -> None:
    ignored = {
        "outcome": "ignored",
        "alert": None,
        "reason": "No open or acknowledged alert has this Id.",
    }

    assert post_event("acknowledge").json == ignored
    assert post_event("resolve").json == ignored
    assert host.stored_alerts() == []


def test_a_create_after_resolve_opens_a_new_alert(post_event: PostEvent, host: Host) -> None:
    post_event()
    post_event("resolve")

    assert outcome(post_event()) == ("created", "open", 1)
    assert [alert.status for alert in host.stored_alerts()] == ["resolved", "open"]


def outcome(response: t.Any) -> tuple[str, str, int]:
    """Return what an answer says of the event and its alert."""
    alert = response.json["alert"]
    return response.json["outcome"], alert["status"], alert["occurrences"]
