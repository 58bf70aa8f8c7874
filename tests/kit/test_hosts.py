"""What may be tested: a Flask application that has WebhookAlerts."""

from __future__ import annotations

import pytest
from flask import current_app
from flask import Flask

from flask_webhook_alerts.testing import AlertRecorder
from flask_webhook_alerts.testing import delete_alerts
from flask_webhook_alerts.testing import require_app
from tests.hosts import Host
from tests.kit.conftest import factory_of


def test_the_app_and_its_proxy_are_the_app(sqlite_host: Host) -> None:
    with sqlite_host.app.app_context():
        assert require_app(current_app) is sqlite_host.app
    assert require_app(sqlite_host.app) is sqlite_host.app


def test_an_app_without_the_extension_is_told_what_to_call() -> None:
    with pytest.raises(
        RuntimeError, match=r"'shop', has no WebhookAlerts.*alerts\.init_app\(app\)"
    ):
        AlertRecorder(Flask("shop"))


@pytest.mark.parametrize("value", [None, "shop", (Flask("shop"), 1)])
def test_what_is_no_app_is_told_apart(value: object) -> None:
    with pytest.raises(TypeError, match=f"and not {type(value).__name__}. Return what"):
        require_app(value)


def test_all_integrations_alerts_and_events_are_deleted(any_host: Host) -> None:
    for name in ("first", "second"):
        make_alert = factory_of(any_host, name=name)
        make_alert(status="resolved", occurrences=2)
        with AlertRecorder(any_host.app):
            make_alert()

    delete_alerts(any_host.app)

    assert (any_host.stored_alerts(), any_host.stored_events()) == ([], [])
    with any_host.app.app_context():
        assert any_host.session.query(any_host.alerts.Integration).all() == []
