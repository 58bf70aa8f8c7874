"""Show the alerts: what is wrong now, and whatever else is searched for."""

from __future__ import annotations

import dataclasses

from flask import Blueprint
from flask import request
from flask import Response

from flask_webhook_alerts.events import Urgency
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record

from . import charts
from . import senders
from .live import mark
from .pages import page
from .queries import AGES
from .queries import ListQuery
from .queries import TABS

_STRIP = 24


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter that is set, and the arguments of the view without it."""

    about: str
    value: str
    without: dict[str, object]


def register(blueprint: Blueprint) -> None:
    """Add the list's route."""
    blueprint.add_url_rule("/", "alerts", show, methods=["GET"])


def show() -> Response:
    """Show a page of alerts, or how to begin where nothing can come in yet."""
    reading = get_state().reading
    integrations = reading.integrations()
    if not integrations:
        return page("first_run.html", senders=senders.SENDERS)

    query = ListQuery.read(request.args)
    found = reading.alerts(query.wanted, before=query.before, after=query.after)
    return page(
        "alerts.html",
        query=query,
        tabs=TABS,
        ages=AGES,
        chips=_chips(query, integrations),
        integrations=integrations,
        urgencies=tuple(reversed(Urgency)),
        found=found,
        marks=" ".join(map(mark, found.records)) if query.is_first else "",
        strip=charts.strip(reading.hours(_STRIP)),
        newest=reading.newest() if not found.records else None,
    )


def _chips(query: ListQuery, integrations: list[Record]) -> list[Chip]:
    names = {record["id"]: record["name"] for record in integrations}
    shown = {
        "q": ("has", query.q),
        "integration": ("from", names.get(query.integration, query.integration)),
        "tag": ("tagged", query.tag),
        "urgency": ("urgency", query.urgency),
        "incident": ("only", "incidents" if query.incident else ""),
        "age": ("from", AGES[query.age][0] if query.age else ""),
        "key": ("with Id", query.key),
    }
    return [
        Chip(about=about, value=value, without=query.args(**{name: ""}))
        for name, (about, value) in shown.items()
        if value
    ]
