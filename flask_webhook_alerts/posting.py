"""Post an event to the app's own endpoint, without a network: it passes what a sender's passes."""

from __future__ import annotations

import contextvars
import json
import typing as t
import urllib.parse

from flask import current_app
from werkzeug.test import TestResponse

from . import tokens
from .problems import MEDIA_TYPE
from .state import get_state


def post(url: str, payload: dict[str, t.Any], token: str | None) -> TestResponse:
    """Return what the endpoint answers.

    :param url: the endpoint's address, as :func:`urls.endpoint_url` gives it.
    :param token: what the integration wants in the token header.
    :raises InvalidOption: no header can carry the token.
    """
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
        buffered=True,  # so that all is done that comes after the answer, too
    )


def read(response: TestResponse) -> t.Any:
    """Return the endpoint's answer; None if the answer is not the endpoint's."""
    return response.get_json() if response.mimetype in {"application/json", MEDIA_TYPE} else None
