"""Show the numbers behind the charts to programs."""

from __future__ import annotations

from flask_webhook_alerts.state import get_state

from .figures import Stats
from .inputs import StatsQuery
from .operations import Answer
from .operations import Call
from .operations import Operations

statistics: Operations = Operations("stats")


@statistics.get("/stats", Stats(), query=StatsQuery())
def get_stats(call: Call) -> Answer:
    """Count what there is now, and summarize the last days.

    10,001 alerts in a status stand for more than 10,000. How long alerts took is measured of the
    newest 10,000 of these days at most; all else counts every alert.
    """
    reading = get_state().reading
    now = {"alerts": reading.counts(), "deliveries": reading.delivery_counts()}
    return Answer({**vars(reading.stats(call.query["days"])), **now})
