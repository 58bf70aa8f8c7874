"""A small host: it takes alerts in, and its two receivers write down what they are told.

Its settings are variables that begin with ``HOST_``, such as ``HOST_SQLALCHEMY_DATABASE_URI``.
"""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping
from pathlib import Path

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import WebhookAlerts
from tests.faults import failpoints
from tests.faults.journal import write_line

db = SQLAlchemy()
alerts = WebhookAlerts(db)

SIGNALS: t.Final = [alert_created, alert_acknowledged, alert_resolved]


def create_app(config: Mapping[str, t.Any]) -> Flask:
    """Return a host that nobody listens to: the tests use it to look at the database."""
    app = Flask(__name__)
    app.config.from_mapping(config)
    return _set_up(app)


def serve() -> Flask:
    """Return the host that gunicorn and the ``flask`` command run."""
    app = Flask(__name__)
    app.config.from_prefixed_env("HOST")
    _set_up(app)
    with app.app_context():
        db.create_all()  # so that there are connections before gunicorn forks, as in many hosts
    for signal in SIGNALS:
        for receiver in RECEIVERS:
            signal.connect(receiver, sender=app)
    if "FAILPOINT" in app.config:
        with app.app_context():
            app.extensions["failpoints"] = failpoints.install(
                app, db.engine, SIGNALS, is_heard=app.config.get("IS_HEARD", False)
            )
    return app


def _set_up(app: Flask) -> Flask:
    db.init_app(app)
    alerts.init_app(app)
    app.add_url_rule("/alive", view_func=lambda: "yes")
    return app


def page_on_call(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
    _write_down(app, "page_on_call", event)


def write_logbook(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
    _write_down(app, "write_logbook", event)


RECEIVERS: t.Final = [page_on_call, write_logbook]


def _write_down(app: Flask, receiver: str, event: t.Any) -> None:
    points: failpoints.Failpoints | None = app.extensions.get("failpoints")
    if points:
        points.receiver_called()

    if app.config.get("RECEIVERS_FAIL"):
        raise RuntimeError("The pager is out of order.")

    line = {"receiver": receiver, "event_id": event.id, "alert_id": event.alert_id}
    write_line(Path(app.config["RECEIVERS_JOURNAL"]), {**line, "pid": os.getpid()})

    if points:
        points.receiver_returned()
