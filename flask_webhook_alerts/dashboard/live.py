"""Answer the script that looks again every few seconds, whether there is anything new."""

from __future__ import annotations

import json
import typing as t

from flask import Blueprint
from flask import request
from flask import Response

from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.reading import PAGE
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record

from . import ids
from .formats import at_most
from .pages import with_etag
from .queries import ListQuery


def register(blueprint: Blueprint) -> None:
    """Add the routes of the script's questions."""
    blueprint.add_url_rule("/live", "live", look, methods=["GET"])
    blueprint.add_url_rule(f"/live/{ids.ALERT}", "live_alert", look_at, methods=["GET"])


def look() -> Response:
    """Tell the counts, and in which states the alerts of a list are, as ``id:state``."""
    query = ListQuery.read(request.args)
    rows = list[Record]()
    if request.args.get("rows") == "1":
        rows = get_state().reading.alerts(query.wanted).records
    return _answer([mark(row) for row in rows])


def look_at(alert_id: int) -> Response:
    """Tell the counts, and in which state one alert is; none if it is gone."""
    reading = get_state().reading
    rows = reading.alerts_of([alert_id])
    events = len(reading.timeline(alert_id))
    return _answer([f"{mark(row)}:{events}" for row in rows])


def mark(row: Record) -> str:
    """Return ``id:state``: it changes when anything about an alert in a list does."""
    return f"{row['id']}:{row['status'][0]}{row['occurrences']}"


def _answer(rows: list[str]) -> Response:
    counts = get_state().reading.counts()
    content: dict[str, t.Any] = {
        "open": counts[AlertStatus.OPEN],
        "counts": {str(status): at_most(count) for status, count in counts.items()},
        "rows": rows,
        "is_all": len(rows) < PAGE,
    }
    return with_etag(json.dumps(content, separators=(",", ":")), "application/json")
