"""Show what is not delivered to programs, and let them send it again."""

from __future__ import annotations

from flask_webhook_alerts.config import DeliveryMode
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.deliveries import DeliveryState

from . import links
from . import outputs
from .inputs import DeliveryQuery
from .operations import Answer
from .operations import Call
from .operations import Operations
from .refusals import Declined

deliveries: Operations = Operations("deliveries")


@deliveries.get("/deliveries", outputs.Deliveries(), query=DeliveryQuery(), gives=("Link",))
def list_deliveries(call: Call) -> Answer:
    """List events whose signals are not delivered, the newest first."""
    query = call.query
    page = get_state().reading.deliveries(
        DeliveryState(query["state"]), limit=query["limit"], **query["cursor"]
    )
    return Answer({"deliveries": page.records}, headers=links.to_pages(older=page.older))


@deliveries.get("/deliveries/{event_id}", outputs.Delivery(), problems=(404,))
def get_delivery(call: Call, event_id: int) -> Answer:
    """Return an event and what became of its signal, delivered or not."""
    return Answer(get_state().reading.delivery(event_id))


@deliveries.post("/deliveries/{event_id}/send-again", outputs.Delivery(), problems=(404, 409))
def send_again(call: Call, event_id: int) -> Answer:
    """Send a dead event again, with ten new attempts.

    Where signals are sent in requests, the first attempt is made in this one; else it is due.
    """
    state = get_state()
    state.reading.delivery(event_id)
    if not state.delivery.revive(event_id):
        raise Declined(409, "not_dead", "The event is not dead: it is delivered, or still tried.")

    if state.settings.delivery is DeliveryMode.INLINE:
        state.delivery.deliver_event(event_id)
    return Answer(state.reading.delivery(event_id))


@deliveries.post("/deliveries/send-again", outputs.Revival())
def send_all_again(call: Call) -> Answer:
    """Make every dead event due again, for whoever delivers what is owed."""
    return Answer({"revived": get_state().delivery.revive()})
