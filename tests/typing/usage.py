"""Write what users write. Type checkers must find nothing here; nothing of it is run."""

from __future__ import annotations

import datetime as dt
import typing as t

import sqlalchemy as sa
from flask import Blueprint
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_webhook_alerts import __version__
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import AlertEventMixin
from flask_webhook_alerts import AlertMixin
from flask_webhook_alerts import AlertStatus
from flask_webhook_alerts import ConfigError
from flask_webhook_alerts import EventKind
from flask_webhook_alerts import IntegrationMixin
from flask_webhook_alerts import NotFound
from flask_webhook_alerts import Outcome
from flask_webhook_alerts import Receipt
from flask_webhook_alerts import Rejected
from flask_webhook_alerts import request_rejected
from flask_webhook_alerts import Unavailable
from flask_webhook_alerts import Urgency
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts import WebhookAlertsError


class Base(orm.DeclarativeBase):
    """The host's base."""


class Service(Base):
    """A row of the host's."""

    __tablename__ = "service"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)


class Alert(AlertMixin, Base):
    """The host's alert, with a column and a relationship of its own."""

    service_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("service.id"))
    service: orm.Mapped[Service | None] = orm.relationship()


class Integration(IntegrationMixin, Base):
    """The host's integration."""

    team: orm.Mapped[str] = orm.mapped_column(default="operations")


class AlertEvent(AlertEventMixin, Base):
    """The host's event."""


db = SQLAlchemy(model_class=Base)
alerts = WebhookAlerts(db, alert_model=Alert, integration_model=Integration, event_model=AlertEvent)


def create_app() -> Flask:
    """Make an app in each way that there is."""
    app = Flask(__name__)
    alerts.init_app(app)
    WebhookAlerts(db, app)
    WebhookAlerts(db, register_blueprint=False).init_app(app)
    app.register_blueprint(t.assert_type(alerts.blueprint, Blueprint), url_prefix="/hooks")
    return app


@alert_created.connect
def page(app: Flask, *, alert: Alert, event: AlertEvent, **_extra: object) -> None:
    """Take what a signal brings as the host's own classes."""
    t.assert_type(alert.title, str)
    t.assert_type(alert.description, str | None)
    t.assert_type(alert.tags, list[str])
    t.assert_type(alert.meta, dict[str, t.Any])
    t.assert_type(alert.occurrences, int)
    t.assert_type(alert.created_at, dt.datetime)
    t.assert_type(alert.resolved_at, dt.datetime | None)
    t.assert_type(alert.service, Service | None)
    t.assert_type(event.id, int)
    t.assert_type(event.by, str | None)
    app.logger.info("%r is %s: %r", alert.title, AlertStatus(alert.status), alert.urgency)


@alert_created.connect
async def page_later(app: Flask, *, alert: Alert, **_extra: object) -> None:
    """Connect a coroutine function."""


def watch(app: Flask, *, status: int, reason: str, **_extra: object) -> None:
    """Hear of refusals."""


request_rejected.connect(watch, sender=create_app())


def use(integration: Integration, alert: Alert) -> Receipt:
    """Call everything that hosts call."""
    alerts.create_integration("Uptime Kuma", token="a", strict=False, wrapper_key="data")
    t.assert_type(alerts.endpoint_url(integration), str)
    t.assert_type(alerts.endpoint_url("int_12345678901234"), str)
    t.assert_type(alerts.rotate_token(integration, keep_for=dt.timedelta(hours=1)), str)
    t.assert_type(alerts.deliver_pending(limit=5), int)
    t.assert_type(alerts.acknowledge(alert, by="Ada"), Receipt)
    t.assert_type(alerts.resolve(17), Receipt)
    t.assert_type(integration.has_token, bool)
    integration.token = None
    integration.token = "new"
    receipt = alerts.receive(integration, {"event_type": "create", "Id": "1", "Tags": ["a"]})
    t.assert_type(receipt.outcome, Outcome)
    t.assert_type(receipt.alert_id, int | None)
    t.assert_type(receipt.reason, str | None)
    return receipt


def say(receipt: Receipt) -> str:
    """Compare with words and with members: the enumerations are texts."""
    if receipt.outcome is Outcome.CREATED or receipt.status == "open":
        return receipt.outcome.upper()

    urgent = [Urgency.HIGH, Urgency.CRITICAL]
    return f"{__version__} {urgent} {EventKind.RESOLVED} {AlertStatus('open')}"


def tell(error: WebhookAlertsError) -> str:
    """Take errors apart."""
    match error:
        case Rejected():
            t.assert_type(error.status, int)
            return " ".join(word for words in error.errors.values() for word in words)
        case Unavailable():
            return str(t.assert_type(error.retry_after, int))
        case NotFound() | ConfigError():
            return str(error)
    return "unknown"
