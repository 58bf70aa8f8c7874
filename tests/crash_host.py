"""A host in a process of its own, which dies where it is told to: see ``test_crash``.

Usage: ``python -m tests.crash_host URL JOURNAL COMMAND [ARGUMENT …]``
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import typing as t
from pathlib import Path

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import clock
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.delivery import Delivery
from flask_webhook_alerts.store.outbox import Outbox

KILLED = 9

db = SQLAlchemy()
alerts = WebhookAlerts(db)


def first_receiver(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
    write(app, f"first {event.id}")


def second_receiver(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
    if "DIES_IN_RECEIVER" in app.config:
        die()
    write(app, f"second {event.id}")


def write(app: Flask, line: str) -> None:
    with Path(app.config["JOURNAL"]).open("a") as journal:
        journal.write(f"{line}\n")


def die(*_: object) -> t.NoReturn:
    """End this process as ``kill -9`` does: nothing is cleaned up, nothing is written."""
    os._exit(KILLED)


def receive(app: Flask, integration_id: str, place: str) -> None:
    """Take an alert in, and die at a place on the way."""
    if place == "between commit and signal":
        setattr(Delivery, "announce", die)  # noqa: B010 - a type checker would mind, rightly
    elif place == "between signal and mark":
        setattr(Outbox, "mark", die)  # noqa: B010
    else:
        app.config["DIES_IN_RECEIVER"] = True
    payload = {"event_type": "create", "Id": "disk", "Title": "Disk full", "Description": "/var"}
    app.test_client().post(f"/integration/{integration_id}", json=payload)


def deliver(app: Flask, *later: str) -> None:
    """Send what is owed, after so many seconds each, and print how many events were sent."""
    started = clock.now()
    for seconds in later:
        clock.now = always(started + dt.timedelta(seconds=float(seconds)))
        with app.app_context():
            print(alerts.deliver_pending())  # noqa: T201 - for the test


def always(time: dt.datetime) -> t.Callable[[], dt.datetime]:
    return lambda: time


COMMANDS: dict[str, t.Callable[..., None]] = {"receive": receive, "deliver": deliver}


def main(url: str, journal: str, command: str, *arguments: str) -> None:
    app = Flask("crash_host")
    app.config.update(SQLALCHEMY_DATABASE_URI=url, JOURNAL=journal)
    db.init_app(app)
    alerts.init_app(app)
    for receiver in (first_receiver, second_receiver):
        alert_created.connect(receiver)
    COMMANDS[command](app, *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
