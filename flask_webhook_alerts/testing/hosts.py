"""Reach the app under test: what it must be, and its app context."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from flask import current_app
from flask import Flask
from flask import has_app_context

from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.examination import explain
from flask_webhook_alerts.state import KEY
from flask_webhook_alerts.state import State
from flask_webhook_alerts.state import state_of


def require_app(app: object) -> Flask:
    """Return the application itself if alerts can be sent to it.

    :param app: the application, or a proxy of it.
    :raises TypeError: it is no Flask application.
    :raises RuntimeError: it has no WebhookAlerts. The message says what to write.
    """
    app = getattr(app, "_get_current_object", lambda: app)()
    if not isinstance(app, Flask):
        raise TypeError(
            f"The app under test is a Flask application, and not {type(app).__name__}."
            " Return what create_app() returns."
        )

    if KEY not in app.extensions:
        raise RuntimeError(
            f"The app under test, {app.name!r}, has no WebhookAlerts."
            " Call alerts.init_app(app) in its factory."
        )

    return app


def is_inside(app: Flask) -> bool:
    """Tell whether a context of this app is pushed here."""
    # The proxy compares as the application that it stands for.
    return has_app_context() and current_app == app


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Add a note to errors of the database that says what to do, such as to create the tables."""
    try:
        yield
    except (Refused, Unavailable) as error:
        error.add_note(explain(error))
        raise


@contextlib.contextmanager
def host_call(app: Flask) -> Iterator[State]:
    """Stand in the app context in which the test stands, or in one that is pushed for the call."""
    with contextlib.nullcontext() if is_inside(app) else app.app_context(), explained():
        yield state_of(app)
