"""Mount the API in an app: the object that hosts create."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import Response

from flask_webhook_alerts import bodies
from flask_webhook_alerts.access import Authorize
from flask_webhook_alerts.access import exempt_from_csrf
from flask_webhook_alerts.prefixes import require_prefix
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.state import require

from .alerts import alerts
from .answering import Resource
from .answering import respond
from .deliveries import deliveries
from .document import API_PREFIX
from .document import document
from .integrations import integrations
from .operations import Operation
from .statistics import statistics

if t.TYPE_CHECKING:
    from flask_webhook_alerts.extension import WebhookAlerts

OPERATIONS: list[Operation] = [
    operation
    for group in (alerts, integrations, deliveries, statistics, document)
    for operation in group.all
]
"""Everything that the API can do."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


class Api:
    """Serve alerts, integrations and deliveries to programs.

    :param alerts: the host's :class:`~flask_webhook_alerts.WebhookAlerts`.
    :param app: mount it in this app at once; any number of others can follow by :meth:`init_app`.
    :param authorize: asked before each request. It looks at Flask's ``request`` and returns the
        name of who acts, True for somebody without a name, None or False to refuse, or a response.
        Without it every request is refused.
    :param url_prefix: where the API lives, without a slash at the end.
    :param name: the blueprint's name; an app with two APIs needs two.
    """

    def __init__(
        self,
        alerts: WebhookAlerts,
        app: Flask | None = None,
        *,
        authorize: Authorize | None = None,
        url_prefix: str = API_PREFIX,
        name: str = "webhook_alerts_api",
    ) -> None:
        require_prefix(url_prefix, API_PREFIX)
        self._alerts = alerts
        self.blueprint: Blueprint = _create_blueprint(name, url_prefix, authorize)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Register the blueprint.

        :raises RuntimeError: ``alerts`` is not initialised for ``app``.
        """
        require(app, self._alerts)
        app.register_blueprint(self.blueprint)


def _create_blueprint(name: str, url_prefix: str, authorize: Authorize | None) -> Blueprint:
    blueprint = Blueprint(name, __name__, url_prefix=url_prefix)
    blueprint.url_value_preprocessor(_prepare)
    resources: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        resources.setdefault(operation.path, {})[operation.method] = operation
    for number, (path, resource) in enumerate(resources.items()):
        rule = path.replace("{", "<").replace("}", ">")
        _add(blueprint, rule, f"resource_{number}", resource, authorize)
    # Whatever else is asked for under the prefix is answered here too.
    _add(blueprint, "", "root", {}, authorize)
    _add(blueprint, "/", "root_with_slash", {}, authorize)
    _add(blueprint, "/<path:rest>", "nothing", {}, authorize)
    return blueprint


def _add(
    blueprint: Blueprint, rule: str, endpoint: str, resource: Resource,
    authorize: Authorize | None,
) -> None:  # fmt: skip
    def answer(**values: str) -> Response:
        return respond(resource, authorize, values)

    # Every common method is ours, because a 405 of the router would be answered by the host's
    # error handlers; and so would its redirects be.
    blueprint.add_url_rule(
        rule,
        endpoint=endpoint,
        view_func=answer,
        methods=_METHODS,
        merge_slashes=False,
    )


def _prepare(endpoint: str | None, _values: dict[str, t.Any] | None) -> None:
    """Make the request ours before any ``before_request`` of the host sees it."""
    bodies.prepare_reading(get_state().settings.max_content_length)
    exempt_from_csrf(current_app.view_functions[t.cast(str, endpoint)])
