"""The log of refused requests: enough to mend a sender, never enough to fill a disk."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from flask_webhook_alerts import rejections
from flask_webhook_alerts.state import get_state
from tests.hosts import Host

TOKEN = "a-secret-of-the-test"


@pytest.fixture
def refuse(host: Host) -> Callable[..., None]:
    """Post what is refused, and take the answer to its end, as a server does."""

    def post(integration_id: str, payload: t.Any = None, **options: t.Any) -> None:
        with host.post(integration_id, payload or {"event_type": "create"}, **options) as response:
            assert response.status_code >= 400

    return post


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every refusal be written."""
    monkeypatch.setattr(rejections, "SECONDS", 0.0)


def kept(host: Host, integration_id: str | None) -> list[dict[str, t.Any]]:
    with host.app.app_context():
        return get_state().reading.rejections(integration_id)


def test_a_refusal_says_what_is_wrong_and_where_it_came_from(
    host: Host, refuse: Callable[..., None]
) -> None:
    sender = host.create_integration()

    refuse(sender, {"event_type": "create", "Id": "k", "Title": "t"})

    (record,) = kept(host, sender)
    assert record["status"] == 422
    assert record["reason"].startswith("These fields do not fit: Description. Description: ")
    assert record["source"] == "127.0.0.1"


def test_a_refusal_keeps_neither_token_nor_body(host: Host, refuse: Callable[..., None]) -> None:
    sender = host.create_integration(token=TOKEN)

    refuse(sender, {"Title": "the body"}, headers={"pagertree-token": "wrong-" + TOKEN})

    (record,) = kept(host, sender)
    assert record["reason"] == "The token is wrong."


@pytest.mark.usefixtures("unhurried")
def test_ids_that_nobody_has_are_kept_apart(host: Host, refuse: Callable[..., None]) -> None:
    sender = host.create_integration()

    refuse("int_AAAAAAAAAAAAAA")
    refuse("not an id")

    assert [record["status"] for record in kept(host, None)] == [404, 404]
    assert kept(host, sender) == []


def test_at_most_one_a_second_is_written(host: Host, refuse: Callable[..., None]) -> None:
    sender, other = host.create_integration(), host.create_integration()

    for _ in range(5):
        refuse(sender)
    refuse(other)

    assert len(kept(host, sender)) == 1
    assert len(kept(host, other)) == 1


@pytest.mark.usefixtures("unhurried")
def test_the_last_fifty_of_an_integration_are_kept(host: Host, refuse: Callable[..., None]) -> None:
    sender, other = host.create_integration(), host.create_integration()
    refuse(other)

    for _ in range(53):
        refuse(sender)

    ids = [record["id"] for record in kept(host, sender)]
    assert len(ids) == 50
    assert ids == sorted(ids, reverse=True)
    assert len(kept(host, other)) == 1
    with host.app.app_context():
        count = sa.select(sa.func.count()).select_from(host.alerts.Rejection)
        assert host.db.session.scalar(count) == 51


def test_refusals_go_with_their_integration(host: Host, refuse: Callable[..., None]) -> None:
    sender = host.create_integration()
    refuse(sender)

    with host.app.app_context():
        get_state().integrations.delete(sender)

    assert kept(host, sender) == []


def test_a_host_that_has_not_migrated_loses_only_the_log(
    sqlite_host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    sender = sqlite_host.create_integration()
    with sqlite_host.app.app_context():
        sqlite_host.alerts.Rejection.__table__.drop(sqlite_host.db.engine)

    with sqlite_host.post(sender, {}) as response:
        assert response.status_code == 422

    assert "A refusal was not kept" in caplog.messages
    with sqlite_host.app.app_context():
        sqlite_host.alerts.Rejection.__table__.create(sqlite_host.db.engine)


def test_an_event_that_the_database_does_not_take_is_no_refusal(sqlite_host: Host) -> None:
    sender = sqlite_host.create_integration()
    with sqlite_host.app.app_context():
        sqlite_host.alerts.AlertEvent.__table__.drop(sqlite_host.db.engine)
    event = {"event_type": "create", "Id": "k", "Title": "t", "Description": "d"}

    with sqlite_host.post(sender, event) as response:
        assert response.status_code == 503

    assert (kept(sqlite_host, sender), kept(sqlite_host, None)) == ([], [])


def test_the_memory_of_the_log_has_an_end(sqlite_host: Host) -> None:
    with sqlite_host.app.app_context():
        log = get_state().rejections

    assert all(log.wants(f"int_{number:014}") for number in range(1_001))

    assert not log.wants("int_00000000001000")
    assert log.wants("int_00000000000000")
