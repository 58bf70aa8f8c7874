"""Offer the commands: ``flask webhook-alerts …``."""

from __future__ import annotations

from flask.cli import AppGroup

group = AppGroup("webhook-alerts", help="Manage webhook alerts.")
