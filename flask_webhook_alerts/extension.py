"""Wire the parts into a Flask app: the object that hosts create, which decides nothing."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping

import sqlalchemy as sa
from flask import Blueprint
from flask import Flask

from . import cli
from . import webhook
from .config import Settings
from .database import Database
from .events import EventKind
from .events import Receipt
from .mapping import build_models
from .mapping import Models
from .optional import limiter_for
from .optional import wake_for
from .sessions import host_database
from .state import build_state
from .state import get_state
from .state import KEY
from .urls import endpoint_url
from .waking import Wake


class WebhookAlerts:
    """Take in alerts by webhook, store them in the host's database, and send signals.

    :param db: the host's object of Flask-SQLAlchemy or Flask-SQLAlchemy-Lite.
    :param app: initialise this app at once; any number of others can follow by :meth:`init_app`.
    :param metadata: the host's ``MetaData``, which gets the tables of the models that are not
        given. Flask-SQLAlchemy knows it; Flask-SQLAlchemy-Lite does not.
    :param alert_model: the host's own class over :class:`AlertMixin`.
    :param integration_model: the host's own class over :class:`IntegrationMixin`.
    :param event_model: the host's own class over :class:`AlertEventMixin`.
    :param register_blueprint: False if the host registers :attr:`blueprint` itself.
    :raises RuntimeError: the models, or ``metadata``, do not go together.
    :raises TypeError: ``db`` or ``metadata`` is something else.
    """

    def __init__(
        self,
        db: t.Any,
        app: Flask | None = None,
        *,
        metadata: sa.MetaData | None = None,
        alert_model: type[t.Any] | None = None,
        integration_model: type[t.Any] | None = None,
        event_model: type[t.Any] | None = None,
        register_blueprint: bool = True,
    ) -> None:
        self._host = host_database(db, metadata)
        self._models = self._build_models(alert_model, integration_model, event_model)
        self._register_blueprint = register_blueprint
        self.blueprint: Blueprint = webhook.create_blueprint()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, *, wake: Wake | None = None) -> None:
        """Read the settings of ``app``, once, and register the endpoint and the commands.

        :param wake: for ``WEBHOOK_ALERTS_DELIVERY = "manual"``: called with the id of each event
            after its commit, in the request, to hand it to a worker that calls
            :meth:`deliver_event`. If it raises, it is left alone for some seconds.
        :raises ConfigError: a setting is wrong or unknown.
        :raises RuntimeError: the app was initialised before.
        """
        if KEY in app.extensions:
            raise RuntimeError("WebhookAlerts is initialised for this app already.")

        settings = Settings.from_config(app.config)
        self._host.init_app(app, self._models)
        database = Database(self._host, self._models)
        app.extensions[KEY] = build_state(
            settings,
            database,
            wake=wake_for(app, settings.delivery, wake),
            limiter=limiter_for(settings),
        )
        app.cli.add_command(cli.group)
        if self._register_blueprint:
            app.register_blueprint(self.blueprint, url_prefix=settings.url_prefix)

    @property
    def Alert(self) -> type[t.Any]:  # noqa: N802 - it is a class
        """The model of alerts."""
        return self._models.Alert

    @property
    def Integration(self) -> type[t.Any]:  # noqa: N802 - it is a class
        """The model of integrations."""
        return self._models.Integration

    @property
    def AlertEvent(self) -> type[t.Any]:  # noqa: N802 - it is a class
        """The model of an alert's events."""
        return self._models.AlertEvent

    @property
    def Rejection(self) -> type[t.Any]:  # noqa: N802 - it is a class
        """The model of refused requests, always a class of ours."""
        return self._models.Rejection

    def create_integration(
        self,
        name: str,
        *,
        token: str | None = None,
        capture_additional_data: bool = False,
        strict: bool = True,
        wrapper_key: str | None = None,
        title_template: str | None = None,
        description_template: str | None = None,
    ) -> t.Any:
        """Return a new integration, committed.

        :param name: what people call the sender.
        :param token: what the sender must show in the token header; None for no token.
        :param capture_additional_data: keep the fields that the contract does not know.
        :param strict: refuse what the contract does not allow; False takes what PagerTree takes.
        :param wrapper_key: a JMESPath expression that finds the payload inside the body.
        :param title_template: a Jinja template over ``payload`` and ``integration``.
        :param description_template: the same for the description.
        :raises InvalidOption: an option cannot be stored.
        :raises RuntimeError: ``db.session`` holds changes that are not committed.
        """
        options = {
            "token": token,
            "capture_additional_data": capture_additional_data,
            "strict": strict,
            "wrapper_key": wrapper_key,
            "title_template": title_template,
            "description_template": description_template,
        }
        return get_state().integrations.create(name, options)

    def endpoint_url(self, integration: t.Any) -> str:
        """Return the absolute URL to copy into the sender.

        Outside a request it takes the host from the setting ``SERVER_NAME``, else ``localhost``.

        :param integration: the row of the integration, or its id.
        :raises NotFound: no integration can have this id. The database is not asked.
        """
        return endpoint_url(_id_of(integration))

    def receive(self, integration: t.Any, payload: Mapping[str, t.Any]) -> Receipt:
        """Do with a payload what the endpoint does; look at neither token, enabled nor rate.

        :param integration: the row of the integration, or its id.
        :raises Rejected: the payload does not keep the contract; see its ``errors``.
        :raises NotFound: there is no such integration.
        :raises Refused: the database will never take the event.
        :raises RuntimeError: ``db.session`` holds changes that are not committed.
        :raises Unavailable: the database cannot take the event now.
        """
        return get_state().service.receive_from_host(_id_of(integration), payload)

    def acknowledge(self, alert: t.Any, by: str | None = None) -> Receipt:
        """Acknowledge an alert; the same transition and signal as from the wire.

        :param alert: the row of the alert, or its id.
        :param by: who did it, kept on the event.
        :raises NotFound: there is no such alert.
        """
        return get_state().triage.change(_id_of(alert), EventKind.ACKNOWLEDGED, by)

    def resolve(self, alert: t.Any, by: str | None = None) -> Receipt:
        """Resolve an alert; the same transition and signal as from the wire.

        :param alert: the row of the alert, or its id.
        :param by: who did it, kept on the event.
        :raises NotFound: there is no such alert.
        """
        return get_state().triage.change(_id_of(alert), EventKind.RESOLVED, by)

    def reopen(self, alert: t.Any, by: str | None = None) -> Receipt:
        """Take the resolution of an alert back; its ``alert_reopened`` signal is sent.

        It is acknowledged if it was so before, else open. The outcome is ``ignored`` while a newer
        alert with the same Id is active.

        :param alert: the row of the alert, or its id.
        :param by: who did it, kept on the event.
        :raises NotFound: there is no such alert.
        """
        return get_state().triage.change(_id_of(alert), EventKind.REOPENED, by)

    def add_note(self, alert: t.Any, text: str, by: str | None = None) -> Receipt:
        """Put a note into an alert's timeline, as an event of kind ``noted``. No signal is sent.

        :param alert: the row of the alert, or its id.
        :param text: at most 10,000 characters.
        :param by: who wrote it, kept on the event.
        :raises InvalidOption: the note is blank or too long.
        :raises NotFound: there is no such alert.
        """
        return get_state().triage.note(_id_of(alert), text, by)

    def rotate_token(
        self,
        integration: t.Any,
        *,
        token: str | None = None,
        keep_for: dt.timedelta = dt.timedelta(days=1),
    ) -> str:
        """Return the integration's new token: the only time that it can be read.

        :param token: the new token; one is made if none is given.
        :param keep_for: how long the old token stays valid. A third token ends the first.
        :raises InvalidOption: the token or the time cannot be stored.
        :raises NotFound: there is no such integration.
        """
        return get_state().integrations.rotate_token(_id_of(integration), token, keep_for)

    def deliver_event(self, event_id: int) -> int:
        """Send the signals of one event, if they are owed: what a worker does when it is woken.

        It also sends what the event's alert owes before and after it. Nothing happens if the event
        is gone, delivered, or held by another deliverer, so calling it twice does no harm.

        :param event_id: what ``wake`` was called with.
        :return: how many events were delivered.
        """
        return get_state().delivery.deliver_event(event_id)

    def deliver_pending(self, limit: int | None = None) -> int:
        """Send the signals that are owed and due. Return how many events were delivered.

        :param limit: the most events to try; None for all.
        """
        return get_state().delivery.deliver_pending(limit)

    def _build_models(
        self, alert: type[t.Any] | None, integration: type[t.Any] | None, event: type[t.Any] | None
    ) -> Models:
        given = [model for model in (alert, integration, event) if model is not None]
        metadata = self._host.metadata_with(given)
        return build_models(metadata, alert=alert, integration=integration, event=event)


def _id_of(row_or_id: t.Any) -> t.Any:
    return getattr(row_or_id, "id", row_or_id)
