"""NAIVE: the same as the handbooks of Flask-SQLAlchemy and marshmallow would have it.

The schemas are built in each request, the ORM reads, adds, commits and refreshes, and a schema
dumps the row.
"""

from __future__ import annotations

import datetime as dt
import hmac
import typing as t

import marshmallow as ma
import sqlalchemy as sa
from flask import abort
from flask import Flask
from flask import jsonify
from flask import request
from flask import Response
from flask_sqlalchemy import SQLAlchemy
from marshmallow import fields
from marshmallow import validate
from sqlalchemy import orm

from benchmarks.traffic import OPERATIONS
from benchmarks.traffic import TOKEN


class Base(orm.DeclarativeBase):
    """The declarative base."""


db = SQLAlchemy(model_class=Base)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Integration(db.Model):  # type: ignore[name-defined, misc]
    """One sender."""

    __tablename__ = "webhook_integration"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    token: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    enabled: orm.Mapped[bool] = orm.mapped_column(default=True)


class Alert(db.Model):  # type: ignore[name-defined, misc]
    """One alert."""

    __tablename__ = "webhook_alert"
    __table_args__ = (sa.Index("ix_alert_key", "integration_id", "thirdparty_id"),)

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    integration_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("webhook_integration.id"))
    thirdparty_id: orm.Mapped[str] = orm.mapped_column(sa.String(512))
    status: orm.Mapped[str] = orm.mapped_column(sa.String(16), default="open")
    title: orm.Mapped[str] = orm.mapped_column(sa.Text)
    description: orm.Mapped[str] = orm.mapped_column(sa.Text)
    urgency: orm.Mapped[str | None] = orm.mapped_column(sa.String(16))
    tags: orm.Mapped[list[str]] = orm.mapped_column(sa.JSON, default=list)
    meta: orm.Mapped[dict[str, t.Any]] = orm.mapped_column(sa.JSON, default=dict)
    dedup_keys: orm.Mapped[list[str]] = orm.mapped_column(sa.JSON, default=list)
    occurrences: orm.Mapped[int] = orm.mapped_column(default=1)
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(sa.DateTime(True), default=now)
    last_received_at: orm.Mapped[dt.datetime] = orm.mapped_column(sa.DateTime(True), default=now)
    acknowledged_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(sa.DateTime(True))
    resolved_at: orm.Mapped[dt.datetime | None] = orm.mapped_column(sa.DateTime(True))
    events: orm.Mapped[list[AlertEvent]] = orm.relationship(back_populates="alert", lazy="noload")


class AlertEvent(db.Model):  # type: ignore[name-defined, misc]
    """One change of an alert."""

    __tablename__ = "webhook_alert_event"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    alert_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("webhook_alert.id"), index=True)
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    at: orm.Mapped[dt.datetime] = orm.mapped_column(sa.DateTime(True), default=now)
    alert: orm.Mapped[Alert] = orm.relationship(back_populates="events")


class EventSchema(ma.Schema):
    """What every event has."""

    class Meta:
        unknown = ma.EXCLUDE

    event_type = fields.String(
        required=True, validate=validate.OneOf(["create", "acknowledge", "resolve"])
    )
    key = fields.String(required=True, data_key="Id", validate=validate.Length(1, 512))


class CreateSchema(EventSchema):
    """What a create has besides."""

    title = fields.String(required=True, data_key="Title", validate=validate.Length(1))
    description = fields.String(required=True, data_key="Description", validate=validate.Length(1))
    urgency = fields.String(
        data_key="Urgency",
        load_default=None,
        validate=validate.OneOf(["silent", "low", "medium", "high", "critical"]),
    )
    tags = fields.List(fields.String(), data_key="Tags", load_default=list)
    meta = fields.Dict(keys=fields.String(), data_key="Meta", load_default=dict)
    dedup_keys = fields.List(fields.String(), load_default=list)


class AlertSchema(ma.Schema):
    """What an answer says of an alert."""

    id = fields.Integer()
    thirdparty_id = fields.String()
    status = fields.String()
    occurrences = fields.Integer()


class Naive:
    """The app."""

    def __init__(self, url: str) -> None:
        self.app = Flask(__name__)
        self.app.config["SQLALCHEMY_DATABASE_URI"] = url
        db.init_app(self.app)
        self.app.add_url_rule(
            "/integration/<int:integration_id>", view_func=receive, methods=["POST"]
        )

    def prepare(self) -> dict[str, str]:
        with self.app.app_context():
            db.create_all()
            integration = Integration(name="naive", token=TOKEN)
            db.session.add(integration)
            db.session.commit()
            return dict.fromkeys(OPERATIONS, f"/integration/{integration.id}")


def receive(integration_id: int) -> Response:
    integration = db.get_or_404(Integration, integration_id)
    token = request.headers.get("pagertree-token", "")
    if not (integration.enabled and hmac.compare_digest(integration.token, token)):
        abort(403)

    body = request.get_json()
    schema = CreateSchema() if body.get("event_type") == "create" else EventSchema()
    try:
        event = schema.load(body)
    except ma.ValidationError as error:
        abort(422, error.messages)

    alert = db.session.execute(
        db.select(Alert).filter_by(integration_id=integration.id, thirdparty_id=event["key"])
        .where(Alert.status.in_(["open", "acknowledged"]))
    ).scalar_one_or_none()  # fmt: skip
    outcome, alert = _HANDLERS[event["event_type"]](integration, alert, event)
    db.session.commit()
    db.session.refresh(alert)
    return jsonify(outcome=outcome, alert=AlertSchema().dump(alert))


def create(
    integration: Integration, alert: Alert | None, event: dict[str, t.Any]
) -> tuple[str, Alert]:
    if alert is not None:
        alert.occurrences += 1
        alert.last_received_at = now()
        return "repeated", alert

    values = {name: event[name] for name in event if name not in {"event_type", "key"}}
    alert = Alert(integration_id=integration.id, thirdparty_id=event["key"], **values)
    db.session.add(alert)
    db.session.add(AlertEvent(alert=alert, kind="created"))
    return "created", alert


def acknowledge(
    _integration: Integration, alert: Alert | None, _event: dict[str, t.Any]
) -> tuple[str, Alert]:
    if alert is None:
        abort(404)

    alert.status, alert.acknowledged_at = "acknowledged", now()
    db.session.add(AlertEvent(alert_id=alert.id, kind="acknowledged"))
    return "acknowledged", alert


def resolve(
    _integration: Integration, alert: Alert | None, _event: dict[str, t.Any]
) -> tuple[str, Alert]:
    if alert is None:
        abort(404)

    alert.status, alert.resolved_at = "resolved", now()
    db.session.add(AlertEvent(alert_id=alert.id, kind="resolved"))
    return "resolved", alert


_HANDLERS = {"create": create, "acknowledge": acknowledge, "resolve": resolve}
