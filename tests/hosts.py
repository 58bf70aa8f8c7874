"""Build small host applications, as a developer would."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from contextlib import contextmanager

import flask_sqlalchemy
import flask_sqlalchemy_lite
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import orm
from werkzeug.test import TestResponse

from flask_webhook_alerts import WebhookAlerts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wiring:
    """A host's SQLAlchemy extension and base class, and our extension on top of them."""

    db: t.Any
    Base: t.Any
    alerts: WebhookAlerts


def with_flask_sqlalchemy() -> Wiring:
    db = flask_sqlalchemy.SQLAlchemy()
    return Wiring(db=db, Base=db.Model, alerts=WebhookAlerts(db))


def with_lite(**options: t.Any) -> Wiring:
    class Base(orm.DeclarativeBase):
        """The host's own."""

    db = flask_sqlalchemy_lite.SQLAlchemy(**options)
    return Wiring(db=db, Base=Base, alerts=WebhookAlerts(db, metadata=Base.metadata))


MakeWiring: t.TypeAlias = Callable[[], Wiring]
WIRINGS: dict[str, MakeWiring] = {"flask-sqlalchemy": with_flask_sqlalchemy, "lite": with_lite}

on_both: pytest.MarkDecorator = pytest.mark.parametrize("make_wiring", WIRINGS, indirect=True)
"""Run a test with either SQLAlchemy extension; without this mark, it runs with the first."""


@dataclasses.dataclass(frozen=True)
class Host:
    """One Flask app with the extension, and the ways in which tests look at it."""

    app: Flask
    db: t.Any
    alerts: WebhookAlerts

    @property
    def session(self) -> orm.Session:
        """The session of the current app context."""
        session = self.db.session
        return t.cast(orm.Session, session() if is_scoped(session) else session)

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
    db: t.Any = None,
    alerts: WebhookAlerts | None = None,
    config: Mapping[str, t.Any] | None = None,
    engine_options: Mapping[str, t.Any] | None = None,
) -> Iterator[Host]:
    """Yield a host whose tables exist, and take everything down afterwards."""
    db = db or flask_sqlalchemy.SQLAlchemy()
    alerts = alerts or WebhookAlerts(db)
    app = Flask("host")
    app.config.update(engine_settings(db, url, engine_options or {}))
    app.config.update(TESTING=True, SECRET_KEY="test")
    app.config.update(config or {})
    db.init_app(app)
    alerts.init_app(app)
    host = Host(app=app, db=db, alerts=alerts)
    with app.app_context():
        _with_tables(host, "create_all")
    try:
        yield host
    finally:
        with app.app_context():
            if is_scoped(db.session):
                db.session.remove()
            _with_tables(host, "drop_all")
            for engine in db.engines.values():
                engine.dispose()


def is_scoped(session: object) -> bool:
    """Tell whether a session is that of Flask-SQLAlchemy, which is one for all contexts."""
    return isinstance(session, orm.scoped_session)


def engine_settings(db: t.Any, url: str, options: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what a host sets to connect to ``url``."""
    if isinstance(db, flask_sqlalchemy_lite.SQLAlchemy):
        return {"SQLALCHEMY_ENGINES": {"default": {"url": url, **options}}}

    return {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": dict(options)}


def _with_tables(host: Host, what: str) -> None:
    """Create or drop the tables, as the host would with its SQLAlchemy extension."""
    if isinstance(host.db, flask_sqlalchemy_lite.SQLAlchemy):
        getattr(host.alerts.Alert.metadata, what)(host.db.engine)
    else:
        getattr(host.db, what)()
