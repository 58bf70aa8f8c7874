"""The commands with which the desk is tried out."""

from __future__ import annotations

import itertools
import random
import stat
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from example_app import shop
from example_app.database import alerts
from example_app.database import db
from example_app.models import Service
from example_app.secret import secret_key
from example_app.traffic import make_traffic
from flask_webhook_alerts.testing import AlertSender


def test_setting_up_twice_makes_one_endpoint(new_desk: Flask) -> None:
    runner = new_desk.test_cli_runner()

    first = runner.invoke(args=["demo", "setup"])
    second = runner.invoke(args=["demo", "setup"])

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    with new_desk.app_context():
        integration = db.session.scalars(sa.select(alerts.Integration)).one()
        for result in (first, second):
            assert f"http://127.0.0.1:5000/integration/{integration.id}\n" in result.output
        services = db.session.scalar(sa.select(sa.func.count()).select_from(Service))
        assert services == len(shop.SERVICES)


def test_setting_up_with_days_makes_up_a_past_once(new_desk: Flask) -> None:
    runner = new_desk.test_cli_runner()

    results = [runner.invoke(args=["demo", "setup", "--days", "2"]) for _ in range(2)]

    assert [result.exit_code for result in results] == [0, 0]
    assert "dashboard at http://127.0.0.1:5000/dashboard/" in results[0].output
    with new_desk.app_context():
        ids = list(db.session.scalars(sa.select(alerts.Alert.thirdparty_id)))
        actives = sa.select(sa.func.count()).where(alerts.Alert.active_key.is_not(None))
        assert db.session.scalar(actives) == 6
    assert len(ids) > 20


def test_demo_traffic_says_when_nobody_answers(desk: Flask) -> None:
    runner = desk.test_cli_runner()

    result = runner.invoke(args=["demo", "traffic", "--at=http://127.0.0.1:9"])

    assert result.exit_code == 1
    assert "Nobody answers at 127.0.0.1:9" in result.output


def test_demo_traffic_needs_an_endpoint(new_desk: Flask) -> None:
    with new_desk.app_context():
        db.create_all()

    result = new_desk.test_cli_runner().invoke(args=["demo", "traffic"])

    assert result.exit_code == 1
    assert "Make one with 'demo setup'" in result.output


def test_demo_traffic_is_lifelike() -> None:
    events = list(itertools.islice(make_traffic(random.Random(3)), 400))

    assert {event["event_type"] for event in events} == {"create", "acknowledge", "resolve"}
    assert any(event.get("Meta", {}).get("incident") for event in events)
    assert len({event["Id"] for event in events}) == len(shop.TROUBLES)
    active = set()
    for event in events:
        assert event["event_type"] == "create" or event["Id"] in active
        active.add(event["Id"])
        if event["event_type"] == "resolve":
            active.remove(event["Id"])


def test_the_traffic_of_a_bad_day_is_taken(desk: Flask, send_alert: AlertSender) -> None:
    events = itertools.islice(make_traffic(random.Random(7)), 60)

    outcomes = [send_alert(event).outcome for event in events]

    assert {"created", "repeated", "acknowledged", "resolved"} == set(outcomes)


def test_every_folder_has_a_secret_of_its_own(tmp_path: Path) -> None:
    first = secret_key(tmp_path / "one")
    again = secret_key(tmp_path / "one")
    other = secret_key(tmp_path / "two")

    assert first == again != other
    mode = stat.S_IMODE((tmp_path / "one" / "secret_key").stat().st_mode)
    assert oct(mode) == "0o600"
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["secret_key"]
