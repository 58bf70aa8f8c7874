"""Empty the tables between tests that share a database."""

from __future__ import annotations

from flask import Flask

from flask_webhook_alerts.store.listings import Listings

from .hosts import explained
from .hosts import require_app
from .hosts import state_of


def delete_alerts(app: Flask) -> None:
    """Delete every integration of an app, every alert and every event.

    :raises Refused: rows of the host's own refer to an alert, and do not go with it.
    """
    state = state_of(require_app(app))
    # In a context of its own: what a test has left in its session is not committed with it.
    with app.app_context(), explained():
        listings = Listings(state.database.models)
        for record in state.database.run(listings.integrations):
            state.integrations.delete(record["id"], with_alerts=True)
