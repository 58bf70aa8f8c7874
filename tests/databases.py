"""Give the tests databases of their own, on every kind of server that answers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import exc

from tests.needs import is_missing

SERVERS = {
    "postgresql": os.environ.get(
        "TEST_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
    ),
    "mariadb": os.environ.get("TEST_MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306/"),
}
KINDS = ("sqlite", *SERVERS)
PATIENCE = 20  # seconds


@contextmanager
def new_database(kind: str, options: str = "") -> Iterator[str]:
    """Create a database on the server of a kind, yield its URL, and drop it again.

    :param options: what ``CREATE DATABASE`` is told besides the name.
    """
    url = sa.make_url(SERVERS[kind])
    name = f"webhook_alerts_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    _run_or_skip(engine, f"CREATE DATABASE {name} {options}", kind)
    try:
        yield _patient(url.set(database=name)).render_as_string(hide_password=False)
    finally:
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{force}")


def _patient(url: sa.URL) -> sa.URL:
    """Let a test that waits for its own locks fail, not hang."""
    if url.get_backend_name() == "postgresql":
        return url.update_query_dict({"options": f"-c lock_timeout={PATIENCE}s"})

    limits = f"lock_wait_timeout={PATIENCE}, innodb_lock_wait_timeout={PATIENCE // 2}"
    return url.update_query_dict({"init_command": f"SET SESSION {limits}"})


def _run_or_skip(engine: sa.Engine, statement: str, kind: str) -> None:
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
    except exc.OperationalError as error:
        reason = f"No {kind} server answers at {engine.url!r}: {error.orig}"
        is_missing(reason)
