"""Show alerts to programs, and let them do what people do."""

from __future__ import annotations

import typing as t

from flask_webhook_alerts import events
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.state import get_state

from . import links
from .inputs import AlertQuery
from .inputs import BulkBody
from .inputs import NoteBody
from .operations import Answer
from .operations import Call
from .operations import Operations
from .outputs import Alert
from .outputs import AlertPage
from .outputs import BulkReceipts
from .outputs import NOT_FOUND
from .outputs import Receipt

alerts: Operations = Operations("alerts")


@alerts.get("/alerts", AlertPage(), query=AlertQuery(), gives=("Link",))
def list_alerts(call: Call) -> Answer:
    """List alerts, the newest first.

    Follow the `Link` with `rel="next"` until there is none. Where no index can tell which alerts
    fit (a tag, an urgency, a text, an Id, whether it is an incident), a page looks through some
    thousand alerts: it may be short, or empty, and still have a next one.
    """
    query = call.query
    page = get_state().reading.alerts(query["wanted"], limit=query["limit"], **query["cursor"])
    return Answer(
        {"alerts": page.records, "searched_to": page.searched_to},
        headers=links.to_pages(older=page.older, newer=page.newer),
    )


@alerts.get("/alerts/{alert_id}", Alert(), problems=(404,))
def get_alert(call: Call, alert_id: int) -> Answer:
    """Return everything about an alert, with its timeline."""
    reading = get_state().reading
    return Answer({**reading.alert(alert_id), "events": reading.timeline(alert_id)})


@alerts.post("/alerts/{alert_id}/acknowledge", Receipt(), problems=(404,))
def acknowledge_alert(call: Call, alert_id: int) -> Answer:
    """Say that somebody looks after an alert.

    The outcome is `unchanged` if it was acknowledged before, and `ignored` if it is resolved.
    """
    return _changed(alert_id, EventKind.ACKNOWLEDGED, call.by)


@alerts.post("/alerts/{alert_id}/resolve", Receipt(), problems=(404,))
def resolve_alert(call: Call, alert_id: int) -> Answer:
    """Say that an alert is over.

    The outcome is `ignored` if it was resolved before.
    """
    return _changed(alert_id, EventKind.RESOLVED, call.by)


@alerts.post("/alerts/{alert_id}/reopen", Receipt(), problems=(404,))
def reopen_alert(call: Call, alert_id: int) -> Answer:
    """Take the resolution of an alert back.

    The outcome is `unchanged` if it is not resolved, and `ignored` while a newer alert with the
    same Id is active.
    """
    return _changed(alert_id, EventKind.REOPENED, call.by)


@alerts.post("/alerts/{alert_id}/notes", Receipt(), body=NoteBody(), status=201, problems=(404,))
def add_note(call: Call, alert_id: int) -> Answer:
    """Put a note into an alert's timeline, as an event of kind `noted`."""
    return Answer(_receipt(get_state().triage.note(alert_id, call.body["text"], call.by)))


@alerts.post("/alerts/acknowledge", BulkReceipts(), body=BulkBody())
def acknowledge_alerts(call: Call) -> Answer:
    """Acknowledge several alerts, each for itself.

    After a 503 some may be done: send the same request again.
    """
    return _all_changed(call, EventKind.ACKNOWLEDGED)


@alerts.post("/alerts/resolve", BulkReceipts(), body=BulkBody())
def resolve_alerts(call: Call) -> Answer:
    """Resolve several alerts, each for itself.

    After a 503 some may be done: send the same request again.
    """
    return _all_changed(call, EventKind.RESOLVED)


def _changed(alert_id: int, kind: EventKind, by: str | None) -> Answer:
    return Answer(_receipt(get_state().triage.change(alert_id, kind, by)))


def _all_changed(call: Call, kind: EventKind) -> Answer:
    receipts = get_state().triage.change_all(call.body["ids"], kind, call.by)
    results = [{"id": alert_id, **_receipt(receipt)} for alert_id, receipt in receipts.items()]
    return Answer({"results": results})


def _receipt(receipt: events.Receipt | None) -> dict[str, t.Any]:
    if receipt is None:
        return {"outcome": NOT_FOUND, "reason": "There is no such alert.", "alert": None}

    alert = None
    if receipt.alert_id is not None:
        alert = {
            "id": receipt.alert_id,
            "thirdparty_id": receipt.thirdparty_id,
            "status": receipt.status,
            "occurrences": receipt.occurrences,
        }
    return {"outcome": receipt.outcome, "reason": receipt.reason, "alert": alert}
