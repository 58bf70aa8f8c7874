"""A host that delivers by Celery: what the tests post to, and what their workers run.

A worker finds its settings in variables that begin with ``HOST_``, like ``tests.faults.host_app``,
whose receivers it connects.
"""

from __future__ import annotations

import datetime as dt
import os
import time
import typing as t
from collections.abc import Mapping

from celery import Celery
from celery import Task
from flask import Flask

from flask_webhook_alerts import delivery
from flask_webhook_alerts.contrib.celery import SWEEP
from flask_webhook_alerts.store import outbox
from tests.faults.host_app import alerts
from tests.faults.host_app import db
from tests.faults.host_app import RECEIVERS
from tests.faults.host_app import SIGNALS


def celery_init_app(app: Flask) -> Celery[t.Any]:
    """Give ``app`` a Celery app, as Flask's documentation does."""

    class FlaskTask(Task):  # type: ignore[type-arg]  # older ones cannot be subscribed
        def __call__(self, *args: object, **kwargs: object) -> object:
            with app.app_context():
                return self.run(*args, **kwargs)

    celery: Celery[t.Any] = Celery(app.name, task_cls=FlaskTask)
    celery.config_from_object(app.config["CELERY"])
    celery.set_default()
    app.extensions["celery"] = celery
    return celery


def create_app(config: Mapping[str, t.Any]) -> Flask:
    """Return a host to which nobody listens: it takes alerts in, and wakes workers."""
    app = Flask("celery_host")
    app.config.from_mapping(config)
    app.config["WEBHOOK_ALERTS_DELIVERY"] = "celery"
    celery_init_app(app)
    db.init_app(app)
    alerts.init_app(app)
    return app


def settings(broker: str, queue: str, *, sweep_every: float = 1.0) -> dict[str, t.Any]:
    """Return the settings of a Celery app that shares its broker with others' tests."""
    beat = {"task": SWEEP, "schedule": sweep_every, "options": {"expires": sweep_every}}
    return {
        "broker_url": broker,
        "task_default_queue": queue,
        "task_ignore_result": True,
        "beat_schedule": {"sweep": beat},
        "broker_connection_retry_on_startup": True,
        "worker_hijack_root_logger": False,
    }


def serve() -> Celery:
    """Return the Celery app that the workers of the tests run."""
    app = Flask("settings")
    app.config.from_prefixed_env("HOST")
    # Who dies holds an event no longer than a test has patience.
    lease = dt.timedelta(seconds=app.config["LEASE"])
    for module in (delivery, outbox):
        setattr(module, "LEASE", lease)  # noqa: B010 - a type checker would mind, rightly
    host = create_app(app.config)
    for signal in SIGNALS:
        for receiver in (*RECEIVERS, take_time):
            signal.connect(receiver, sender=host)
    return t.cast(Celery, host.extensions["celery"])


def take_time(app: Flask, **extra: t.Any) -> None:
    """Work between the two others, which come before and after by their names."""
    time.sleep(app.config["RECEIVERS_TAKE"])


if "HOST_SQLALCHEMY_DATABASE_URI" in os.environ:
    celery_app = serve()
