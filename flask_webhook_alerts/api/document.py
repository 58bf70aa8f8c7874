"""Serve the OpenAPI document, with the paths of this application.

It is made from the operations when the package is built, and shipped beside this module.
"""

from __future__ import annotations

import functools
import hashlib
import json
import typing as t
from importlib import resources

from flask import request

from flask_webhook_alerts import urls
from flask_webhook_alerts.state import get_state

from .operations import Answer
from .operations import Call
from .operations import Operations

API_PREFIX = "/api/v1"
"""Where the shipped document says that the API is."""

WEBHOOK_PATH = "/integration/{integration_id}"
"""Where the shipped document says that senders post to."""

document: Operations = Operations("document")

_PATH = "/openapi.json"


@document.get(_PATH, None, takes=("If-None-Match",), gives=("ETag",))
def get_document(call: Call) -> Answer:
    """Return this document, with the paths of this application."""
    content = _as_served(shipped(), request.path.removesuffix(_PATH), urls.endpoint_path())
    digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
    return Answer(content, headers={"ETag": f'"{digest[:32]}"'})


@functools.cache
def shipped() -> dict[str, t.Any]:
    """Return the document that came with the package."""
    file = resources.files("flask_webhook_alerts.api").joinpath("openapi.json")
    return t.cast(dict[str, t.Any], json.loads(file.read_text(encoding="utf-8")))


def _as_served(content: dict[str, t.Any], prefix: str, webhook: str | None) -> dict[str, t.Any]:
    paths: dict[str, t.Any] = {}
    for path, item in content["paths"].items():
        if path != WEBHOOK_PATH:
            paths[prefix + path.removeprefix(API_PREFIX)] = item
        elif webhook is not None:
            paths[webhook] = item
    schemes = content["components"]["securitySchemes"]
    token = {**schemes["token"], "name": get_state().settings.token_header}
    components = {**content["components"], "securitySchemes": {**schemes, "token": token}}
    servers = [{"url": request.script_root or "/"}]
    return {**content, "servers": servers, "paths": paths, "components": components}
