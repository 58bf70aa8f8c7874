"""Send a test event through the real endpoint: ``flask webhook-alerts send``."""

from __future__ import annotations

import contextvars
import json
import typing as t
import urllib.parse

import click
from flask import current_app
from werkzeug.test import TestResponse

from flask_webhook_alerts import tokens
from flask_webhook_alerts import urls
from flask_webhook_alerts.events import EventType
from flask_webhook_alerts.events import Urgency
from flask_webhook_alerts.problems import MEDIA_TYPE
from flask_webhook_alerts.state import get_state

from .base import group
from .options import json_option
from .options import read_meta
from .output import emit
from .output import safe
from .senders import list_all
from .senders import SAMPLE


@group.command("send")
@click.argument("integration_id")
@click.option(
    "--event-type",
    default="create",
    show_default=True,
    type=click.Choice(list(map(str, EventType))),
    help="What to do with the alert.",
)
@click.option(
    "--id", "thirdparty_id", default=SAMPLE["Id"], show_default=True, help="The sender's key of it."
)
@click.option("--title", default=SAMPLE["Title"], show_default=True, help="What it is called.")
@click.option(
    "--description", default=SAMPLE["Description"], show_default=True, help="What it is about."
)
@click.option("--tag", "tags", multiple=True, help="A tag; may be repeated.")
@click.option("--meta", multiple=True, help="KEY=VALUE or a JSON object; may be repeated.")
@click.option("--urgency", type=click.Choice(list(map(str, Urgency))), help="How urgent it is.")
@click.option("--token", help="What the integration wants in the token header.")
@json_option
def send(
    integration_id: str,
    event_type: str,
    thirdparty_id: str,
    title: str,
    description: str,
    tags: tuple[str, ...],
    meta: tuple[str, ...],
    urgency: str | None,
    token: str | None,
    as_json: bool,
) -> None:
    """Send a test event through the app's own endpoint, without a network.

    It passes all that a sender's request passes. The exit code is 1 if it is refused.
    """
    payload = {
        "event_type": event_type,
        "Id": thirdparty_id,
        "Title": title,
        "Description": description,
        "Tags": list(tags),
        "Meta": read_meta(meta),
        "Urgency": urgency,
    }
    list_all(integration_id)  # tells what is wrong with the database; the endpoint tells no sender
    response = _post(urls.endpoint_url(integration_id), payload, token)
    answer = _read(response)
    is_accepted = response.status_code == 200 and isinstance(answer, dict)
    lines = [_accepted(answer)] if is_accepted else _refused(response, answer)
    if not is_accepted and not as_json:
        raise click.ClickException("\n".join(lines))

    emit({"status": response.status_code, "answer": answer}, lines, as_json=as_json)
    if not is_accepted:
        click.get_current_context().exit(1)


def _post(url: str, payload: dict[str, t.Any], token: str | None) -> TestResponse:
    headers = {}
    if token is not None:
        tokens.hash_token(token)  # says what is wrong with one that no header can carry
        headers[get_state().settings.token_header] = token
    parts = urllib.parse.urlsplit(url)
    root = current_app.config["APPLICATION_ROOT"].rstrip("/")
    client = current_app.test_client(use_cookies=False)
    # In a context of its own, as a request in production: else it would share our app context,
    # and so its session.
    return contextvars.Context().run(
        client.post,
        parts.path.removeprefix(root),
        base_url=f"{parts.scheme}://{parts.netloc}{root}",
        data=json.dumps(payload),
        content_type="application/json",
        headers=headers,
    )


def _read(response: TestResponse) -> t.Any:
    """Return the endpoint's answer; None if the answer is not the endpoint's."""
    return response.get_json() if response.mimetype in {"application/json", MEDIA_TYPE} else None


def _accepted(answer: dict[str, t.Any]) -> str:
    alert = answer.get("alert")
    if alert is None:
        return f"{answer['outcome']}: {answer['reason']}"

    words = f"alert {alert['id']} is {alert['status']}, count {alert['occurrences']}"
    return f"{answer['outcome']}: {words}"


def _refused(response: TestResponse, answer: t.Any) -> list[str]:
    if not isinstance(answer, dict):
        words = f"The app answered {response.status}, and not the endpoint. Look for a"
        words += " before_request or a middleware that answers first; with TRUSTED_HOSTS, set"
        return [words + " SERVER_NAME to one of them."]

    errors = answer.get("errors", {})
    fields = [f"  {safe(name)}: {safe(word)}" for name in errors for word in errors[name]]
    return [f"Refused with {response.status}: {safe(answer['detail'])}", *fields]
