"""Tell people about alerts: what the desk does when the extension announces something."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import exc

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved

from .database import db
from .models import Alert
from .models import Notification
from .models import Service
from .text import clip


def connect(app: Flask) -> None:
    """Call the receivers for the alerts of ``app``, and of no other app in the process."""
    alert_created.connect(page_owner, app)
    alert_acknowledged.connect(tell_owner, app)
    alert_resolved.connect(tell_owner, app)


def page_owner(app: Flask, *, alert: Alert, event: t.Any, **_extra: object) -> None:
    """Link a new alert to the service that its ``meta`` names, and page the owner."""
    alert.service = _find_service(alert.meta.get("service"))
    _notify_once(app, alert, event, clip(alert.title))


def tell_owner(app: Flask, *, alert: Alert, event: t.Any, **_extra: object) -> None:
    """Tell the owner that somebody looks after the alert, or that it is over."""
    who = event.by or "the sender"
    _notify_once(app, alert, event, f"{clip(alert.title)} ({event.kind} by {who})")


def _find_service(name: object) -> Service | None:
    # Senders put anything into meta; only text can be a name.
    if not isinstance(name, str):
        return None

    return db.session.scalar(sa.select(Service).where(Service.name == name))


def _notify_once(app: Flask, alert: Alert, event: t.Any, text: str) -> None:
    """Commit the message and what the caller changed, unless the event was told before."""
    message = Notification(
        alert_id=alert.id, event_id=event.id, kind=event.kind, owner=alert.owner, text=text
    )
    db.session.add(message)
    try:
        db.session.commit()
    except exc.IntegrityError:
        # The first call got as far as its commit, but nobody could note that it did.
        db.session.rollback()
        return

    # %r, because text from outside could forge a line of its own in the log.
    app.logger.info("To %r: %r", message.owner, message.text)
