"""Post an event to the app's own endpoint, without a network."""

from __future__ import annotations

import contextvars
import typing as t
import urllib.parse
from collections.abc import Mapping

from flask import current_app
from werkzeug.test import TestResponse

from . import tokens
from .bodies import JSON
from .problems import MEDIA_TYPE
from .state import get_state

# What every answer of the endpoint has, by its type. Hosts answer JSON, too.
_MEMBERS = {JSON: "outcome", MEDIA_TYPE: "detail"}


def post(
    url: str,
    body: bytes,
    *,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> TestResponse:
    """Return the app's answer to a body that is posted to ``url`` as JSON.

    :param token: goes into the header in which the app looks for tokens.
    :param headers: more headers, which win.
    :raises InvalidOption: no header can carry the token.
    """
    all_headers = {} if token is None else {get_state().settings.token_header: _checked(token)}
    parts = urllib.parse.urlsplit(url)
    root = current_app.config["APPLICATION_ROOT"].rstrip("/")
    client = current_app.test_client(use_cookies=False)
    # In a context of its own, as a request in production: else it would share our app context,
    # and so its session.
    return contextvars.Context().run(
        client.post,
        parts.path.removeprefix(root),
        base_url=f"{parts.scheme}://{parts.netloc}{root}",
        data=body,
        content_type="application/json",
        headers=all_headers | dict(headers or {}),
        buffered=True,  # so that all is done that comes after the answer, too
    )


def read(response: TestResponse) -> dict[str, t.Any] | None:
    """Return the JSON of the endpoint's answer; None if the answer is not the endpoint's.

    It has an ``outcome`` if the event was accepted, else a ``detail``.
    """
    member, content = _MEMBERS.get(response.mimetype or ""), response.get_json(silent=True)
    return content if isinstance(content, dict) and member in content else None


def describe_stranger(response: TestResponse) -> str:
    """Say where an answer may come from that is not the endpoint's."""
    return (
        f"The app answered {response.status}, and not the endpoint. Look for a before_request or a"
        " middleware that answers first; with TRUSTED_HOSTS, set SERVER_NAME to one of them."
    )


def _checked(token: str) -> str:
    tokens.hash_token(token)  # says what is wrong with one that no header can carry
    return token
