"""Mount the pages on an app: the object that hosts create, which decides nothing."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import current_app
from flask import Flask
from flask import request
from flask import Response

from flask_webhook_alerts.access import Authorize
from flask_webhook_alerts.access import exempt_from_csrf
from flask_webhook_alerts.errors import ConfigError
from flask_webhook_alerts.prefixes import require_prefix
from flask_webhook_alerts.state import require

from . import alert_actions
from . import alert_list
from . import alert_page
from . import csrf
from . import deliveries
from . import door
from . import headers
from . import help_page
from . import integration_list
from . import integration_page
from . import integration_settings
from . import live
from . import notices
from . import preferences
from . import statistics
from .faults import Screens

if t.TYPE_CHECKING:
    from flask_webhook_alerts.extension import WebhookAlerts

_PREFIX = "/alerts"


class Dashboard:
    """Pages over the alerts of an app, behind a guard of the host's.

    :param alerts: the host's :class:`~flask_webhook_alerts.WebhookAlerts`; initialise it for an
        app first.
    :param app: mount the pages on this app at once; others can follow by :meth:`init_app`.
    :param authorize: says who is asking: a function that looks at Flask's ``request`` and returns
        the person's name, or None or False to refuse, or a response, such as a redirect to the
        host's login. Without it every request is refused.
    :param url_prefix: where the pages are, without a slash at the end.
    :param site_name: what people call the site, for the titles of the pages; by default the app's
        name.
    :param name: the blueprint's name, for a second dashboard on one app.
    """

    def __init__(
        self,
        alerts: WebhookAlerts,
        app: Flask | None = None,
        *,
        authorize: Authorize | None = None,
        url_prefix: str = _PREFIX,
        site_name: str | None = None,
        name: str = "webhook_alerts_dashboard",
    ) -> None:
        require_prefix(url_prefix, _PREFIX)
        self._alerts = alerts
        self._url_prefix = url_prefix
        self.blueprint: Blueprint = _create_blueprint(name, authorize, site_name)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Mount the pages on ``app``.

        :raises ConfigError: the app has no ``SECRET_KEY``, which signs the forms.
        :raises RuntimeError: ``alerts`` is not initialised for the app.
        """
        require(app, self._alerts)
        if not app.config.get("SECRET_KEY"):
            raise ConfigError(
                "SECRET_KEY is not set, and the dashboard signs its forms with it. Set it to a"
                " long random text before dashboard.init_app(app)."
            )

        app.register_blueprint(self.blueprint, url_prefix=self._url_prefix)


def _create_blueprint(name: str, authorize: Authorize | None, site: str | None) -> Blueprint:
    blueprint = Screens(name, __name__, template_folder="templates", static_folder="static")
    blueprint.url_value_preprocessor(_exempt)
    blueprint.before_request(lambda: door.admit(authorize, site))
    blueprint.after_request(_finish)
    for module in _SCREENS:
        module.register(blueprint)
    return blueprint


_SCREENS: tuple[t.Any, ...] = (
    alert_list,
    alert_page,
    alert_actions,
    live,
    integration_list,
    integration_page,
    integration_settings,
    deliveries,
    statistics,
    help_page,
    preferences,
)


def _exempt(_endpoint: str | None, _values: dict[str, t.Any] | None) -> None:
    exempt_from_csrf(current_app.blueprints[t.cast(str, request.blueprint)])


def _finish(response: Response) -> Response:
    is_static = (request.endpoint or "").endswith(".static") and response.status_code in {200, 304}
    headers.secure(response, is_static=is_static)
    csrf.keep(response)
    notices.forget(response)
    return response
