"""Answer what goes wrong on the pages with a page: what it is, and what to do about it."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

from flask import Blueprint
from flask import Response
from flask.typing import RouteCallable
from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.errors import NotFound
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.examination import explain

from .pages import bare_page


class Screens(Blueprint):
    """A blueprint whose views answer what goes wrong in them.

    Not by handlers of errors: those would meet the faults of the host's guard as well, and could
    not leave them to the handlers of the host.
    """

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: RouteCallable | None = None,
        provide_automatic_options: bool | None = None,
        **options: t.Any,
    ) -> None:
        """Register a view, as every blueprint does."""
        answered = None if view_func is None else _answered(view_func)
        super().add_url_rule(rule, endpoint, answered, provide_automatic_options, **options)


def _answered(view: Callable[..., t.Any]) -> RouteCallable:
    @functools.wraps(view)
    def answer(**values: t.Any) -> t.Any:
        try:
            return view(**values)
        except tuple(_ANSWERS) as error:
            return next(page(error) for fault, page in _ANSWERS.items() if isinstance(error, fault))

    return answer


def _not_found(error: Exception) -> Response:
    words = f"{error} It may have been deleted, or the address has lost a part."
    return bare_page(404, "There is no such page", words)


def _invalid(error: Exception) -> Response:
    return bare_page(422, "This cannot be done", f"{error} Nothing was changed.")


def _refused(error: Exception) -> Response:
    return bare_page(409, "This cannot be done", explain(error))


def _database_fault(error: Exception) -> Response:
    response = bare_page(503, "The database did not answer", explain(error))
    response.headers["Retry-After"] = str(Unavailable.retry_after)
    return response


_ANSWERS: dict[type[Exception], Callable[[Exception], Response]] = {
    NotFound: _not_found,
    InvalidOption: _invalid,
    Refused: _refused,
    Unavailable: _database_fault,
    SQLAlchemyError: _database_fault,
}
