"""Count requests, receivers, alerts and what is owed, for Prometheus.

What happens in a process is counted in it, by the core's observers. What is stored is read from the
database when somebody asks, so that any number of processes tell the same.
"""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("prometheus_client") is None:
    raise ImportError("Metrics need the extra: install Flask-Webhook-Alerts[metrics].")

from .counting import OUTCOMES
from .counting import REFUSED
from .metrics import Metrics
from .stored import StoredCollector

__all__ = ["OUTCOMES", "REFUSED", "Metrics", "StoredCollector"]
