"""Send a test event through the real endpoint: ``flask webhook-alerts send``."""

from __future__ import annotations

import json
import typing as t

import click
from werkzeug.test import TestResponse

from flask_webhook_alerts import posting
from flask_webhook_alerts import urls
from flask_webhook_alerts.events import EventType
from flask_webhook_alerts.events import Urgency
from flask_webhook_alerts.words import safe

from .base import group
from .describing import list_all
from .describing import SAMPLE
from .options import json_option
from .options import read_meta
from .output import emit


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
    list_all()  # tells what is wrong with the database; the endpoint tells no sender
    url = urls.endpoint_url(integration_id)
    response = posting.post(url, json.dumps(payload).encode(), token=token)
    answer = posting.read(response)
    is_accepted = "outcome" in (answer or {})
    lines = _lines(response, answer)
    if not is_accepted and not as_json:
        raise click.ClickException("\n".join(lines))

    emit({"status": response.status_code, "answer": answer}, lines, as_json=as_json)
    if not is_accepted:
        click.get_current_context().exit(1)


def _lines(response: TestResponse, answer: dict[str, t.Any] | None) -> list[str]:
    if answer is None:
        return [posting.describe_stranger(response)]

    return [_accepted(answer)] if "outcome" in answer else _refused(response.status, answer)


def _accepted(answer: dict[str, t.Any]) -> str:
    alert = answer.get("alert")
    if alert is None:
        return f"{answer['outcome']}: {answer['reason']}"

    words = f"alert {alert['id']} is {alert['status']}, count {alert['occurrences']}"
    return f"{answer['outcome']}: {words}"


def _refused(status: str, answer: dict[str, t.Any]) -> list[str]:
    errors = answer.get("errors", {})
    fields = [f"  {safe(name)}: {safe(word)}" for name in errors for word in errors[name]]
    return [f"Refused with {status}: {safe(answer['detail'])}", *fields]
