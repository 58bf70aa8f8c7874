"""Give hosts an API, and talk to it as programs do."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from werkzeug.test import TestResponse

from flask_webhook_alerts.api import Api
from flask_webhook_alerts.api import bearer_token
from tests.hosts import Host

TOKEN = "a-token-of-the-deploy-bot"
NAME = "deploy bot"
AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}


def authorize() -> str | None:
    """Know one program by its token."""
    return NAME if bearer_token() == TOKEN else None


def add_api(host: Host, **options: t.Any) -> None:
    """Mount an API that the deploy bot may use."""
    Api(host.alerts, **{"authorize": authorize, **options}).init_app(host.app)


def call(host: Host, method: str, path: str, **options: t.Any) -> TestResponse:
    """Send a request of the deploy bot; the path is below the API's prefix, or from a link."""
    headers = {**AUTHORIZATION, **options.pop("headers", {})}
    url = path if path.startswith("/api/v1/") else f"/api/v1{path}"
    return host.client.open(url, method=method, headers=headers, **options)


def body(answer: TestResponse) -> t.Any:
    """Return the JSON of a successful answer."""
    assert answer.status_code < 300, (answer.status_code, answer.json)
    return answer.json


def create_alert(host: Host, key: str = "disk-full", **fields: t.Any) -> int:
    """Let a sender create an alert, through an integration of its own name; return its id."""
    integration_id = fields.pop("integration_id", None) or host.create_integration()
    payload = {"event_type": "create", "Id": key, "Title": "Disk full", "Description": "/var"}
    return int(body(host.post(integration_id, {**payload, **fields}))["alert"]["id"])


def bury(host: Host, *, error: str | None = "ValueError: no") -> None:
    """Let every event be dead, as after ten failed attempts."""
    event = host.alerts.AlertEvent
    values = {"delivered_at": None, "next_attempt_at": None, "last_error": error, "attempts": 10}
    with host.app.app_context():
        host.db.session.execute(sa.update(event).values(values))
        host.db.session.commit()
