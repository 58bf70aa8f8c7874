"""Show one integration: its address, how to send to it, and whether anything has come."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import typing as t

from flask import Blueprint
from flask import request
from flask import Response
from flask import url_for

from flask_webhook_alerts import posting
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record
from flask_webhook_alerts.store.search import AlertFilter
from flask_webhook_alerts.urls import endpoint_url
from flask_webhook_alerts.urls import NoEndpoint
from flask_webhook_alerts.urls import url_or_fault

from . import notices
from . import preferences
from . import recipes
from . import senders
from .pages import acting
from .pages import fragment
from .pages import page

KEEP_FOR: dict[str, tuple[str, dt.timedelta]] = {
    "24h": ("for 24 hours", dt.timedelta(days=1)),
    "1h": ("for one hour", dt.timedelta(hours=1)),
    "7d": ("for 7 days", dt.timedelta(days=7)),
    "0": ("not at all", dt.timedelta()),
}
"""How long an old token stays valid, and what people read."""

_LONGEST_TOKEN = 1_000
"""Characters of a token that fit into the cookie that brings it to the page after the test."""

_REFUSALS = 5
_TEST = {
    "Title": "Test alert from the dashboard",
    "Tags": ["test"],
    "Urgency": "low",
}


def register(blueprint: Blueprint) -> None:
    """Add the routes of one integration."""
    rule = "/integrations/<integration_id>"
    blueprint.add_url_rule(rule, "integration", show, methods=["GET"])
    blueprint.add_url_rule(f"{rule}/status", "integration_status", status, methods=["GET"])
    blueprint.add_url_rule(f"{rule}/test", "test_integration", test, methods=["POST"])


def show(integration_id: str) -> Response:
    """Show the integration."""
    return detail(get_state().reading.integration(integration_id))


def detail(
    integration: Record, *, status: int = 200, errors: dict[str, str] | None = None,
    given: t.Mapping[str, t.Any] | None = None, trial: Record | None = None,
) -> Response:  # fmt: skip
    """Return the page of an integration.

    :param errors: what is wrong with the settings that were sent, by field.
    :param given: the settings that were sent and not stored, else those that are stored.
    :param trial: what a wrapper key has found in a body.
    """
    sender = senders.find(request.args.get("setup", ""))
    notice = notices.take()
    token = notice.get("token") if notice else None
    url = url_or_fault(integration["id"])
    place = recipes.Place(
        url=str(url),
        header=get_state().settings.token_header,
        token=(token or recipes.PLACEHOLDER) if integration["has_token"] else None,
    )
    return page(
        "integration.html",
        status=status,
        integration=integration,
        place=place,
        is_there=isinstance(url, str),
        token=token,
        notice=notice,
        sender=sender,
        senders=senders.SENDERS,
        placeholder=recipes.PLACEHOLDER,
        errors=errors or {},
        given=given or integration,
        trial=trial,
        keep_for=KEEP_FOR,
        **_news(integration["id"]),
    )


def status(integration_id: str) -> Response:
    """Return the box that says whether anything has come."""
    integration = get_state().reading.integration(integration_id)
    return fragment("status.html", integration=integration, **_news(integration_id))


def test(integration_id: str) -> Response:
    """Send a test alert through the real endpoint, and say what it answered."""
    state = get_state()
    integration = state.reading.integration(integration_id)
    place = place_of(integration_id)
    is_round = request.form.get("what") == "round"
    kinds = ("create", "acknowledge", "resolve") if is_round else ("create",)
    key, token = f"dashboard-test-{secrets.token_hex(4)}", request.form.get("token", "").strip()
    if len(token) > _LONGEST_TOKEN:
        said = (
            f"A token of {len(token):,} characters is not tried here, only up to"
            f" {_LONGEST_TOKEN:,}."
        )
        return notices.send_to(place, said, level="warning")

    # The session has read who is asking: what it holds, the endpoint may need.
    state.database.host.require_committed()
    words = list[str]()
    for kind in kinds:
        said, is_accepted = _post(integration, kind, key, token or None)
        words.append(said)
        if not is_accepted:
            return notices.send_to(place, said, level="warning")

    # The endpoint has just found that it is the token, so it may stand in the lines to copy.
    known = token if integration["has_token"] else None
    return notices.send_to(place, " ".join(words), token=known)


def place_of(integration_id: str) -> str:
    """Return the address of the integration's page, with the set-up that this one shows."""
    setup = request.args.get("setup") or None
    return url_for(".integration", integration_id=integration_id, setup=setup)


def _post(integration: Record, kind: str, key: str, token: str | None) -> tuple[str, bool]:
    """Return what to tell about a test event, and whether the endpoint has taken it."""
    who = acting() or "somebody"
    payload = {**_TEST, "event_type": kind, "Id": key, "Description": f"Sent by hand by {who}."}
    body = json.dumps(payload).encode()
    try:
        response = posting.post(endpoint_url(integration["id"]), body, token=token)
    except NoEndpoint:
        return "This app takes no events. It says why under Address.", False
    except InvalidOption as error:
        return str(error), False

    answer = posting.read(response)
    if answer is None:
        return posting.describe_stranger(response), False

    if "outcome" not in answer:
        return f"Refused with {response.status_code}: {answer['detail']}", False

    alert = answer["alert"]
    return f"{answer['outcome'].capitalize()}: alert {alert['id'] if alert else 'none'}.", True


def _news(integration_id: str) -> dict[str, t.Any]:
    """Return what the box that says whether anything has come is made of.

    That is the newest alert and the last refusals, whether the latter are the newer ones, and
    whether the page looks again by itself.
    """
    reading = get_state().reading
    newest = reading.newest(AlertFilter(integration_id=integration_id))
    refusals = reading.rejections(integration_id, _REFUSALS)
    is_refused = bool(refusals) and (
        newest is None or refusals[0]["at"] > newest["last_received_at"]
    )
    return {
        "newest": newest,
        "refusals": refusals,
        "is_refused": is_refused,
        "is_live": preferences.read().live == "on",
    }
