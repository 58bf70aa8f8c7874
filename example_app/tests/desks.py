"""Open a desk for a test, look into its database, and close it again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import sqlalchemy as sa
from flask import Flask

from example_app import create_app
from example_app import receivers
from example_app.database import db
from example_app.models import Alert
from example_app.models import Notification
from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved


@contextlib.contextmanager
def open_desk(database_url: str) -> Iterator[Flask]:
    """Yield a desk on this database, whose receivers and connections are gone afterwards."""
    app = create_app({"SQLALCHEMY_DATABASE_URI": database_url, "SECRET_KEY": "x", "TESTING": True})
    try:
        yield app
    finally:
        for signal in (alert_created, alert_acknowledged, alert_resolved):
            for receiver in (receivers.page_owner, receivers.tell_owner):
                signal.disconnect(receiver)
        with app.app_context():
            db.engine.dispose()


@contextlib.contextmanager
def stored(app: Flask) -> Iterator[tuple[list[Alert], list[Notification]]]:
    """Yield all alerts and messages, oldest first, in a fresh app context."""
    with app.app_context():
        yield (
            list(db.session.scalars(sa.select(Alert).order_by(Alert.id))),
            list(db.session.scalars(sa.select(Notification).order_by(Notification.id))),
        )
