"""Show the events whose signals are not delivered, and send them again."""

from __future__ import annotations

from flask import Blueprint
from flask import request
from flask import Response
from flask import url_for

from flask_webhook_alerts.config import DeliveryMode
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.deliveries import DeliveryState
from flask_webhook_alerts.store.values import MAX_ATTEMPTS

from . import ids
from . import notices
from .formats import plural
from .pages import page

_AT_ONCE = 100
"""Events that one press of the button delivers at most: the person waits for their receivers."""

_STATES = {str(state): state for state in DeliveryState}


def register(blueprint: Blueprint) -> None:
    """Add the routes of the deliveries."""
    blueprint.add_url_rule("/deliveries", "deliveries", show, methods=["GET"])
    blueprint.add_url_rule("/deliveries/deliver", "deliver", deliver, methods=["POST"])
    blueprint.add_url_rule("/deliveries/revive", "revive", revive, methods=["POST"])


def show() -> Response:
    """Show the events in one state, the newest first."""
    state = get_state()
    reading = state.reading
    chosen = _STATES.get(request.args.get("state", ""), DeliveryState.OWED)
    before = ids.number(request.args.get("before", "")) or None
    return page(
        "deliveries.html",
        chosen=str(chosen),
        delivery_counts={str(one): count for one, count in reading.delivery_counts().items()},
        found=reading.deliveries(chosen, before=before),
        owed=reading.owed(),
        is_inline=state.settings.delivery is DeliveryMode.INLINE,
        most_attempts=MAX_ATTEMPTS,
    )


def deliver() -> Response:
    """Send what is due now."""
    count = get_state().delivery.deliver_pending(_AT_ONCE)
    left = get_state().reading.owed()
    words = f"{plural(count, 'event')} delivered."
    if left.count:
        words += f" {plural(left.count, 'event')} still owed: not due yet, or failed again."
    return notices.send_to(_place(), words, level="warning" if left.count else "done")


def revive() -> Response:
    """Make a dead event due again, or all of them."""
    event_id = ids.existing(request.form.get("event", ""), "event")
    if event_id is None and "all" not in request.form:
        return notices.send_to(_place(), "Choose an event first.", level="warning")

    count = get_state().delivery.revive(event_id)
    words = f"{plural(count, 'event')} due again. A deliverer sends them, or you do by the button."
    return notices.send_to(url_for(".deliveries"), words)


def _place() -> str:
    return url_for(".deliveries", state=_STATES.get(request.args.get("state", "")))
