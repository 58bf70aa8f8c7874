"""A good history: an alert is opened, repeated, acknowledged, resolved; one answer got lost."""

from __future__ import annotations

import dataclasses

from tests.faults.records import AlertRow
from tests.faults.records import Attempt
from tests.faults.records import Call
from tests.faults.records import EventRow
from tests.faults.records import History

OPENED = Attempt(
    client="ann",
    op="create",
    integration="int_1",
    thirdparty_id="disk",
    nonce="n1",
    invoked_at=1.0,
    answered_at=1.1,
    status=200,
    outcome="created",
    alert_id=7,
    occurrences=1,
)
UNANSWERED = dataclasses.replace(
    OPENED,
    nonce="n2",
    invoked_at=2.0,
    answered_at=2.1,
    status=None,
    outcome=None,
    alert_id=None,
    occurrences=None,
)
REPEATED = dataclasses.replace(
    UNANSWERED,
    invoked_at=2.2,
    answered_at=2.3,
    status=200,
    outcome="repeated",
    alert_id=7,
    occurrences=3,
)
ACKNOWLEDGED = dataclasses.replace(
    OPENED,
    op="acknowledge",
    nonce="n3",
    invoked_at=3.0,
    answered_at=3.1,
    outcome="acknowledged",
    occurrences=3,
)
RESOLVED = dataclasses.replace(
    OPENED,
    op="resolve",
    nonce="n4",
    invoked_at=4.0,
    answered_at=4.1,
    outcome="resolved",
    occurrences=3,
)
ALERT = AlertRow(
    id=7,
    integration="int_1",
    thirdparty_id="disk",
    nonce="n1",
    status="resolved",
    is_keyed=False,
    was_acknowledged=True,
    was_resolved=True,
    occurrences=3,
)
SECOND_ALERT = dataclasses.replace(
    ALERT,
    id=8,
    nonce="n2",
    status="open",
    is_keyed=True,
    was_acknowledged=False,
    was_resolved=False,
    occurrences=1,
)
KINDS = ("created", "acknowledged", "resolved")
EVENTS = tuple(
    EventRow(id=20 + place, alert_id=7, kind=kind, is_delivered=True)
    for place, kind in enumerate(KINDS)
)
SECOND_CREATED = EventRow(id=30, alert_id=8, kind="created", is_delivered=True)
CALLS = tuple(
    Call(receiver=receiver, event_id=event.id, alert_id=7)
    for event in EVENTS
    for receiver in ("pager", "logbook")
)
SECOND_CALLS = (
    Call(receiver="pager", event_id=30, alert_id=8),
    Call(receiver="logbook", event_id=30, alert_id=8),
)
GOOD = History(
    attempts=(OPENED, UNANSWERED, REPEATED, ACKNOWLEDGED, RESOLVED),
    alerts=(ALERT,),
    events=EVENTS,
    calls=CALLS,
    receivers=frozenset({"pager", "logbook"}),
)
