"""Let a program of the shop's work with the alerts: whoever shows the token of the settings."""

from __future__ import annotations

import hmac

from flask import current_app

from flask_webhook_alerts.api import Api
from flask_webhook_alerts.api import bearer_token

from .database import alerts

PROGRAM = "deploy bot"


def authorize() -> str | None:
    """Return the program's name if it shows ``API_TOKEN``; while that is unset, nobody may."""
    shown, expected = bearer_token(), str(current_app.config.get("API_TOKEN") or "")
    if shown and hmac.compare_digest(shown.encode(), expected.encode()):
        return PROGRAM
    return None


api = Api(alerts, authorize=authorize)
