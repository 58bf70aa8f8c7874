"""The example app on every database, over the wire, and beside Apprise, beyond its own tests."""

from __future__ import annotations

import contextlib
import re
import shlex
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import flask_migrate
import pytest
import sqlalchemy as sa
from apprise import Apprise
from click.testing import Result
from flask import Flask

import example_app.desk
from example_app import howto
from example_app.database import db
from example_app.tests.desks import open_desk
from example_app.tests.desks import stored
from tests.databases import KINDS
from tests.databases import new_database

pytest_plugins = "tests.desk_fixtures"

Traffic: t.TypeAlias = Callable[..., Result]


@pytest.fixture
def traffic(desk: Flask) -> Traffic:
    """Run ``demo traffic`` without its pauses."""
    runner = desk.test_cli_runner()
    return lambda *options: runner.invoke(args=["demo", "traffic", "--every=0", *options])


# Apprise imports a module that Python 3.13 no longer has, and copes where it is missing.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_takes_the_line_that_setup_prints(desk: Flask, served_at: str) -> None:
    with desk.test_request_context(base_url=served_at):
        line = howto.apprise_line(str(example_app.desk.endpoint()))
    _, _, title, _, body, url = shlex.split(line)
    apprise = Apprise()
    apprise.add(url)

    assert apprise.notify(title=title, body=body)

    with stored(desk) as ([alert], _):
        assert (alert.title, alert.description) == (title, body)


def test_demo_traffic_goes_over_the_wire(desk: Flask, served_at: str, traffic: Traffic) -> None:
    result = traffic("--count=25", "--seed=7", f"--at={served_at}")

    assert result.exit_code == 0, result.output
    last_line = result.output.splitlines()[-1]
    counted = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last_line)}
    assert sum(counted.values()) == 25
    assert {"created", "acknowledged", "resolved"} <= counted.keys()
    with stored(desk) as (all_alerts, messages):
        assert len(all_alerts) == counted["created"]
        assert messages


def test_demo_traffic_says_why_it_was_refused(served_at: str, traffic: Traffic) -> None:
    result = traffic(f"--at={served_at}/elsewhere")

    assert result.exit_code == 1
    assert "answered 404" in result.output


@pytest.fixture(params=KINDS)
def migrated_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A desk whose tables come from its migrations, in a database of its own."""
    file = contextlib.nullcontext(f"sqlite:///{tmp_path / 'desk.db'}")
    database = file if request.param == "sqlite" else new_database(request.param)
    with database as url, open_desk(url) as app:
        with app.app_context():
            flask_migrate.upgrade()
        yield app


def test_migrations_leave_autogenerate_nothing_to_do(migrated_desk: Flask) -> None:
    with migrated_desk.app_context(), db.engine.connect() as connection:
        context = alembic.migration.MigrationContext.configure(
            connection, opts={"compare_type": True}
        )

        assert alembic.autogenerate.compare_metadata(context, db.metadata) == []


def test_migrations_go_all_the_way_back(migrated_desk: Flask) -> None:
    with migrated_desk.app_context():
        flask_migrate.downgrade(revision="base")

        assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]


def test_a_migrated_desk_takes_alerts_and_shows_them(migrated_desk: Flask) -> None:
    client = migrated_desk.test_client()
    result = migrated_desk.test_cli_runner().invoke(args=["demo", "setup"])
    url = re.findall(r"http://\S+/integration/\w+", result.output)[0]
    event = {"Id": "1", "Title": "It flickers", "Meta": {"service": "search"}}

    for event_type in ("create", "create", "resolve", "create"):
        assert client.post(url, json=event | {"event_type": event_type}).status_code == 200

    page = client.get("/").text
    assert "1 open, 0 acknowledged" in page
    assert "To Amara" in page
    with stored(migrated_desk) as (all_alerts, messages):
        assert [alert.occurrences for alert in all_alerts] == [2, 1]
        assert [message.kind for message in messages] == ["created", "resolved", "created"]


def test_a_desk_waits_for_no_lock_longer_than_senders_do(migrated_desk: Flask) -> None:
    result = migrated_desk.test_cli_runner().invoke(args=["webhook-alerts", "doctor"])

    with migrated_desk.app_context():
        shown = {
            "sqlite": "",
            "postgresql": "note lock_timeout 5000 ms:",
            "mysql": "note innodb_lock_wait_timeout 5 s:",
        }[db.engine.dialect.name]
    assert shown in re.sub(" +", " ", result.output)
    assert "An event waits" not in result.output
