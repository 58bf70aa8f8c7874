"""Say in words what went wrong, and what to do about it."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.facts import read_schema
from flask_webhook_alerts.store.facts import Schema

from .output import safe


def explain(error: Exception) -> str:
    """Return what a person should read instead of a traceback."""
    if isinstance(error, (Unavailable, SQLAlchemyError)):
        return _explain_database(error)

    if any(isinstance(each, UnicodeError) for each in (error, error.__cause__)):
        return "An argument is not valid UTF-8. Check the encoding of your terminal."

    if isinstance(error, Refused):
        return (
            f"The database refuses the change: {reason(error)} Shorten what is too long for its"
            " column; rows of your app that refer to what would be deleted must go first."
        )

    return str(error)


def reason(error: BaseException) -> str:
    """Return the database's own words for an error, as a sentence, without the SQL."""
    cause = error.__cause__ or error
    words = getattr(cause, "orig", None) or cause
    return safe(str(words).strip().partition("\n")[0].rstrip(".") + ".")


def advise(schema: Schema) -> str | None:
    """Return what is wrong with the tables and what to run; None if nothing is."""
    if schema.missing_tables:
        tables = ", ".join(schema.missing_tables)
        return f"Tables are missing: {tables}. Run 'flask db upgrade', or create_all()."

    differences = [*schema.missing, *schema.foreign]
    if differences:
        return (
            f"The tables are not of this version: {', '.join(differences)}."
            " Run 'flask db migrate', look through the new file, then 'flask db upgrade'."
        )

    return None


def _explain_database(error: Exception) -> str:
    database = get_state().database
    try:
        with database.engine.connect() as connection:
            advice = advise(read_schema(connection, database.models))
    except SQLAlchemyError as cause:
        return f"The database does not answer: {reason(cause)}"

    return advice or f"The database cannot do this now, try again: {reason(error)}"
