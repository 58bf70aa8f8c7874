"""A host that is scraped: ``serve`` is what gunicorn and the ``flask`` command run."""

from __future__ import annotations

import typing as t

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.contrib.metrics import Metrics

db = SQLAlchemy()
alerts = WebhookAlerts(db)
metrics = Metrics(by_integration=True)


def serve() -> Flask:
    """Return the host, configured by variables that begin with ``HOST_``."""
    app = Flask("shop")
    app.config.from_prefixed_env("HOST")
    db.init_app(app)
    alerts.init_app(app)
    metrics.init_app(app)
    app.add_url_rule("/metrics", "metrics", metrics.view)
    app.add_url_rule("/alive", view_func=lambda: "yes")
    alert_created.connect(page_someone, sender=app)
    alert_resolved.connect(fail, sender=app)
    return app


def page_someone(_app: Flask, **_facts: t.Any) -> None: ...


def fail(_app: Flask, **_facts: t.Any) -> None:
    raise RuntimeError("The pager is out of order.")
