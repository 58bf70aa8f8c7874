"""Show the integrations, and make new ones."""

from __future__ import annotations

import dataclasses

from flask import Blueprint
from flask import request
from flask import Response
from flask import url_for

from flask_webhook_alerts import tokens
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.state import get_state

from . import notices
from . import senders
from .pages import page

_SHOWN = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewIntegration:
    """What the form says."""

    name: str
    sender: senders.Sender
    with_token: bool

    @classmethod
    def read(cls) -> NewIntegration:
        """Return what was sent."""
        return cls(
            name=request.form.get("name", "").strip(),
            sender=senders.find(request.form.get("sender", "")),
            with_token="with_token" in request.form,
        )


def register(blueprint: Blueprint) -> None:
    """Add the routes of the list."""
    blueprint.add_url_rule("/integrations", "integrations", show, methods=["GET"])
    blueprint.add_url_rule("/integrations", "create_integration", create, methods=["POST"])
    blueprint.add_url_rule("/integrations/new", "new_integration", offer, methods=["GET"])


def show() -> Response:
    """Show all integrations, and what was posted to addresses that nobody has."""
    reading = get_state().reading
    return page(
        "integrations.html",
        integrations=reading.integrations(),
        strays=reading.rejections(None, _SHOWN),
    )


def offer() -> Response:
    """Show the form."""
    return page("new_integration.html", senders=senders.SENDERS, errors={}, given={})


def create() -> Response:
    """Make an integration, and go to its page, which is the only one that shows its token."""
    new = NewIntegration.read()
    token = tokens.new_token() if new.with_token else None
    try:
        options = {"strict": new.sender.strict, "token": token}
        integration_id = get_state().integrations.create(new.name, options).id
    except InvalidOption as error:
        return page(
            "new_integration.html",
            status=422,
            senders=senders.SENDERS,
            errors={"name": str(error)},
            given=request.form,
        )

    place = url_for(".integration", integration_id=integration_id, setup=new.sender.key)
    words = f"“{new.name}” has an endpoint now. Tell your sender its address."
    return notices.send_to(place, words, token=token)
