"""Hold what one app has of this extension: the value of ``app.extensions["webhook_alerts"]``."""

from __future__ import annotations

import dataclasses
import typing as t

from flask import current_app
from flask import Flask

from .admission import Admission
from .admission import Limiter
from .config import Settings
from .database import Database
from .delivery import Delivery
from .integrations import Integrations
from .observers import Observers
from .reading import Reading
from .rejections import RejectionLog
from .retention import Retention
from .service import Service
from .triage import Triage
from .waking import Wake
from .waking import Waker

if t.TYPE_CHECKING:
    from .extension import WebhookAlerts

KEY = "webhook_alerts"


@dataclasses.dataclass(frozen=True, kw_only=True)
class State:
    """The settings and use cases of one app.

    :ivar wake: how this app wakes a worker; it may say by ``examine()`` what it finds.
    """

    settings: Settings
    database: Database
    delivery: Delivery
    admission: Admission
    service: Service
    triage: Triage
    integrations: Integrations
    reading: Reading
    rejections: RejectionLog
    retention: Retention
    wake: Wake
    limiter: Limiter | None
    observers: Observers


def build_state(
    settings: Settings, database: Database, *, wake: Wake, limiter: Limiter | None
) -> State:
    """Return the state of an app with these settings; nothing connects to the database yet."""
    observers = Observers()
    delivery = Delivery(settings, database, Waker(wake), observers)
    admission = Admission(database, limiter)
    service = Service(database, delivery, admission)
    return State(
        settings=settings,
        database=database,
        delivery=delivery,
        admission=admission,
        service=service,
        triage=Triage(database, service),
        integrations=Integrations(database),
        reading=Reading(database),
        rejections=RejectionLog(database),
        retention=Retention(settings.retention, database),
        wake=wake,
        limiter=limiter,
        observers=observers,
    )


def get_state() -> State:
    """Return the current app's state; raise :exc:`RuntimeError` if there is none."""
    return state_of(current_app)


def require(app: Flask, alerts: WebhookAlerts) -> None:
    """Raise :exc:`RuntimeError` unless ``alerts`` is initialised for ``app``."""
    state = app.extensions.get(KEY)
    if state is None or state.database.models.Alert is not alerts.Alert:
        raise RuntimeError("Call alerts.init_app(app) first, on the alerts that are given here.")


def state_of(app: Flask) -> State:
    """Return the state of ``app``; raise :exc:`RuntimeError` if there is none."""
    state = app.extensions.get(KEY)
    if state is None:
        raise RuntimeError(
            "WebhookAlerts is not initialised for this app."
            " Call alerts.init_app(app) in its factory."
        )

    return t.cast(State, state)
