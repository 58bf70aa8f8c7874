"""Empty the tables between tests that share a database."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from flask_webhook_alerts.mapping import table_of
from flask_webhook_alerts.state import state_of

from .hosts import explained
from .hosts import require_app


def delete_alerts(app: Flask) -> None:
    """Delete every integration of an app, every alert, every event and every refusal.

    :raises Refused: rows of the host's own refer to an alert, and do not go with it.
    """
    state = state_of(require_app(app))
    # In a context of its own: what a test has left in its session is not committed with it.
    with app.app_context(), explained():
        for record in state.reading.integrations():
            state.integrations.delete(record["id"], with_alerts=True)
        of_nobody = sa.delete(table_of(state.database.models.Rejection))
        state.database.run(lambda connection: connection.execute(of_nobody))
