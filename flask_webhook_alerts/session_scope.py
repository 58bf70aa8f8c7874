"""Judge whether each receiver gets a session of its own."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from flask_webhook_alerts.findings import Finding
from flask_webhook_alerts.findings import Level
from flask_webhook_alerts.sessions import HostDatabase


def check_sessions(host: HostDatabase, app: Flask) -> Iterator[Finding]:
    """Tell whether the session of an app context is also that of a context inside of it."""
    outside = host.session
    with app.app_context():
        is_shared = host.session is outside
    if is_shared:
        words = (
            "db.session is one for several app contexts, so receivers work in the request's: what"
            " they leave uncommitted, or roll back, is the request's too. Leave scopefunc out of"
            " session_options."
        )
        yield Finding(level=Level.WARNING, about="sessions", words=words)
