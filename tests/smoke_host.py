"""A host that real servers run in ``test_servers``: its receivers write down what they hear.

Its settings are variables that begin with ``HOST_``, such as ``HOST_DATABASE_URL``.
"""

from __future__ import annotations

import os
import typing as t

import a2wsgi
import asgiref.wsgi
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import orm

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from tests.hosts import engine_settings
from tests.hosts import WIRINGS

wiring = WIRINGS[os.environ.get("HOST_WIRING", "flask-sqlalchemy")]()


class Heard(wiring.Base):  # type: ignore[name-defined, misc] # its base is made at run time
    """What a receiver was told, in the host's own table."""

    __tablename__ = "heard"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    receiver: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(20))
    thirdparty_id: orm.Mapped[str] = orm.mapped_column(sa.String(50))


def create_app() -> Flask:
    """Return the host that WSGI servers run."""
    app = Flask("smoke_host")
    app.config.from_prefixed_env("HOST")
    app.config.update(engine_settings(wiring.db, app.config["DATABASE_URL"], {}))
    wiring.db.init_app(app)
    wiring.alerts.init_app(app)
    app.add_url_rule("/alive", view_func=lambda: "yes")
    for signal in (alert_created, alert_acknowledged, alert_resolved):
        for name in app.config["RECEIVERS"]:
            signal.connect(RECEIVERS[name], sender=app)
    if app.config.get("CONNECTS_EARLY"):
        with app.app_context():
            wiring.db.session.execute(sa.select(1))
    return app


def create_threaded_asgi() -> t.Any:
    """Return the host that ASGI servers run, in the adapter that has threads."""
    return a2wsgi.WSGIMiddleware(t.cast(t.Any, create_app()))


def create_serial_asgi() -> t.Any:
    """Return the host that ASGI servers run, in the adapter that Flask's documentation names."""
    make: t.Any = asgiref.wsgi.WsgiToAsgi
    return make(create_app())


def plain(app: Flask, **rows: t.Any) -> None:
    _write_down("plain", **rows)


async def coroutine(app: Flask, **rows: t.Any) -> None:
    _write_down("coroutine", **rows)


RECEIVERS: t.Final = {"plain": plain, "coroutine": coroutine}


def _write_down(receiver: str, *, alert: t.Any, event: t.Any, **extra: t.Any) -> None:
    session = wiring.db.session
    heard = Heard(receiver=receiver, kind=event.kind, thirdparty_id=alert.thirdparty_id)
    session.add(heard)
    session.commit()
