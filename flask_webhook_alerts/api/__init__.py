"""Serve alerts, integrations and deliveries to programs, over REST."""

from __future__ import annotations

from .blueprint import Api
from .guard import bearer_token

__all__ = ["Api", "bearer_token"]
