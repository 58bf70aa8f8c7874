"""Pages over the alerts: an optional blueprint that a host mounts with one call and one guard."""

from __future__ import annotations

from .guards import basic_auth
from .guards import flask_login
from .mounting import Dashboard

__all__ = ["Dashboard", "basic_auth", "flask_login"]
