"""Send events to an app through its own endpoint, as a monitor would."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping

from flask import Flask

from flask_webhook_alerts import posting
from flask_webhook_alerts import urls
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.examination import explain
from flask_webhook_alerts.state import state_of

from .answers import Answer
from .answers import read_answer
from .clients import Plain
from .failures import ReceiverFailures
from .hosts import host_call
from .hosts import is_inside
from .hosts import require_app


class AlertSender:
    """A sender of events that posts to one integration.

    Each event passes all that a monitor's request passes, in an app context of its own, whether or
    not one is pushed around the test.

    :param app: the app, which has WebhookAlerts.
    :param integration: the row of the integration, or its id.
    :param token: what goes into the token header.
    """

    def __init__(self, app: Flask, integration: t.Any, *, token: str | None = None) -> None:
        self._app = require_app(app)
        self._token = token
        self.integration_id: str = getattr(integration, "id", integration)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} to {self.integration_id} in {self._app.name!r}>"

    @property
    def url(self) -> str:
        """The absolute URL to which events are posted."""
        with host_call(self._app):
            return urls.endpoint_url(self.integration_id)

    def to(self, integration: t.Any, *, token: str | None = None) -> AlertSender:
        """Return a sender of the same app that posts to another integration.

        :param integration: the row of the integration, or its id.
        :param token: what goes into the token header.
        """
        return AlertSender(self._app, integration, token=token)

    def __call__(
        self,
        payload: Mapping[str, t.Any] | bytes | None = None,
        /,
        *,
        expect: int | None = 200,
        raise_errors: bool = False,
        headers: Mapping[str, str] | None = None,
        **fields: t.Any,
    ) -> Answer:
        """Post an event and return the answer.

        :param payload: what a client's builder makes, or any body; a plain create if left out.
        :param expect: the HTTP status that must come; None for any.
        :param raise_errors: raise what a receiver raised meanwhile, with its own traceback. An app
            that delivers in the request calls them before it answers.
        :param headers: more headers of the request.
        :param fields: fields of the payload, by the names that they have on the wire.
        :raises AssertionError: another status came; the message holds the answer's reasons.
        :raises RuntimeError: the test stands in an app context whose ``db.session`` holds changes
            that are not committed.
        """
        __tracebackhide__ = True  # pytest shows the line of the test
        if is_inside(self._app):
            # The test's session would hide its rows from the endpoint, or itself from the change.
            state_of(self._app).database.host.require_committed()
        with ReceiverFailures(self._app) as failures:
            answer = self._post(_body(payload, fields), headers)
        if expect not in {None, answer.status_code}:
            raise AssertionError(f"Expected {expect}, and got {answer}{self._advise(answer)}")

        if raise_errors:
            failures.raise_any()
        return answer

    def _post(self, body: bytes, headers: Mapping[str, str] | None) -> Answer:
        with host_call(self._app):
            url = urls.endpoint_url(self.integration_id)
            response = posting.post(url, body, token=self._token, headers=headers)
        return read_answer(response, self._load_alert)

    def _load_alert(self, alert_id: int) -> t.Any:
        with host_call(self._app) as state:
            return state.database.host.load(state.database.models.Alert, alert_id)

    def _advise(self, answer: Answer) -> str:
        if answer.status_code != 503:
            return ""

        with host_call(self._app):
            return f"\n  {explain(Unavailable('the log says more.'))}"


def _body(payload: Mapping[str, t.Any] | bytes | None, fields: Mapping[str, t.Any]) -> bytes:
    if isinstance(payload, bytes):
        if fields:
            raise TypeError("Fields cannot be added to a body of bytes.")

        return payload

    members = Plain().create() if payload is None else payload
    return json.dumps({**members, **fields}).encode()
