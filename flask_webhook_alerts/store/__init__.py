"""Hold every SQL statement: built once for the models and the dialect, run on any connection."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from flask_webhook_alerts.mapping import fills_itself
from flask_webhook_alerts.mapping import Models

from .changes import Changes
from .changes import SteppedChanges
from .housekeeping import Housekeeping
from .outbox import Outbox
from .reads import Reads
from .single import SingleStatementChanges
from .values import Plan

__all__ = ["Changes", "Housekeeping", "Outbox", "Plan", "Reads", "Store", "build_store"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Store:
    """The statements of one app, by what they are for."""

    changes: Changes
    outbox: Outbox
    reads: Reads
    housekeeping: Housekeeping


def build_store(models: Models, dialect: sa.Dialect) -> Store:
    """Build the statements; raise :exc:`RuntimeError` for a database that is not supported."""
    changes: Changes
    if dialect.name == "postgresql" and fills_itself(models):
        changes = SingleStatementChanges(models, dialect)
    elif dialect.name in {"postgresql", "sqlite", "mysql", "mariadb"}:
        changes = SteppedChanges(models, dialect)
    else:
        raise RuntimeError(
            f"Alerts cannot be stored in {dialect.name}. Use SQLite, PostgreSQL, MariaDB or MySQL"
            " for the bind of the alert model."
        )

    return Store(
        changes=changes,
        outbox=Outbox(models, dialect),
        reads=Reads(models),
        housekeeping=Housekeeping(models),
    )
