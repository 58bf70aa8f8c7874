"""Turn every fault into problem details: what this API refuses, and what the layers below raise."""

from __future__ import annotations

import logging

from werkzeug.exceptions import HTTPException

from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.errors import NotFound
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Rejected
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.integrations import HasAlerts
from flask_webhook_alerts.integrations import Stale
from flask_webhook_alerts.problems import Problem

logger: logging.Logger = logging.getLogger(__name__)


class Declined(Exception):
    """A request is answered with a problem, and nothing else happens."""

    def __init__(self, status: int, code: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.problem: Problem = Problem(status=status, code=code, detail=detail, headers=named)


class InvalidFields(Exception):
    """Parameters or members of a body do not fit.

    :ivar errors: the name of each → messages.
    """

    def __init__(self, errors: dict[str, list[str]]) -> None:
        super().__init__()
        self.problem: Problem = Problem(
            status=422,
            code="invalid_fields",
            detail=f"These do not fit: {', '.join(errors)}.",
            errors=errors,
        )


def problem_of(error: Exception) -> Problem:
    """Return the answer for anything that was raised while a request was handled."""
    if isinstance(error, (Declined, InvalidFields)):
        return error.problem

    if isinstance(error, Rejected):
        return Problem(
            status=error.status, code=error.code, detail=error.detail, errors=error.errors
        )

    if isinstance(error, HTTPException):
        return _problem_of_abort(error)

    for kind, (status, code) in _KNOWN.items():
        if isinstance(error, kind):
            return Problem(status=status, code=code, detail=str(error))
    return _problem_of_fault(error)


def _problem_of_abort(error: HTTPException) -> Problem:
    """Return what the host's ``authorize`` meant by ``abort()``."""
    status = error.code or 403
    given = error.get_response().headers
    kept = {name: ", ".join(given.getlist(name)) for name in {*given.keys()} - _OF_ITS_PAGE}
    return Problem(
        status=status,
        code=_CODES.get(status, "forbidden" if status < 500 else "internal_error"),
        detail=str(error.description or "The application refuses this request."),
        headers=(CHALLENGE if status == 401 else {}) | kept,
    )


def _problem_of_fault(error: Exception) -> Problem:
    logger.error("A request could not be answered", exc_info=error, extra=_ACTION)
    if isinstance(error, Unavailable):
        return Problem(
            status=503,
            code="unavailable",
            detail="The database cannot answer now. Send the request again.",
            headers={"Retry-After": str(error.retry_after)},
        )

    if isinstance(error, Refused):
        return Problem(
            status=422,
            code="refused",
            detail="The database refuses these values. Nothing was changed.",
        )

    return Problem(
        status=500,
        code="internal_error",
        detail="Something unexpected went wrong. The application's log says what.",
    )


CHALLENGE: dict[str, str] = {"WWW-Authenticate": "Bearer"}
"""The header of every 401."""

_ACTION = {"action": "api_request_failed"}
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    404: "not_found",
    429: "rate_limited",
    503: "unavailable",
}
_OF_ITS_PAGE = {"Content-Length", "Content-Type", "Set-Cookie"}
_KNOWN: dict[type[Exception], tuple[int, str]] = {
    NotFound: (404, "not_found"),
    HasAlerts: (409, "has_alerts"),
    InvalidOption: (422, "invalid_option"),
    Stale: (412, "stale"),
}
