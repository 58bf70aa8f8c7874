"""FLOOR: the least that a Flask program can do to store the same rows.

A bare view, ``json.loads``, the raw driver with one connection a thread, and the driver's ordinary
transaction around one write of the alert and one insert of the event. It checks nothing, looks up
no integration, and need not find out whether a create is a repetition: the path says so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import sqlite3
import threading
import typing as t
from collections.abc import Callable

import psycopg
import sqlalchemy as sa
from flask import Flask
from flask import request
from flask import Response
from flask_sqlalchemy import SQLAlchemy

from benchmarks.traffic import OPERATIONS
from flask_webhook_alerts import WebhookAlerts

INTEGRATION_ID = "int_FLOOR123456789"[:18]

_INSERT_ALERT = """
INSERT INTO webhook_alert (
  integration_id, thirdparty_id, active_key, status, title, description, urgency, tags, meta,
  additional_data, dedup_keys, incident, occurrences, created_at, last_received_at
) VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?, '{}', '[]', false, 1, ?, ?)
RETURNING id
"""
_INSERT_EVENT = """
INSERT INTO webhook_alert_event (
  alert_id, kind, at, notes, delivered_at, delivered_to, attempts
) VALUES (?, ?, ?, '[]', ?, '[]', 0)
"""
_REPEAT = """
UPDATE webhook_alert SET occurrences = occurrences + 1, last_received_at = ?
WHERE integration_id = ? AND active_key = ?
RETURNING id, occurrences
"""
_ACKNOWLEDGE = """
UPDATE webhook_alert SET status = 'acknowledged', acknowledged_at = ?
WHERE integration_id = ? AND active_key = ? AND status = 'open'
RETURNING id, occurrences
"""
_RESOLVE = """
UPDATE webhook_alert SET status = 'resolved', active_key = NULL, resolved_at = ?
WHERE integration_id = ? AND active_key = ?
RETURNING id, occurrences
"""


class Driver(t.Protocol):
    """What differs between the two drivers."""

    def sql(self, statement: str) -> str: ...
    def moment(self) -> t.Any: ...
    def transaction(self) -> contextlib.AbstractContextManager[t.Any]: ...


class SqliteDriver:
    """One connection a thread, to one file."""

    def __init__(self, url: sa.URL) -> None:
        self._path = str(url.database)
        self._local = threading.local()

    def sql(self, statement: str) -> str:
        return statement

    def moment(self) -> str:
        return dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

    def transaction(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(self._path, timeout=30)
        return connection  # sqlite3's own idiom: "with connection" commits


class PostgresqlDriver:
    """One connection a thread, to one server."""

    def __init__(self, url: sa.URL) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._local = threading.local()

    def sql(self, statement: str) -> str:
        return statement.replace("?", "%s")

    def moment(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    @contextlib.contextmanager
    def _committed(self, connection: psycopg.Connection) -> t.Iterator[psycopg.Connection]:
        # psycopg's "with connection" would also close it.
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    def transaction(self) -> contextlib.AbstractContextManager[psycopg.Connection]:
        connection: psycopg.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = psycopg.connect(self._dsn)
        return self._committed(connection)


_DRIVERS: dict[str, Callable[[sa.URL], Driver]] = {
    "sqlite": SqliteDriver,
    "postgresql": PostgresqlDriver,
}


class Floor:
    """The app; its tables are those of the extension, so that the rows cost the same."""

    def __init__(self, url: str) -> None:
        self.app = Flask(__name__)
        self._url = url
        parsed = sa.make_url(url)
        driver = _DRIVERS[parsed.get_backend_name()](parsed)
        views: dict[str, Callable[[str], Response]] = {
            "create": _create(driver),
            "repeat": _update(driver, _REPEAT, None, "repeated", "open"),
            "acknowledge": _update(driver, _ACKNOWLEDGE, *("acknowledged",) * 3),
            "resolve": _update(driver, _RESOLVE, *("resolved",) * 3),
        }
        for operation, view in views.items():
            self.app.add_url_rule(
                f"/{operation}/<integration_id>", operation, view, methods=["POST"]
            )

    def prepare(self) -> dict[str, str]:
        maker = Flask("maker")
        maker.config["SQLALCHEMY_DATABASE_URI"] = self._url
        db = SQLAlchemy(maker)
        alerts = WebhookAlerts(db, maker)
        with maker.app_context():
            db.create_all()
            db.session.add(alerts.Integration(id=INTEGRATION_ID, name="floor"))
            db.session.commit()
            db.engine.dispose()
        return {operation: f"/{operation}/{INTEGRATION_ID}" for operation in OPERATIONS}


def _create(driver: Driver) -> Callable[[str], Response]:
    insert_alert, insert_event = driver.sql(_INSERT_ALERT), driver.sql(_INSERT_EVENT)

    def create(integration_id: str) -> Response:
        body = json.loads(request.get_data())
        key, at = body["Id"], driver.moment()
        with driver.transaction() as connection:
            (alert_id,) = connection.execute(
                insert_alert,
                (
                    integration_id, key, _digest(key), body["Title"], body["Description"],
                    body["Urgency"], json.dumps(body["Tags"]), json.dumps(body["Meta"]), at, at,
                ),
            ).fetchone()  # fmt: skip
            connection.execute(insert_event, (alert_id, "created", at, at))
        return _answer("created", alert_id, key, "open", 1)

    return create


def _update(
    driver: Driver, statement: str, kind: str | None, outcome: str, status: str
) -> Callable[[str], Response]:
    update, insert_event = driver.sql(statement), driver.sql(_INSERT_EVENT)

    def change(integration_id: str) -> Response:
        key, at = json.loads(request.get_data())["Id"], driver.moment()
        with driver.transaction() as connection:
            alert_id, occurrences = connection.execute(
                update, (at, integration_id, _digest(key))
            ).fetchone()
            if kind is not None:
                connection.execute(insert_event, (alert_id, kind, at, at))
        return _answer(outcome, alert_id, key, status, occurrences)

    return change


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _answer(outcome: str, alert_id: int, key: str, status: str, occurrences: int) -> Response:
    alert = {"id": alert_id, "thirdparty_id": key, "status": status, "occurrences": occurrences}
    return Response(
        json.dumps({"outcome": outcome, "alert": alert}), content_type="application/json"
    )
