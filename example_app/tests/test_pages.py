"""The home page of the desk, as people on call see it."""

from __future__ import annotations

import datetime as dt
import html
import re
import shlex

import pytest
from flask import Flask
from flask.testing import FlaskClient

from example_app.database import db
from flask_webhook_alerts.testing import AlertFactory
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import IntegrationFactory

from .conftest import Press
from .desks import stored


def test_the_home_page_shows_what_an_alert_is_about(
    browser: FlaskClient, send_alert: AlertSender
) -> None:
    incident = {"incident": True, "incident_severity": "SEV-2", "incident_message": "Room 4"}
    for _ in range(2):
        send_alert(
            Description="Slowly",
            Urgency="high",
            Tags=["glass"],
            Meta={"service": "workshop"} | incident,
        )

    page = browser.get("/").text

    for text in (
        "Disk full",
        "Slowly",
        "glass",
        "workshop",
        "Chiyo",
        "2 times",
        "Incident SEV-2",
    ):
        assert text in page
    assert "(1) On-call desk - Moth &amp; Lantern" in page


def test_the_newest_alert_comes_first(browser: FlaskClient, send_alert: AlertSender) -> None:
    for number in range(3):
        send_alert(Id=str(number), Title=f"Lamp {number}")

    page = browser.get("/").text

    assert re.findall(r"<h3[^>]*>(Lamp \d)", page) == ["Lamp 2", "Lamp 1", "Lamp 0"]


def test_every_alert_says_how_old_it_is(browser: FlaskClient, make_alert: AlertFactory) -> None:
    now = dt.datetime.now(dt.UTC)
    make_alert(created_at=now - dt.timedelta(hours=2, minutes=5))
    make_alert(status="resolved", created_at=now - dt.timedelta(days=3), title="Long ago")

    page = browser.get("/").text

    assert "2 h" in page
    assert "Long ago" in page
    assert "3 d" in page


def test_the_desk_acknowledges_with_a_button(
    desk: Flask, send_alert: AlertSender, press: Press
) -> None:
    send_alert()

    page = press("Acknowledge").text

    assert "Acknowledged: Disk full" in page
    assert ">Acknowledge</button>" not in page
    with stored(desk) as ([alert], messages):
        assert alert.status == "acknowledged"
        assert messages[-1].text == "Disk full (acknowledged by On-call desk)"


def test_the_desk_resolves_with_a_button(
    desk: Flask, send_alert: AlertSender, press: Press
) -> None:
    send_alert()

    page = press("Resolve").text

    assert "Resolved: Disk full" in page
    assert "Nobody is needed." in page
    with stored(desk) as ([alert], _):
        assert alert.status == "resolved"


def test_a_button_that_comes_too_late_says_so(
    desk: Flask, browser: FlaskClient, send_alert: AlertSender
) -> None:
    send_alert()
    token = re.findall(r'name="csrf_token" value="([^"]*)"', browser.get("/").text)[0]
    send_alert(event_type="resolve")

    response = browser.post(
        "/alerts/1/acknowledge", data={"csrf_token": token}, follow_redirects=True
    )

    assert "this one is over already" in response.text


def test_a_button_without_its_token_is_refused(
    desk: Flask, browser: FlaskClient, send_alert: AlertSender
) -> None:
    send_alert()

    response = browser.post("/alerts/1/resolve")

    assert response.status_code == 400
    with stored(desk) as ([alert], _):
        assert alert.status == "open"


@pytest.mark.parametrize("alert_id", [7, 2**63 - 1, 2**63, "x"])
def test_a_button_of_no_alert_leads_nowhere(
    browser: FlaskClient, send_alert: AlertSender, alert_id: object
) -> None:
    send_alert()
    token = re.findall(r'name="csrf_token" value="([^"]*)"', browser.get("/").text)[0]

    response = browser.post(f"/alerts/{alert_id}/resolve", data={"csrf_token": token})

    assert response.status_code == 404


def test_text_from_outside_stays_text(browser: FlaskClient, send_alert: AlertSender) -> None:
    hostile = "<script>alert(1)</script>"
    incident = {"incident": True, "incident_message": hostile}
    send_alert(Title=hostile, Description=hostile, Tags=[hostile], Meta=incident)

    page = browser.get("/").text

    assert "<script" not in page
    # In the title, the description, the tag, the incident's message, and the page sent.
    assert page.count(html.escape(hostile)) == 5


def test_a_title_of_a_novel_is_cut(browser: FlaskClient, send_alert: AlertSender) -> None:
    send_alert(Title="o" * 300_000)

    page = browser.get("/").text

    assert len(page) < 20_000


def test_only_our_own_style_and_images_are_loaded(browser: FlaskClient) -> None:
    policy = browser.get("/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")


def test_the_page_looks_again_by_itself_only_when_asked(browser: FlaskClient) -> None:
    refresh = '<meta http-equiv="refresh" content="15">'

    assert refresh not in browser.get("/").text
    assert refresh in browser.get("/?live=1").text


def test_a_quiet_desk_says_how_to_send_an_alert(
    browser: FlaskClient, send_alert: AlertSender
) -> None:
    command = re.findall(r"<code>(curl .*)</code>", browser.get("/").text)[0]
    words = shlex.split(html.unescape(command))

    response = browser.post(words[1], headers=[words[3].split(": ")], data=words[5])

    assert words[1] == send_alert.url
    assert response.json is not None
    assert response.json["outcome"] == "created"
    assert "storefront" in browser.get("/").text


def test_the_endpoint_is_shown_under_the_name_that_the_visitor_uses(browser: FlaskClient) -> None:
    page = browser.get("/", base_url="https://desk.example").text

    assert "<code>https://desk.example/integration/int_" in page


def test_a_new_desk_says_how_to_set_it_up(new_desk: Flask) -> None:
    with new_desk.app_context():
        db.create_all()

    assert "flask --app example_app demo setup" in new_desk.test_client().get("/").text


def test_an_endpoint_with_a_token_is_not_offered_to_everybody(
    new_desk: Flask,
) -> None:
    with new_desk.app_context():
        db.create_all()
    IntegrationFactory(new_desk)(token="t0ken")

    assert "flask --app example_app demo setup" in new_desk.test_client().get("/").text
