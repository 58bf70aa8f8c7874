"""Say how to send an alert to the desk."""

from __future__ import annotations

import json
import shlex
import urllib.parse

_TITLE = "The lamp in the shop window flickers"
_DESCRIPTION = "Sent by hand, to see whether the desk is awake."

_EVENT = {
    "event_type": "create",
    "Id": "hello-1",
    "Title": _TITLE,
    "Description": _DESCRIPTION,
    "Urgency": "low",
    "Tags": ["test"],
    "Meta": {"service": "storefront"},
}

_APPRISE_FIELDS = {
    ":title": "Title",
    ":message": "Description",
    ":event_type": "create",
    ":Id": "hello-2",
}


def curl_line(url: str) -> str:
    """Return a line to paste into a shell that sends an alert to ``url``."""
    body = shlex.quote(json.dumps(_EVENT))
    return f"curl {shlex.quote(url)} -H 'Content-Type: application/json' -d {body}"


def apprise_line(url: str) -> str:
    """Return the same for Apprise, whose ``json://`` renames its own fields to ours."""
    query = urllib.parse.urlencode(_APPRISE_FIELDS, safe=":")
    scheme, rest = url.split("://", 1)
    target = f"{scheme.replace('http', 'json')}://{rest}?{query}"
    return f'apprise -t "{_TITLE}" -b "{_DESCRIPTION}" {shlex.quote(target)}'
