"""A host for any WSGI server; its settings are variables that begin with ``HOST_``."""

from __future__ import annotations

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import WebhookAlerts

db = SQLAlchemy()
alerts = WebhookAlerts(db)


def create_app() -> Flask:
    """Return the app that servers run, and that the tests look into."""
    app = Flask("server_host")
    app.config.from_prefixed_env("HOST")
    db.init_app(app)
    alerts.init_app(app)
    app.add_url_rule("/alive", view_func=lambda: "yes")
    with app.app_context():
        db.create_all()
    return app
