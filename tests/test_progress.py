"""Commands that take long show how far they are to a person, and only to one."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Callable

from flask import Flask

from tests.hosts import Host
from tests.terminals import write_into_pipe
from tests.terminals import write_into_terminal
from tests.test_housekeeping import store_alert

pytest_plugins = "tests.desk_fixtures"

Write: t.TypeAlias = Callable[..., str]

BAR = "[####"


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
