"""Answer what goes wrong on the pages with a page: what it is, and what to do about it."""

from __future__ import annotations

from flask import Blueprint
from flask import g
from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts.advice import reason
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.errors import NotFound
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.examination import explain_database

from .pages import bare_page


def register(blueprint: Blueprint) -> None:
    """Answer our errors on the dashboard's own pages, and nowhere else."""
    blueprint.register_error_handler(NotFound, _not_found)
    blueprint.register_error_handler(InvalidOption, _invalid)
    blueprint.register_error_handler(Refused, _refused)
    for fault in (Unavailable, SQLAlchemyError):
        blueprint.register_error_handler(fault, _database_fault)


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
    if "webhook_alerts_name" not in g:
        raise error  # the host's guard has failed, not a page of ours

    response = bare_page(503, "The database did not answer", explain_database(error))
    response.headers["Retry-After"] = str(Unavailable.retry_after)
    return response
