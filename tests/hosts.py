"""Build small host applications, as a developer would."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from werkzeug.test import TestResponse

from flask_webhook_alerts import WebhookAlerts


@dataclasses.dataclass(frozen=True)
class Host:
    """One Flask app with the extension, and the ways in which tests look at it."""

    app: Flask
    db: SQLAlchemy
    alerts: WebhookAlerts

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def create_integration(self, name: str = "a sender", **options: t.Any) -> str:
        """Return the id of a new integration."""
        with self.app.app_context():
            return str(self.alerts.create_integration(name, **options).id)

    def post(self, integration_id: str, payload: t.Any, **options: t.Any) -> TestResponse:
        """Post a payload as JSON."""
        return self.client.post(f"/integration/{integration_id}", json=payload, **options)

    def stored_alerts(self) -> list[t.Any]:
        """Return all alerts, in the order of their creation, detached."""
        return self._all(self.alerts.Alert)

    def stored_events(self) -> list[t.Any]:
        """Return all events, in the order of their creation, detached."""
        return self._all(self.alerts.AlertEvent)

    def _all(self, model: t.Any) -> list[t.Any]:
        with self.app.app_context():
            return list(self.db.session.scalars(sa.select(model).order_by(model.id)))


@contextmanager
def running_host(
    url: str,
    *,
    db: SQLAlchemy | None = None,
    alerts: WebhookAlerts | None = None,
    config: dict[str, t.Any] | None = None,
) -> Iterator[Host]:
    """Yield a host whose tables exist, and take everything down afterwards."""
    db = db or SQLAlchemy()
    alerts = alerts or WebhookAlerts(db)
    app = Flask("host")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, TESTING=True, SECRET_KEY="test")
    app.config.update(config or {})
    db.init_app(app)
    alerts.init_app(app)
    with app.app_context():
        db.create_all()
    try:
        yield Host(app=app, db=db, alerts=alerts)
    finally:
        with app.app_context():
            db.session.remove()
            db.drop_all()
            for engine in db.engines.values():
                engine.dispose()
