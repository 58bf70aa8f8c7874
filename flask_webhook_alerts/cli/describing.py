"""Describe an integration: its options, its endpoint, and how to send to it."""

from __future__ import annotations

import json
import shlex
import typing as t

from flask_webhook_alerts import urls
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record

from .output import fields
from .output import warn

SAMPLE: dict[str, str] = {
    "event_type": "create",
    "Id": "test",
    "Title": "Test alert",
    "Description": "Sent by hand, to see whether it arrives.",
}
"""An event to try an endpoint with."""


def list_all() -> list[Record]:
    """Return the records of all integrations, each with its endpoint."""
    return [_with_endpoint(record) for record in get_state().reading.integrations()]


def find(integration_id: str) -> tuple[Record, int]:
    """Return the record of an integration, and how many alerts it has."""
    state = get_state()
    record = _with_endpoint(state.reading.integration(integration_id))
    reads = state.database.store.reads
    return record, state.database.run(
        lambda connection: reads.count_alerts(connection, integration_id)
    )


def describe(
    integration_id: str, token: str | None, *, with_curl: bool
) -> tuple[Record, list[str]]:
    """Return the record of an integration and lines for people.

    :param token: the token, at the one moment that it can be shown.
    :param with_curl: with a line to paste into a shell.
    """
    record, alerts = find(integration_id)
    record["alerts"] = alerts
    if token is not None:
        record["token"] = token
    lines = fields(_pairs(record))
    if with_curl and record["endpoint_url"]:
        record["curl"] = _curl_line(record["endpoint_url"], token)
        lines += ["", "Send a test alert:", f"  {record['curl']}"]
    return record, lines


def hint() -> None:
    """Say so if nobody has told the app under which name it is served."""
    if urls.is_guessed():
        warn(
            "Hint: SERVER_NAME is not set, so endpoints start with http://localhost. Put the name"
            " there that senders reach your app under, or set SERVER_NAME."
        )


def _with_endpoint(record: Record) -> Record:
    return record | {"endpoint_url": urls.url_or_none(record["id"])}


def _pairs(record: Record) -> list[tuple[str, t.Any]]:
    pairs = [
        ("Id", record["id"]),
        ("Name", record["name"]),
        ("Endpoint", record["endpoint_url"] or "none: the doctor says why"),
        ("Enabled", record["enabled"]),
        ("Token needed", record["has_token"]),
        ("Old token until", record["previous_token_expires_at"]),
        ("Mode", "strict" if record["strict"] else "compatible"),
        ("Additional data", "kept" if record["capture_additional_data"] else "dropped"),
        ("Wrapper key", record["wrapper_key"]),
        ("Title template", record["title_template"]),
        ("Description template", record["description_template"]),
        ("Alerts", f"{record['alerts']}, {record['active_alerts']} active"),
        ("Created", record["created_at"]),
        ("Changed", record["updated_at"]),
    ]
    if "token" in record:
        pairs.insert(3, ("Token", f"{record['token']}  (shown only now: copy it)"))
    return pairs


def _curl_line(url: str, token: str | None) -> str:
    headers = ["Content-Type: application/json"]
    if token is not None:
        headers.append(f"{get_state().settings.token_header}: {token}")
    parts = [f"-H {shlex.quote(header)}" for header in headers]
    return " ".join(["curl", shlex.quote(url), *parts, "-d", shlex.quote(json.dumps(SAMPLE))])
