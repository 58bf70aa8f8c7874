"""Lend servers and rigs to the tests, take them back, and report what was measured."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.rig import Rig
from tests.faults.servers import create_sqlite_file
from tests.faults.servers import DatabaseServer
from tests.faults.servers import MariaDB
from tests.faults.servers import PostgreSQL
from tests.faults.servers import running
from tests.faults.sizes import Sizes
from tests.needs import is_missing

DATABASES: t.Final = ("sqlite", "postgresql", "mariadb")

Report: t.TypeAlias = Callable[..., None]
MakeRig: t.TypeAlias = Callable[..., Rig]

_figures = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def sizes() -> Sizes:
    return Sizes.from_environment(os.environ)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    yield from _server(PostgreSQL)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    yield from _server(MariaDB)


def _server(kind: type[DatabaseServer]) -> Iterator[DatabaseServer]:
    if missing := kind.missing_programs():
        reason = f"{kind.__name__} is not installed: there is no {', '.join(missing)}."
        is_missing(reason)

    with running(kind) as server:
        yield server


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return create_sqlite_file(tmp_path, journal_mode="DELETE")

    server: DatabaseServer = request.getfixturevalue(request.param)
    return server.create_database()


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    """Return a maker of rigs; what it made is ended with the test, however the test ends."""
    rigs: list[Rig] = []

    def make(database_url: str, **options: t.Any) -> Rig:
        rigs.append(Rig(tmp_path, database_url, **options))
        return rigs[-1]

    yield make

    for rig in rigs:
        rig.close()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Report:
    """Return a function that keeps what a test measured, also in the file ``FAULTS_REPORT``."""
    figures = request.config.stash.setdefault(_figures, [])

    def keep(**measured: object) -> None:
        words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in measured.items())
        figures.append(f"{request.node.name}: {words}")
        if path := os.environ.get("FAULTS_REPORT"):
            with Path(path).open("a") as file:
                file.write(figures[-1] + "\n")

    return keep


def pytest_terminal_summary(terminalreporter: t.Any, config: pytest.Config) -> None:
    """Show the figures."""
    figures = config.stash.get(_figures, [])
    if figures:
        terminalreporter.section("faults: what was measured")
    for figure in figures:
        terminalreporter.line(figure)
