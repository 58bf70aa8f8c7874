"""Make integrations and alerts for a test to begin with, by the ways on which they come to be."""

from __future__ import annotations

import itertools
import typing as t

import sqlalchemy as sa
from flask import Flask

from flask_webhook_alerts.models import AlertMixin
from flask_webhook_alerts.state import State

from .clients import Payload
from .clients import Plain
from .hosts import host_call
from .hosts import require_app
from .lives import Life

_FIELDS = {
    "title": "Title",
    "description": "Description",
    "tags": "Tags",
    "urgency": "Urgency",
    "dedup_keys": "dedup_keys",
}
_IN_META = ("incident", "incident_severity", "incident_message")


class IntegrationFactory:
    """A maker of integrations.

    :param app: the app, which has WebhookAlerts.
    """

    def __init__(self, app: Flask) -> None:
        self._app = require_app(app)
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._app.name!r}>"

    def __call__(self, name: str | None = None, **options: t.Any) -> t.Any:
        """Return the row of a new integration, committed.

        In the app context in which a test stands it belongs to ``db.session``; outside it is
        detached from any session.

        :param name: what people call the sender; one is made up if none is given.
        :param options: what ``create_integration`` takes, and ``enabled``.
        :raises InvalidOption: there is no such option, or it cannot be stored.
        """
        name = name or f"Monitor {next(self._numbers)}"
        with host_call(self._app) as state:
            return state.integrations.create(name, options)


class AlertFactory:
    """A maker of alerts. It takes them in as host code does, so that receivers hear of them.

    :param app: the app, which has WebhookAlerts.
    :param integration: the row or the id of the integration to which alerts belong that are given
        no other.
    """

    def __init__(self, app: Flask, integration: t.Any) -> None:
        self._app = require_app(app)
        self._integration = integration
        self._numbers = itertools.count(1)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._app.name!r}>"

    def __call__(
        self,
        *,
        status: str | None = None,
        integration: t.Any = None,
        by: str | None = None,
        **columns: t.Any,
    ) -> t.Any:
        """Return the row of a new alert, committed, after the life that its columns tell of.

        ``created_at``, ``last_received_at``, ``acknowledged_at`` and ``resolved_at`` say when
        something happened; what has no time happens at the time before it, and a creation without
        one at the first of the others, or now. ``occurrences`` says how often it was created.
        Columns and relationships of the host's own are set afterwards. The row belongs to
        ``db.session`` as that of an integration does.

        :param status: where the alert is in the end; what its times say if left out, else open.
        :param integration: the row or the id of its integration.
        :param by: who acknowledged and resolved it.
        :param columns: columns of the alert.
        :raises Rejected: the endpoint would not take such values.
        :raises TypeError: there is no such column, or only the extension sets it.
        :raises ValueError: the columns contradict each other.
        """
        integration_id = _id_of(self._integration if integration is None else integration)
        life = Life.take(status, columns)
        additional_data = columns.pop("additional_data", {})
        with host_call(self._app) as state:
            own = _take_own(state, columns)
            payload = self._payload(columns) | additional_data
            alert = _set(state, life.live(state, integration_id, payload, by), own)
        if alert.additional_data != additional_data:
            raise ValueError(
                "The integration drops additional data, or they have the name of a field."
                " Make it with capture_additional_data=True."
            )

        return alert

    def _payload(self, columns: dict[str, t.Any]) -> Payload:
        number = next(self._numbers)
        plain = Plain(key=columns.pop("thirdparty_id", f"alert-{number}"), title=f"Alert {number}")
        fields = {field: columns.pop(name) for name, field in _FIELDS.items() if name in columns}
        meta = dict(columns.pop("meta", {}))
        meta |= {name: columns.pop(name) for name in _IN_META if name in columns}
        if columns:
            raise TypeError(f"An alert has no {', '.join(sorted(columns))} that can be given.")

        return plain.create(**fields, Meta=meta)


def _id_of(row_or_id: t.Any) -> str:
    return str(getattr(row_or_id, "id", row_or_id))


def _take_own(state: State, columns: dict[str, t.Any]) -> dict[str, t.Any]:
    """Take what the host has added to alerts out of ``columns``."""
    mapped = sa.inspect(state.database.models.Alert).attrs.keys()
    added = set(mapped) - vars(AlertMixin).keys() - {"integration", "events"}
    return {name: columns.pop(name) for name in added & columns.keys()}


def _set(state: State, alert_id: int, values: dict[str, t.Any]) -> t.Any:
    """Set values of a row, and return it as it is then."""
    host, model = state.database.host, state.database.models.Alert
    if values:
        row = host.load(model, alert_id)
        for name, value in values.items():
            setattr(row, name, value)
        host.session.commit()
    return host.load(model, alert_id)
