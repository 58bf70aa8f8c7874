"""Show one alert: what the sender said, what happened since, and what became of the signals."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import request
from flask import Response

from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record
from flask_webhook_alerts.store.values import MAX_ATTEMPTS
from flask_webhook_alerts.triage import LONGEST_NOTE

from . import ids
from .formats import as_json
from .live import mark
from .pages import page


def register(blueprint: Blueprint) -> None:
    """Add the routes of one alert."""
    blueprint.add_url_rule(f"/{ids.ALERT}", "alert", show, methods=["GET"])
    blueprint.add_url_rule(f"/{ids.ALERT}/raw", "raw", download, methods=["GET"])


def show(alert_id: int) -> Response:
    """Show one alert."""
    reading = get_state().reading
    alert, timeline = reading.alert(alert_id), reading.timeline(alert_id)
    return page(
        "alert.html",
        alert=alert,
        timeline=timeline,
        earlier=reading.earlier(alert),
        last_by=_last_by(timeline),
        mark=f"{mark(alert)}:{len(timeline)}",
        raw=as_json(_raw(alert, timeline)) if request.args.get("tab") == "raw" else None,
        most_attempts=MAX_ATTEMPTS,
        longest_note=LONGEST_NOTE,
    )


def download(alert_id: int) -> Response:
    """Return everything that is stored of an alert, as a file that no browser runs."""
    reading = get_state().reading
    text = as_json(_raw(reading.alert(alert_id), reading.timeline(alert_id)))
    response = Response(text, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="alert-{alert_id}.json.txt"'
    return response


def _raw(alert: Record, timeline: list[Record]) -> dict[str, t.Any]:
    return {**alert, "events": timeline}


def _last_by(timeline: list[Record]) -> dict[str, str | None]:
    """Return who did the last event of each kind."""
    return {event["kind"]: event["by"] for event in timeline}
