"""Give every contestant an empty database of its own, and drop it afterwards."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

KINDS = ("sqlite", "postgresql")
ALL_KINDS = (*KINDS, "mariadb")
POSTGRESQL_URL = os.environ.get(
    "BENCH_POSTGRESQL_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
MARIADB_URL = os.environ.get("BENCH_MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306/")


@contextmanager
def new_database(kind: str) -> Iterator[str]:
    """Yield the URL of a new database."""
    make = {"sqlite": _new_sqlite, "postgresql": _new_postgresql, "mariadb": _new_mariadb}[kind]
    with make() as url:
        yield url


@contextmanager
def _new_sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "bench.db")
        with closing(sqlite3.connect(path)) as connection:
            # The file remembers it. "synchronous" stays FULL, the default, for everybody.
            connection.execute("PRAGMA journal_mode=WAL")
        yield f"sqlite:///{path}"


@contextmanager
def _new_postgresql() -> Iterator[str]:
    with _new_on_server(POSTGRESQL_URL, "DROP DATABASE {} WITH (FORCE)") as url:
        yield url


@contextmanager
def _new_mariadb() -> Iterator[str]:
    with _new_on_server(MARIADB_URL, "DROP DATABASE {}") as url:
        yield url


@contextmanager
def _new_on_server(server: str, drop: str) -> Iterator[str]:
    url = sa.make_url(server)
    name = f"bench_{uuid.uuid4().hex[:12]}"
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    _execute(engine, f"CREATE DATABASE {name}")
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(engine, drop.format(name))


def _execute(engine: sa.Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
