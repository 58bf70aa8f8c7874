"""Answer what goes wrong on the pages with a page: what it is, and what to do about it."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from flask import Blueprint
from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts.access import InvalidAnswer
from flask_webhook_alerts.advice import reason
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.errors import NotFound
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.examination import explain_database

from . import door
from .pages import bare_page

Handler: t.TypeAlias = Callable[[Exception], Response]


def register(blueprint: Blueprint) -> None:
    """Answer our errors on the dashboard's own pages, and nowhere else."""
    blueprint.register_error_handler(InvalidAnswer, door.explain)
    for fault, handler in _HANDLERS.items():
        blueprint.register_error_handler(fault, _inside(handler))


def _inside(handler: Handler) -> Handler:
    """Return a handler that leaves faults of the host's guard to the host: they are not ours."""

    def handle(error: Exception) -> Response:
        if not door.is_passed():
            raise error

        return handler(error)

    return handle


def _not_found(error: Exception) -> Response:
    words = f"{error} It may have been deleted, or the address has lost a part."
    return bare_page(404, "There is no such page", words)


def _invalid(error: Exception) -> Response:
    return bare_page(422, "This cannot be done", f"{error} Nothing was changed.")


def _refused(error: Exception) -> Response:
    words = (
        f"The database refuses it: {reason(error)} Rows of your app that refer to what would be"
        " deleted must go first."
    )
    return bare_page(409, "This cannot be done", words)


def _database_fault(error: Exception) -> Response:
    response = bare_page(503, "The database did not answer", explain_database(error))
    response.headers["Retry-After"] = str(Unavailable.retry_after)
    return response


_HANDLERS: dict[type[Exception], Handler] = {
    NotFound: _not_found,
    InvalidOption: _invalid,
    Refused: _refused,
    Unavailable: _database_fault,
    SQLAlchemyError: _database_fault,
}
