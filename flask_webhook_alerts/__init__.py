"""Take in the alerts of monitoring tools, in your own Flask app and your own database.

PYTEST_DONT_REWRITE: pytest would warn of an app that imports this and then runs its tests.
"""

from __future__ import annotations

from .__about__ import __version__
from .errors import ConfigError
from .errors import InvalidOption
from .errors import NotFound
from .errors import Refused
from .errors import Rejected
from .errors import Unavailable
from .errors import WebhookAlertsError
from .events import AlertStatus
from .events import EventKind
from .events import EventType
from .events import Outcome
from .events import Receipt
from .events import Severity
from .events import Urgency
from .extension import WebhookAlerts
from .models import AlertEventMixin
from .models import AlertMixin
from .models import IntegrationMixin
from .signals import alert_acknowledged
from .signals import alert_created
from .signals import alert_reopened
from .signals import alert_repeated
from .signals import alert_resolved
from .signals import request_rejected

__all__ = [
    "AlertEventMixin",
    "AlertMixin",
    "AlertStatus",
    "ConfigError",
    "EventKind",
    "EventType",
    "IntegrationMixin",
    "InvalidOption",
    "NotFound",
    "Outcome",
    "Receipt",
    "Refused",
    "Rejected",
    "Severity",
    "Unavailable",
    "Urgency",
    "WebhookAlerts",
    "WebhookAlertsError",
    "__version__",
    "alert_acknowledged",
    "alert_created",
    "alert_reopened",
    "alert_repeated",
    "alert_resolved",
    "request_rejected",
]
