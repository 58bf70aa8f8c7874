"""Say in words what went wrong, and what to do about it."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts.advice import reason
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.examination import explain_database


def explain(error: Exception) -> str:
    """Return what a person should read instead of a traceback."""
    if isinstance(error, (Unavailable, SQLAlchemyError)):
        return explain_database(error)

    if any(isinstance(each, UnicodeError) for each in (error, error.__cause__)):
        return "An argument is not valid UTF-8. Check the encoding of your terminal."

    if isinstance(error, Refused):
        return (
            f"The database refuses the change: {reason(error)} Shorten what is too long for its"
            " column; rows of your app that refer to what would be deleted must go first."
        )

    return str(error)
