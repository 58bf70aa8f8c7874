"""Test a host's own code: send it alerts, watch its signals, hold its clock.

Nothing here needs pytest; its fixtures of the same names are a few lines over these classes.
"""

from __future__ import annotations

from .answers import Answer
from .answers import read_answer
from .cleaning import delete_alerts
from .clients import Alertmanager
from .clients import Apprise
from .clients import Healthchecks
from .clients import LibreNMS
from .clients import PagerTree
from .clients import Payload
from .clients import Peekaping
from .clients import Plain
from .clients import UptimeKuma
from .factories import AlertFactory
from .factories import IntegrationFactory
from .failures import ReceiverFailures
from .holding import HeldClock
from .hosts import require_app
from .owed import Deliverer
from .owed import Report
from .recorded import RecordedSignal
from .recorded import SignalKind
from .recording import AlertRecorder
from .sending import AlertSender
from .snapshots import Snapshot

__all__ = [
    "AlertFactory",
    "AlertRecorder",
    "AlertSender",
    "Alertmanager",
    "Answer",
    "Apprise",
    "Deliverer",
    "Healthchecks",
    "HeldClock",
    "IntegrationFactory",
    "LibreNMS",
    "PagerTree",
    "Payload",
    "Peekaping",
    "Plain",
    "ReceiverFailures",
    "RecordedSignal",
    "Report",
    "SignalKind",
    "Snapshot",
    "UptimeKuma",
    "delete_alerts",
    "read_answer",
    "require_app",
]
