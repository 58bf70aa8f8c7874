"""Say what is wrong with the database, and what to do about it."""

from __future__ import annotations

from .store.facts import Schema
from .words import safe


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
