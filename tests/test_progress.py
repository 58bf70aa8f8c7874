"""Commands that take long show how far they are to a person, and only to one."""

from __future__ import annotations

import sys
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from example_app import demo
from example_app.database import db
from example_app.tests.desks import open_desk
from tests.hosts import Host
from tests.terminals import write_into_pipe
from tests.terminals import write_into_terminal
from tests.test_housekeeping import store_alert

Write: t.TypeAlias = Callable[..., str]

BAR = "[####"


@pytest.fixture
def served_at(desk: Flask) -> Iterator[str]:
    """Serve the desk on a port of its own, and say where."""
    server = make_server("127.0.0.1", 0, desk, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Flask]:
    """A desk with an endpoint."""
    with open_desk(f"sqlite:///{tmp_path / 'desk.db'}") as desk:
        with desk.app_context():
            db.create_all()
            demo.add_integration()
        yield desk


def test_purge_shows_its_progress_in_a_terminal_and_not_in_a_pipe(
    sqlite_host: Host, sqlite_url: str
) -> None:
    def purge(write: Write) -> str:
        store_alert(sqlite_host)
        command = ["webhook-alerts", "purge", "--resolved-before", "1d", "--yes"]
        settings = {"HOST_SQLALCHEMY_DATABASE_URI": sqlite_url}
        return write(flask("tests.faults.host_app:serve", *command), settings)

    seen, read = purge(write_into_terminal), purge(write_into_pipe)

    assert BAR in seen
    assert "100%" in seen
    assert seen.endswith("Deleted 1 alert.\r\n")
    assert BAR not in read
    assert read.endswith("Deleted 1 alert.\n")


def test_demo_traffic_shows_its_progress_in_a_terminal_and_not_in_a_pipe(
    desk: Flask, served_at: str
) -> None:
    def send(write: Write) -> str:
        command = ["demo", "traffic", "--at", served_at, "--count", "5", "--every", "0"]
        settings = {"FLASK_SQLALCHEMY_DATABASE_URI": desk.config["SQLALCHEMY_DATABASE_URI"]}
        return write(flask("example_app", *command), {**settings, "FLASK_SECRET_KEY": "x"})

    seen, read = send(write_into_terminal), send(write_into_pipe)

    assert BAR in seen
    assert "100%" in seen
    assert BAR not in read
    assert "created" in read.splitlines()[-1]


def flask(app: str, *arguments: str) -> list[str]:
    """Return the command line that runs a command of an app."""
    return [sys.executable, "-m", "flask", "--app", app, *arguments]
