"""Offer the commands: ``flask webhook-alerts …``."""

from __future__ import annotations

# Each of these adds its commands to the group.
from . import alerts
from . import delivering
from . import doctor
from . import integrations
from . import purge
from . import sending
from .base import group

__all__ = ["alerts", "delivering", "doctor", "group", "integrations", "purge", "sending"]
