"""Show the numbers: how much came, how fast it was seen to, and what is loudest."""

from __future__ import annotations

from flask import Blueprint
from flask import request
from flask import Response

from flask_webhook_alerts.state import get_state

from . import charts
from .pages import page

PERIODS: dict[int, str] = {1: "24 hours", 7: "7 days", 30: "30 days"}
"""Days → what people read."""

WEEKDAYS: tuple[str, ...] = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)  # fmt: skip
"""The rows of the heat map."""


def register(blueprint: Blueprint) -> None:
    """Add the route of the numbers."""
    blueprint.add_url_rule("/stats", "stats", show, methods=["GET"])


def show() -> Response:
    """Show the numbers of a period."""
    days = request.args.get("days", type=int)
    days = days if days in PERIODS else 7
    is_hourly = days == 1
    stats = get_state().reading.stats(days, from_midnight=not is_hourly)
    return page(
        "stats.html",
        days=days,
        periods=PERIODS,
        stats=stats,
        created=sum(day.created for day in stats.days),
        resolved=sum(day.resolved for day in stats.days),
        chart=charts.bar_chart(stats.hours if is_hourly else stats.days, hourly=is_hourly),
        width=charts.WIDTH,
        height=charts.HEIGHT,
        heat=charts.heat_map(stats.week),
        weekdays=WEEKDAYS,
    )
