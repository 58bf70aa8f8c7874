"""Know where the endpoint is, wherever the host has put it."""

from __future__ import annotations

import re
import typing as t

from flask import current_app
from flask import has_request_context
from flask import url_for
from werkzeug.routing import BuildError

from .tokens import require_integration_id

_PLACEHOLDER = re.compile(r"<(?:[^<>:]+:)?([^<>]+)>")

ENDPOINT = "receive_webhook_alert_event"
"""The endpoint's name inside the blueprint, which the host may register under any other."""


class NoEndpoint(RuntimeError):
    """The endpoint has no URL. The message says how to give it one."""


def endpoint_url(integration_id: object) -> str:
    """Return the absolute URL of an integration.

    Outside a request it needs ``SERVER_NAME``; without that it starts with ``http://localhost``.

    :raises NotFound: no integration can have this id.
    """
    require_integration_id(integration_id)
    endpoint = _endpoint()
    try:
        if is_guessed():
            return _guessed_url(endpoint, integration_id)

        return url_for(endpoint, integration_id=integration_id, _external=True)
    except BuildError as error:
        raise NoEndpoint(
            f"The endpoint's URL cannot be built: {error} Give the values of your prefix by"
            " app.url_defaults."
        ) from error


def url_or_fault(integration_id: object) -> str | NoEndpoint:
    """Return the absolute URL of an integration, or why there is none, for people to read."""
    try:
        return endpoint_url(integration_id)
    except NoEndpoint as error:
        return error


def url_or_none(integration_id: object) -> str | None:
    """Return the absolute URL of an integration; None if there is none."""
    url = url_or_fault(integration_id)
    return url if isinstance(url, str) else None


def is_guessed() -> bool:
    """Tell whether nothing says under which name the app is served."""
    return not (has_request_context() or current_app.config["SERVER_NAME"])


def _guessed_url(endpoint: str, integration_id: object) -> str:
    values: dict[str, t.Any] = {"integration_id": integration_id}
    current_app.inject_url_defaults(endpoint, values)
    adapter = current_app.url_map.bind(
        "localhost",
        script_name=current_app.config["APPLICATION_ROOT"],
        url_scheme=current_app.config["PREFERRED_URL_SCHEME"],
    )
    return adapter.build(endpoint, values, force_external=True)


def endpoint_path() -> str | None:
    """Return the path as OpenAPI writes it, ``/…/{integration_id}``; None if it has no URL yet."""
    for rule in current_app.url_map.iter_rules():
        if rule.endpoint.rpartition(".")[2] == ENDPOINT:
            return _PLACEHOLDER.sub(r"{\1}", rule.rule)
    return None


def _endpoint() -> str:
    names = (name for name in current_app.view_functions if name.rpartition(".")[2] == ENDPOINT)
    endpoint = next(names, None)
    if endpoint is None:
        raise NoEndpoint(
            "The endpoint has no URL yet. Register alerts.blueprint on the app, or leave out"
            " register_blueprint=False."
        )

    return endpoint
