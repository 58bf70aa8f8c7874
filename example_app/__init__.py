"""The on-call desk of a made-up shop: a small, real host of Flask-Webhook-Alerts.

Set it up and start it::

    flask --app example_app demo setup
    flask --app example_app run

A program that shows the token in ``FLASK_API_TOKEN`` may use the REST API at ``/api/v1``.
"""

from __future__ import annotations

from .app import create_app

__all__ = ["create_app"]
