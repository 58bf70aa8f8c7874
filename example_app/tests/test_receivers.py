"""Whoever looks after what is broken is paged, once, and hears how it goes on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from example_app import demo
from example_app import receivers
from example_app import shop
from example_app.database import alerts
from example_app.database import db
from flask_webhook_alerts.testing import AlertFactory
from flask_webhook_alerts.testing import AlertRecorder
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import IntegrationFactory
from flask_webhook_alerts.testing import Plain

from .desks import open_desk
from .desks import stored

LAMP = Plain(key="lamp", title="It flickers")


def test_a_new_alert_is_linked_to_its_service_and_the_owner_is_paged(
    desk: Flask, send_alert: AlertSender
) -> None:
    send_alert(LAMP.create(Meta={"service": "checkout"}))

    with stored(desk) as ([alert], [page]):
        assert alert.service is not None
        assert alert.service.name == "checkout"
        assert (page.owner, page.kind, page.text) == ("Bastian", "created", "It flickers")


@pytest.mark.parametrize("meta", [{}, {"service": "moon"}, {"service": ["checkout"]}, None])
def test_an_alert_about_no_service_of_ours_pages_the_desk(
    desk: Flask, send_alert: AlertSender, meta: object
) -> None:
    send_alert(Meta=meta)

    with stored(desk) as ([alert], [page]):
        assert alert.service is None
        assert page.owner == shop.DESK


def test_owners_hear_that_their_alert_is_taken_and_over(
    desk: Flask, send_alert: AlertSender
) -> None:
    send_alert(LAMP.create(Meta={"service": "search"}))
    send_alert(LAMP.acknowledge())
    send_alert(LAMP.resolve())

    with stored(desk) as (_, messages):
        assert [(message.owner, message.kind) for message in messages] == [
            ("Amara", "created"),
            ("Amara", "acknowledged"),
            ("Amara", "resolved"),
        ]
        assert messages[-1].text == "It flickers (resolved by the sender)"


def test_messages_follow_the_signals(
    desk: Flask, make_alert: AlertFactory, captured_alerts: AlertRecorder
) -> None:
    make_alert(status="resolved", occurrences=3, acknowledged_at=dt.datetime.now(dt.UTC), by="Edda")

    captured_alerts.expect("created", "repeated", "repeated", "acknowledged", "resolved")
    with stored(desk) as (_, messages):
        assert [message.kind for message in messages] == ["created", "acknowledged", "resolved"]
        assert messages[-1].text == "Alert 1 (resolved by Edda)"


@pytest.mark.parametrize("receiver", [receivers.page_owner, receivers.tell_owner])
def test_a_signal_that_comes_twice_pages_once(
    desk: Flask, send_alert: AlertSender, receiver: Callable[..., None]
) -> None:
    send_alert(Meta={"service": "checkout"})
    with stored(desk) as ([alert], _):
        event = db.session.scalars(sa.select(alerts.AlertEvent)).one()
        receiver(desk, alert=alert, integration=None, event=event)

    with stored(desk) as ([alert], pages):
        assert len(pages) == 1
        assert alert.service is not None


def test_hostile_text_makes_one_line_of_log(
    desk: Flask, send_alert: AlertSender, caplog: pytest.LogCaptureFixture
) -> None:
    send_alert(Title="over\nERROR it burns\x1b[31m")

    [line] = [record for record in caplog.records if record.name == desk.name]
    assert line.getMessage() == r"To 'On-call desk': 'over\nERROR it burns\x1b[31m'"


def test_alerts_of_other_apps_are_not_ours(
    desk: Flask, captured_alerts: AlertRecorder, tmp_path: Path
) -> None:
    with open_desk(f"sqlite:///{tmp_path / 'other.db'}") as other:
        with other.app_context():
            db.create_all()
            demo.add_services()
        AlertSender(other, IntegrationFactory(other)())(Title="Theirs")

        with stored(other) as (their_alerts, their_messages), stored(desk) as (ours, messages):
            assert (len(their_alerts), len(their_messages)) == (1, 1)
            assert (ours, messages) == ([], [])
    captured_alerts.expect()


def test_purged_alerts_take_their_pages_along(desk: Flask, make_alert: AlertFactory) -> None:
    now = dt.datetime.now(dt.UTC)
    make_alert(status="resolved", created_at=now - dt.timedelta(days=91))
    make_alert(status="resolved", created_at=now - dt.timedelta(days=89), title="Kept")
    command = ["webhook-alerts", "purge", "--resolved-before", "90d", "--yes"]

    result = desk.test_cli_runner().invoke(args=command)

    assert result.exit_code == 0, result.output
    with stored(desk) as ([alert], messages):
        assert alert.title == "Kept"
        assert {message.alert_id for message in messages} == {alert.id}
