"""Write what users must not. Behind each line stands what mypy and pyright say of it.

Both complain of a comment that silences nothing, so each of these lines must be an error.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

import flask_webhook_alerts as fwa
from flask_webhook_alerts import nothing  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
from flask_webhook_alerts import WebhookAlerts


class Base(orm.DeclarativeBase):
    pass


class Alert(fwa.AlertMixin, Base):
    pass


class Integration(fwa.IntegrationMixin, Base):
    pass


alerts = WebhookAlerts(SQLAlchemy(), alert_model=Alert)
alert, integration = Alert(), Integration()
receipt = alerts.resolve(alert)

# Making it
WebhookAlerts()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
WebhookAlerts(SQLAlchemy(), "app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
WebhookAlerts(SQLAlchemy(), alert_model=alert)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
WebhookAlerts(SQLAlchemy(), None, Alert)  # type: ignore[arg-type, call-arg]  # pyright: ignore[reportCallIssue]
WebhookAlerts(SQLAlchemy(), prefix="/hooks")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
alerts.init_app("app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.Alert = Alert  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

# Calling it
alerts.create_integration()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
alerts.create_integration(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.create_integration("a", "token")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
alerts.create_integration("a", strict="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.create_integration("a", compatible=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
alerts.receive(integration, ["a"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.receive(integration, "{}")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.acknowledge(alert, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.rotate_token(integration, "new")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
alerts.rotate_token(integration, keep_for=3600)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.deliver_pending("all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
alerts.delete(alert)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]

# What comes back
receipt.outcome = fwa.Outcome.CREATED  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
receipt.alert_id + 1  # type: ignore[operator]  # pyright: ignore[reportOptionalOperand]
receipt.outcomes  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
fwa.Receipt("created", 1, "a", "open", 1)  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
fwa.AlertStatus.CLOSED  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
fwa.Rejected("wrong")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# Rows
alert.title = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
alert.occurrences + "1"  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]
alert.description.upper()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
integration.token = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
