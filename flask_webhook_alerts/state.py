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
from .service import Service
from .triage import Triage

KEY = "webhook_alerts"


@dataclasses.dataclass(frozen=True, kw_only=True)
class State:
    """The settings and use cases of one app."""

    settings: Settings
    database: Database
    delivery: Delivery
    admission: Admission
    service: Service
    triage: Triage
    integrations: Integrations
    reading: Reading
    rejections: RejectionLog
    limiter: Limiter | None
    observers: Observers


def get_state() -> State:
    """Return the current app's state; raise :exc:`RuntimeError` if there is none."""
    return state_of(current_app)


def state_of(app: Flask) -> State:
    """Return the state of ``app``; raise :exc:`RuntimeError` if there is none."""
    state = app.extensions.get(KEY)
    if state is None:
        raise RuntimeError(
            "WebhookAlerts is not initialised for this app."
            " Call alerts.init_app(app) in its factory."
        )

    return t.cast(State, state)
