"""Decide who may pass: ask the host, and keep foreign pages from using a browser's cookies."""

from __future__ import annotations

import logging

from flask import current_app
from flask import request
from flask import Response

from flask_webhook_alerts.access import ask
from flask_webhook_alerts.access import Authorize
from flask_webhook_alerts.access import Grant
from flask_webhook_alerts.access import InvalidAnswer
from flask_webhook_alerts.access import is_from_here
from flask_webhook_alerts.access import SAFE_METHODS
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.errors import WebhookAlertsError

from .refusals import CHALLENGE
from .refusals import Declined

logger: logging.Logger = logging.getLogger(__name__)

_ACTION = {"action": "api_guard_failed"}


def bearer_token() -> str | None:
    """Return the token in the header ``Authorization: Bearer …`` of the request, or None.

    Compare it in constant time, with ``hmac.compare_digest`` on bytes, or look up its hash.
    """
    credentials = request.authorization
    if credentials is None or credentials.type != "bearer":
        return None

    return credentials.token or None


def admit(authorize: Authorize | None) -> Grant | Response:
    """Return who acts, or the response that the host wants to send; else raise."""
    if authorize is None:
        raise Declined(403, "closed", "This API is closed: it was made without authorize.")

    grant = _ask(authorize)
    if grant is not None:
        return grant

    if "Authorization" in request.headers:
        raise Declined(403, "forbidden", "These credentials do not open this API.")

    detail = "Send your credentials in the header Authorization: Bearer …"
    raise Declined(401, "unauthorized", detail, **CHALLENGE)


def _ask(authorize: Authorize) -> Grant | Response | None:
    try:
        return ask(authorize)
    except InvalidAnswer as error:
        logger.error("The guard of the API lets nobody in: %s", error, extra=_ACTION)  # noqa: TRY400 - the words say it all
        words = str(error) if current_app.debug else "The application's log says why."
        detail = f"The guard of this API does not work, so nobody may pass. {words}"
        raise Declined(500, "internal_error", detail) from error
    except Unavailable:
        raise
    except WebhookAlertsError as error:
        # What it says is about something that the guard has looked for, not about this request.
        raise RuntimeError("authorize has failed") from error


def refuse_foreign_pages() -> None:
    """Raise unless a change comes from the app's own pages, or from no page at all.

    Browsers send cookies, and passwords that they remember, with whatever a foreign page asks
    for; but a bearer token they add to nothing.
    """
    if request.method in SAFE_METHODS or bearer_token() is not None:
        return

    if is_from_here():
        return

    raise Declined(
        403,
        "foreign_page",
        "A page of another site asks for a change. Ask from a page of this origin, or with a"
        " bearer token.",
    )
