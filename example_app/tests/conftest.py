"""Give the tests a desk, and the fixtures of Flask-Webhook-Alerts this desk to work with."""

from __future__ import annotations

import html
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app import demo
from example_app.database import alerts
from example_app.database import db

from .desks import open_desk

Press: t.TypeAlias = Callable[[str], TestResponse]


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Flask]:
    """A desk whose database is empty."""
    with open_desk(f"sqlite:///{tmp_path / 'desk.db'}") as app:
        yield app


@pytest.fixture
def desk(new_desk: Flask) -> Flask:
    """A desk with services and an endpoint."""
    with new_desk.app_context():
        db.create_all()
        demo.add_services()
        demo.add_integration()
    return new_desk


@pytest.fixture
def webhook_alerts_app(desk: Flask) -> Flask:
    """The app that ``send_alert`` and its like work with; not needed if yours is called ``app``."""
    return desk


@pytest.fixture
def alert_integration(desk: Flask) -> t.Any:
    """The integration that ``send_alert`` posts to: the one that the desk has made itself."""
    with desk.app_context():
        return db.session.scalars(sa.select(alerts.Integration)).one()


@pytest.fixture(autouse=True)
def _receivers_return(receivers_must_return: None) -> None:
    """Fail every test in which a receiver of the desk raises, which is never its job."""


@pytest.fixture
def browser(desk: Flask) -> FlaskClient:
    return desk.test_client()


@pytest.fixture
def press(browser: FlaskClient) -> Press:
    """Press the first button of the home page that says this, as a browser would."""

    def press_button(label: str) -> TestResponse:
        page = browser.get("/").text
        form = next(form for form in page.split("<form")[1:] if f">{label}</button>" in form)
        action, token = re.findall(r'(?:action|value)="([^"]*)"', form)
        data = {"csrf_token": token}
        return browser.post(html.unescape(action), data=data, follow_redirects=True)

    return press_button
