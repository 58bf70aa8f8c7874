"""Fixtures of Flask-Webhook-Alerts for the tests of apps that use it.

Pytest loads this module wherever the package is installed, so it stands beside the package and
imports nothing of it before a test asks for a fixture. ``-p no:webhook_alerts`` turns it off.

PYTEST_DONT_REWRITE: there is no assertion here.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest

if t.TYPE_CHECKING:
    from flask import Flask

    from flask_webhook_alerts import testing

_OPTION = "webhook_alerts_app"
_MISSING = """\
The fixtures of Flask-Webhook-Alerts need the app under test, and there is no fixture {name!r}.
Write one in conftest.py, for example:

    @pytest.fixture
    def {name}():
        app = create_app({{"TESTING": True, "SQLALCHEMY_DATABASE_URI": "sqlite://"}})
        with app.app_context():
            db.create_all()
        return app

or say in pytest's configuration what yours is called: webhook_alerts_app = "my_app"."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let projects say how their fixture is called that returns the app."""
    parser.addini(_OPTION, "name of the fixture that returns the Flask app", default="app")


@pytest.fixture
def webhook_alerts_app(request: pytest.FixtureRequest) -> Flask:
    """Return the app under test, from the fixture ``app`` or the one that an ini option names."""
    from flask_webhook_alerts.testing import require_app

    name = request.config.getini(_OPTION)
    try:
        return require_app(request.getfixturevalue(name))
    except pytest.FixtureLookupError as error:
        if error.argname != name:
            raise  # the app's own fixture needs one that is missing
        pytest.fail(_MISSING.format(name=name), pytrace=False)
    except (RuntimeError, TypeError) as error:
        pytest.fail(f"fixture {name!r}: {error}", pytrace=False)


@pytest.fixture
def make_integration(webhook_alerts_app: Flask) -> testing.IntegrationFactory:
    """Make integrations: ``make_integration("Uptime Kuma", strict=False)``."""
    from flask_webhook_alerts.testing import IntegrationFactory

    return IntegrationFactory(webhook_alerts_app)


@pytest.fixture
def alert_integration(make_integration: testing.IntegrationFactory) -> t.Any:
    """Return the integration of ``send_alert`` and ``make_alert``; override it for another kind."""
    return make_integration(capture_additional_data=True)


@pytest.fixture
def make_alert(webhook_alerts_app: Flask, alert_integration: t.Any) -> testing.AlertFactory:
    """Make alerts: ``make_alert(status="resolved", title="Disk full", created_at=last_week)``."""
    from flask_webhook_alerts.testing import AlertFactory

    return AlertFactory(webhook_alerts_app, alert_integration)


@pytest.fixture
def send_alert(webhook_alerts_app: Flask, alert_integration: t.Any) -> testing.AlertSender:
    """Post events as a monitor does: ``send_alert(Title="Disk full")`` or a client's payload."""
    from flask_webhook_alerts.testing import AlertSender

    return AlertSender(webhook_alerts_app, alert_integration)


@pytest.fixture
def captured_alerts(webhook_alerts_app: Flask) -> Iterator[testing.AlertRecorder]:
    """Record the app's signals: ``captured_alerts.expect("created disk-full", "resolved")``."""
    from flask_webhook_alerts.testing import AlertRecorder

    with AlertRecorder(webhook_alerts_app) as recorder:
        yield recorder


@pytest.fixture
def deliver_owed(webhook_alerts_app: Flask) -> testing.Deliverer:
    """Send all signals that are owed, at once: ``deliver_owed(raise_errors=True)``."""
    from flask_webhook_alerts.testing import Deliverer

    return Deliverer(webhook_alerts_app)


@pytest.fixture
def clean_alerts(webhook_alerts_app: Flask) -> Iterator[None]:
    """Begin and end a test without integrations and alerts, for tests that share a database.

    For all tests of a project, name it under ``usefixtures`` in pytest's configuration.
    """
    from flask_webhook_alerts.testing import delete_alerts

    delete_alerts(webhook_alerts_app)
    yield
    delete_alerts(webhook_alerts_app)


@pytest.fixture
def held_clock() -> Iterator[testing.HeldClock]:
    """Hold the clock of alerts where it is now: ``held_clock.move(hours=2)``."""
    from flask_webhook_alerts.testing import HeldClock

    with HeldClock() as clock:
        yield clock


@pytest.fixture
def receivers_must_return() -> Iterator[None]:
    """Fail a test at its end if a receiver raised in it, with the receiver's own traceback.

    For all tests of a project, name it under ``usefixtures`` in pytest's configuration.
    """
    from flask_webhook_alerts.testing import ReceiverFailures

    __tracebackhide__ = True
    with ReceiverFailures() as failures:
        yield
    failures.raise_any()
