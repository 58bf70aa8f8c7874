"""Connect the desk to its database, and the database to the alerts."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.dashboard import Dashboard

from . import people
from . import shop
from .models import Alert
from .models import Base

MIGRATIONS = Path(__file__).parent / "migrations"

db = SQLAlchemy(model_class=Base)
migrate = Migrate(directory=str(MIGRATIONS), render_as_batch=True)
alerts = WebhookAlerts(db, alert_model=Alert)
dashboard = Dashboard(alerts, authorize=people.who, url_prefix="/dashboard", site_name=shop.NAME)


# So that an event that meets a lock is answered 503 after five seconds, and sent again. SQLite's
# driver waits no longer by itself.
_PATIENCE: Mapping[str, Mapping[str, str]] = {
    "postgresql": {"options": "-c lock_timeout=5s"},
    "mysql": {"init_command": "SET innodb_lock_wait_timeout = 5"},
    "mariadb": {"init_command": "SET innodb_lock_wait_timeout = 5"},
}


def init_app(app: Flask) -> None:
    """Give ``app`` its tables, its migrations, its endpoint and its dashboard."""
    url = sa.make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    patience = _PATIENCE.get(url.get_backend_name(), {})
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", {"connect_args": patience})
    db.init_app(app)
    migrate.init_app(app, db)
    alerts.init_app(app)
    dashboard.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _enforce_foreign_keys)


def _enforce_foreign_keys(connection: t.Any, _record: object) -> None:
    # SQLite ignores foreign keys unless each connection asks for them.
    connection.execute("PRAGMA foreign_keys = ON")
