"""The dashboard of the desk: who may see it, and the past that it has to show."""

from __future__ import annotations

import datetime as dt
import random
import re
import typing as t

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import clock
from example_app import history
from example_app import people
from example_app.database import alerts
from example_app.database import db
from flask_webhook_alerts.testing import AlertSender

from .desks import stored


def enter(browser: FlaskClient, name: str) -> TestResponse:
    """Press the button with a name on it."""
    return press(browser, "/enter", "/enter", name=name)


def press(browser: FlaskClient, page: str, target: str, **data: str) -> TestResponse:
    """Send a form of a page of the desk."""
    (token, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(page).text)
    return browser.post(target, data={"csrf_token": token, **data})


def test_a_stranger_is_sent_to_say_who_he_is(browser: FlaskClient) -> None:
    response = browser.get("/dashboard/")

    assert (response.status_code, response.location) == (302, "/enter")
    page = browser.get("/enter").text
    assert all(f">{name}</button>" in page for name in people.NAMES)
    assert "You are here as" not in page


def test_a_name_opens_the_dashboard_and_is_kept_on_what_is_done(
    desk: Flask, browser: FlaskClient, send_alert: AlertSender
) -> None:
    send_alert()

    response = enter(browser, "Chiyo")
    page = browser.get(response.location).text
    (token, *_) = re.findall(r'name="_csrf" value="([^"]+)"', page)
    browser.post("/dashboard/act", data={"_csrf": token, "acknowledge": "1"})

    assert response.location == "/dashboard/"
    assert "Disk full" in page
    assert "Acknowledged</b> by <bdi>Chiyo" in browser.get("/dashboard/1").text
    with stored(desk) as (rows, _):
        assert rows[0].status == "acknowledged"


def test_a_name_that_nobody_has_opens_nothing(browser: FlaskClient) -> None:
    response = enter(browser, "Mallory")

    assert browser.get(response.location).location == "/enter"


def test_a_name_without_the_form_is_refused(browser: FlaskClient) -> None:
    assert browser.post("/enter", data={"name": "Chiyo"}).status_code == 400


def test_who_leaves_is_a_stranger_again(browser: FlaskClient) -> None:
    enter(browser, "Edda")
    assert "You are here as Edda." in browser.get("/enter").text

    press(browser, "/enter", "/leave")

    assert browser.get("/dashboard/").location == "/enter"


def test_the_desk_leads_to_the_dashboard(browser: FlaskClient) -> None:
    assert '<a href="/dashboard/">Dashboard</a>' in browser.get("/").text


@pytest.fixture
def past(desk: Flask) -> Flask:
    """A desk with three days behind it."""
    with desk.app_context():
        history.make_up(3, random.Random(7))
    return desk


def test_a_past_is_made_up_once(past: Flask) -> None:
    with stored(past) as (rows, _):
        count = len(rows)
        again = history.make_up(3, random.Random(7))

    assert 30 < count < 300
    assert again == 0


def test_no_days_make_no_past(desk: Flask) -> None:
    with desk.app_context():
        assert history.make_up(0, random.Random(7)) == 0


def test_a_past_ends_with_what_is_open_now(past: Flask) -> None:
    with stored(past) as (rows, _):
        states = [row.status for row in rows]

    assert states.count("open") == 4
    assert states.count("acknowledged") == 2
    assert set(states[:-6]) == {"resolved"}


def test_a_past_is_like_one_that_happened(past: Flask) -> None:
    with past.app_context():
        for row in db.session.query(alerts.Alert):
            times = (row.created_at, row.acknowledged_at, row.resolved_at)
            moments = [clock.as_utc(moment) for moment in times if moment is not None]
            assert moments == sorted(moments)
            assert moments[-1] <= clock.now()
            kinds = [event.kind for event in events_of(row.id)]
            assert kinds == ["created", "acknowledged", "resolved"][: len(moments)]
        assert alerts.deliver_pending() == 0


def test_no_trouble_of_the_past_begins_while_it_goes_on(past: Flask) -> None:
    ends: dict[str, dt.datetime] = {}
    with stored(past) as (rows, _):
        for row in rows[:-6]:
            begun = clock.as_utc(row.created_at)
            assert row.resolved_at is not None
            assert ends.get(row.thirdparty_id, begun) <= begun
            ends[row.thirdparty_id] = clock.as_utc(row.resolved_at)


def test_the_dashboard_has_something_to_show(past: Flask) -> None:
    browser = past.test_client()
    enter(browser, "Amara")

    page = browser.get("/dashboard/").text
    stats = browser.get("/dashboard/stats?days=7").text
    names = browser.get("/dashboard/integrations").text

    assert page.count('<tr id="a') == 4
    assert re.search(r">\d+ alerts in 24 hours<", page)
    assert "median" in stats
    assert "Uptime Kuma" in names
    assert "Sensors of the house" in names


def events_of(alert_id: int) -> t.Iterable[t.Any]:
    """Return the timeline of an alert."""
    event = alerts.AlertEvent
    return db.session.scalars(sa.select(event).where(event.alert_id == alert_id).order_by(event.id))
