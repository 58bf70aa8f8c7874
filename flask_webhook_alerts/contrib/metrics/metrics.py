"""Give apps their metrics, and scrapes their answer: the object that hosts create."""

from __future__ import annotations

import os

from flask import Flask
from flask import request
from prometheus_client import CollectorRegistry
from prometheus_client import make_wsgi_app
from prometheus_client import REGISTRY
from prometheus_client.multiprocess import MultiProcessCollector
from werkzeug.wrappers import Response

from flask_webhook_alerts.state import state_of

from .counting import families_of
from .counting import Recorder
from .stored import StoredCollector

_MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class Metrics:
    """Count what apps take in and deliver, in a registry of the host's.

    :param app: initialise this app at once; others can follow by :meth:`init_app`.
    :param registry: where the metrics are registered. Apps and objects that share one share its
        metrics, and the label ``flask_app`` tells the apps apart.
    :param by_integration: also tell requests apart by the id of the integration, which multiplies
        the series by the number of integrations.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        registry: CollectorRegistry = REGISTRY,
        by_integration: bool = False,
    ) -> None:
        self._registry = registry
        self._by_integration = by_integration
        self._families = families_of(registry)
        if app is not None:
            self.init_app(app)

    @property
    def stored(self) -> StoredCollector:
        """What reads the database at each scrape, for registries that the host makes itself."""
        return self._families.stored

    def init_app(self, app: Flask, *, name: str | None = None) -> None:
        """Count what ``app`` does from now on.

        :param name: the label ``flask_app``; the name of the app if none is given. Of two apps with
            one name only the last one's database is read.
        :raises RuntimeError: the app has no WebhookAlerts yet, or is counted already.
        """
        state, name = state_of(app), name or app.name
        self._families.stored.add(name, app)
        state.observers.add(Recorder(self._families, name, by_integration=self._by_integration))

    def view(self) -> Response:
        """Answer a scrape: a view function to be given a URL, and a guard if one is needed.

        It knows the mode of several processes, by the variable ``PROMETHEUS_MULTIPROC_DIR``.
        """
        return Response.from_app(make_wsgi_app(self._scraped()), request.environ)

    def _scraped(self) -> CollectorRegistry:
        if _MULTIPROCESS not in os.environ:
            return self._registry

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(self.stored)
        return registry
