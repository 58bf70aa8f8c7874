"""The on-call desk of a made-up shop: a small, real host of Flask-Webhook-Alerts.

Set it up and start it::

    flask --app example_app demo setup
    flask --app example_app run
"""

from __future__ import annotations

from .app import create_app

__all__ = ["create_app"]
