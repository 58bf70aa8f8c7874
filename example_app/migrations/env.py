"""Tell Alembic which database to change, and which tables it should have."""

# ruff: noqa: INP001
# (Alembic runs this file by its path: it is in no package.)
from __future__ import annotations

import typing as t
from logging.config import fileConfig

from alembic import context
from flask import current_app

# Loggers of the running app stay as they are: "demo setup" migrates inside of one.
fileConfig(t.cast(str, context.config.config_file_name), disable_existing_loggers=False)

migrate = current_app.extensions["migrate"]


def write_sql() -> None:
    """Print the statements, for whoever runs them by hand (``flask db upgrade --sql``)."""
    url = migrate.db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=migrate.db.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def change_database() -> None:
    """Run the statements."""
    with migrate.db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=migrate.db.metadata,
            process_revision_directives=drop_empty_revision,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


def drop_empty_revision(_context: object, _revision: object, directives: list[t.Any]) -> None:
    """Write no file when autogenerate finds nothing to do."""
    if directives[0].upgrade_ops is not None and directives[0].upgrade_ops.is_empty():
        directives.clear()


if context.is_offline_mode():
    write_sql()
else:
    change_database()
