"""Explain: the payload, the answers, the limits, and whether all is well with the app."""

from __future__ import annotations

from flask import Blueprint
from flask import Response

from flask_webhook_alerts import urls
from flask_webhook_alerts.decoding import MAX_DEPTH
from flask_webhook_alerts.decoding import MAX_VALUES
from flask_webhook_alerts.examination import examine
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.rejections import KEPT
from flask_webhook_alerts.store.values import MAX_ATTEMPTS

from .pages import page

FIELDS: tuple[tuple[str, str, str, str], ...] = (
    ("event_type", "required", "required", "create, acknowledge or resolve"),
    ("Id", "required", "required", "the sender’s own key of the alert, 512 characters at most"),
    ("Title", "required", "–", "text"),
    ("Description", "required", "–", "text; addresses of the web become links"),
    ("Tags", "optional", "–", "list of texts"),
    ("Urgency", "optional", "–", "silent, low, medium, high or critical"),
    ("Meta", "optional", "–", "object; incident, incident_severity and incident_message count"),
    ("dedup_keys", "optional", "–", "text or list of texts"),
)
"""Name, whether a create needs it, whether the others do, and what it is."""

ANSWERS: tuple[tuple[str, str], ...] = (
    ("200", "Accepted. The outcome says what became of it."),
    ("400", "Not JSON, not UTF-8, nested too deeply, or not an object."),
    ("403", "The token is missing or wrong."),
    ("404", "There is no integration with this id."),
    ("405", "Not a POST, or the integration is disabled."),
    ("413", "The body is too large."),
    ("415", "The content type is not JSON, or the body is compressed."),
    ("422", "A field is missing or wrong; errors says which, and why."),
    ("429", "Too many requests; Retry-After says when to come again."),
    ("503", "This server cannot take it now and nothing was stored: send it again."),
)
"""Status, and what it means to a sender."""


def register(blueprint: Blueprint) -> None:
    """Add the route of the explanations."""
    blueprint.add_url_rule("/help", "help", show, methods=["GET"])


def show() -> Response:
    """Show the explanations."""
    state = get_state()
    limits = (
        ("Largest body", f"{state.settings.max_content_length:,} bytes"),
        ("Deepest nesting", f"{MAX_DEPTH} levels"),
        ("Most values in a body", f"{MAX_VALUES:,}"),
        ("Most events", state.settings.rate_limit or "no limit"),
        ("Attempts at a delivery", str(MAX_ATTEMPTS)),
        ("Refusals kept", f"{KEPT} of each integration"),
        ("Header of the token", state.settings.token_header),
        ("Endpoint", str(urls.url_or_fault("ID"))),
    )
    return page(
        "help.html", fields=FIELDS, answers=ANSWERS, limits=limits, findings=list(examine(state))
    )
