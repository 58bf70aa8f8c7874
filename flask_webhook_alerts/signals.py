"""Announce what happened to alerts.

The sender of each signal is the application object itself, so ``connect(receiver, sender=app)``
takes the real app and not ``current_app``. Receivers take ``**extra``: later versions may send
more. Blinker holds receivers weakly: connect functions that live at module level.
"""

from __future__ import annotations

from collections.abc import Mapping

import blinker

from .events import EventKind

_signals = blinker.Namespace()

alert_created: blinker.NamedSignal = _signals.signal("alert-created")
"""Sent after a new alert is committed, at least once: ``alert``, ``integration`` and ``event``,
rows loaded through the ``db.session`` of the receiver's own app context."""

alert_acknowledged: blinker.NamedSignal = _signals.signal("alert-acknowledged")
"""Sent after an acknowledgement is committed, at least once, with the same arguments."""

alert_resolved: blinker.NamedSignal = _signals.signal("alert-resolved")
"""Sent after a resolution is committed, at least once, with the same arguments."""

alert_reopened: blinker.NamedSignal = _signals.signal("alert-reopened")
"""Sent after a person took a resolution back and that is committed, at least once, with the same
arguments. No sender can reopen an alert: a create after a resolve opens a new one."""

alert_repeated: blinker.NamedSignal = _signals.signal("alert-repeated")
"""Sent after a repeated create is counted, best effort: ``alert`` and ``integration``."""

request_rejected: blinker.NamedSignal = _signals.signal("request-rejected")
"""Sent for each refused request, best effort: ``integration`` (None if none was found, or the
database is away), the HTTP ``status`` and the ``reason`` in words. Never with a token or a body."""

OF_EVENTS: Mapping[EventKind, blinker.NamedSignal] = {
    EventKind.CREATED: alert_created,
    EventKind.ACKNOWLEDGED: alert_acknowledged,
    EventKind.RESOLVED: alert_resolved,
    EventKind.REOPENED: alert_reopened,
}
"""The signal of each kind of event that is owed to receivers."""
