"""What all commands have in common: how they fail, how they read, how they print."""

from __future__ import annotations

import datetime as dt
import json
import re
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager

import click
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts import words
from flask_webhook_alerts.cli import options
from flask_webhook_alerts.cli import output
from tests.hosts import Host
from tests.hosts import running_host

SERVERS = pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
MARIADB = pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

MISSING = (
    "Tables are missing: webhook_integration, webhook_alert, webhook_alert_event,"
    " webhook_rejection."
)


def run(host: Host, *args: object, charset: str = "utf-8", **how: t.Any) -> Result:
    """Run one of our commands as ``flask`` would."""
    runner = host.app.test_cli_runner(charset=charset)
    return runner.invoke(args=["webhook-alerts", *map(str, args)], **how)


def run_json(host: Host, *args: object, exit_code: int = 0) -> t.Any:
    """Run a command with --json and return what it prints."""
    result = run(host, *args, "--json")
    assert result.exit_code == exit_code, result.output
    return json.loads(result.stdout)


def execute(host: Host, *statements: str) -> None:
    """Change the database behind the back of the app."""
    with host.app.app_context(), host.db.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def unprepared_host(url: str, **options: t.Any) -> Host:
    """Return a host without tables, whose database need not exist."""
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, **options)
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(app)
    alerts.init_app(app)
    return Host(app=app, db=db, alerts=alerts)


@contextmanager
def host_with_notes(url: str) -> Iterator[Host]:
    """Yield a host with a table of its own that refers to alerts, and means it."""
    db = SQLAlchemy()
    alerts = WebhookAlerts(db)
    db.Table("note", sa.Column("alert_id", sa.ForeignKey("webhook_alert.id")))
    with running_host(url, db=db, alerts=alerts) as host:
        with host.app.app_context():
            if db.engine.dialect.name == "sqlite":
                db.engine.dispose()
                event.listen(db.engine, "connect", _enforce_foreign_keys)
        yield host


def _enforce_foreign_keys(connection: t.Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys = ON")


def test_the_group_explains_itself(sqlite_host: Host) -> None:
    result = run(sqlite_host, "--help")

    assert result.exit_code == 0
    assert "integrations  Manage the senders and their endpoints." in result.stdout


def test_without_tables_every_command_says_to_migrate(host: Host) -> None:
    with host.app.app_context():
        host.db.drop_all()
    commands = [
        ["integrations", "list"],
        ["integrations", "create", "a sender"],
        ["integrations", "enable", "int_x"],
        ["alerts", "list"],
        ["alerts", "resolve", "1"],
        ["send", "int_x"],
        ["deliver"],
        ["purge", "--resolved-before", "1d"],
    ]

    results = [run(host, *command) for command in commands]

    assert {result.exit_code for result in results} == {1}
    advice = f"Error: {MISSING} Run 'flask db upgrade', or create_all().\n"
    assert all(result.stderr.endswith(advice) for result in results)
    assert not any("Traceback" in result.output for result in results)


def test_a_database_that_is_away_is_named_as_the_reason() -> None:
    result = run(unprepared_host("sqlite:////nowhere/host.db"), "alerts", "list")

    assert result.exit_code == 1
    assert result.stderr == "Error: The database does not answer: unable to open database file.\n"


def test_a_database_that_is_busy_is_to_be_tried_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_webhook_alerts.transactions.PATIENCE", 0)
    impatient = {"SQLALCHEMY_ENGINE_OPTIONS": {"connect_args": {"timeout": 0}}}
    with (
        running_host(sqlite_url, config=impatient) as host,
        host.app.app_context(),
        host.db.engine.connect() as connection,
    ):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        result = run(host, "integrations", "create", "a sender")

    assert result.exit_code == 1
    words = "Error: The database cannot do this now, try again: database is locked.\n"
    assert result.stderr == words


def test_what_the_database_refuses_is_said_in_its_words(host: Host) -> None:
    host.create_integration("a sender")
    execute(host, "CREATE UNIQUE INDEX own_rule ON webhook_integration (name)")

    result = run(host, "integrations", "create", "a sender")

    assert result.exit_code == 1
    assert "Error: The database refuses the change: " in result.stderr
    assert re.search(r"unique|duplicate", result.stderr, re.IGNORECASE)
    assert "INSERT" not in result.stderr


def test_an_argument_that_is_not_utf_8_is_refused(sqlite_host: Host) -> None:
    result = run(sqlite_host, "integrations", "create", "\udcff")

    assert result.exit_code == 1
    assert "Error: name has a NUL character or a lone surrogate" in result.stderr


@pytest.mark.parametrize("command", ["show", "enable", "rotate-token", "delete"])
@pytest.mark.parametrize("wrong_id", ["\udcff", "\0", "no id"])
def test_an_id_that_none_can_have_is_not_looked_for(
    host: Host, command: str, wrong_id: str
) -> None:
    result = run(host, "integrations", command, wrong_id)

    assert result.exit_code == 1
    assert result.stderr == f"Error: There is no integration {wrong_id!r}.\n"


def test_a_terminal_that_is_not_utf_8_shows_escapes(sqlite_host: Host) -> None:
    result = run(sqlite_host, "integrations", "create", "Überwachung", charset="ascii")

    assert result.exit_code == 0
    assert "\\xdcberwachung" in result.stdout


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45s", dt.timedelta(seconds=45)),
        ("30m", dt.timedelta(minutes=30)),
        ("24h", dt.timedelta(hours=24)),
        ("90D", dt.timedelta(days=90)),
        (" 2w ", dt.timedelta(weeks=2)),
        ("0s", dt.timedelta()),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: dt.timedelta) -> None:
    assert options.duration(text) == expected


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5h", "90 days", "9999999999s"])
def test_what_is_no_duration_says_what_is(text: str) -> None:
    with pytest.raises(click.BadParameter, match="Write a whole number and a unit, such as 45s"):
        options.duration(text)


def test_a_duration_has_an_end() -> None:
    with pytest.raises(click.BadParameter, match="too long"):
        options.duration("36501d")


def test_meta_takes_pairs_and_objects() -> None:
    entries = ["a=1", "b=text", '{"c": [true], "a": 2}', "d=x=y", "e=NaN", 'f="quoted"', "g="]

    meta = options.read_meta(entries)

    expected = {"a": 2, "b": "text", "c": [True], "d": "x=y", "e": "NaN", "f": "quoted", "g": ""}
    assert meta == expected


@pytest.mark.parametrize("entry", ["plain", "=value", '{"a": ', '{"a": NaN}', '{"a":' + "[" * 9999])
def test_meta_that_is_neither_is_a_usage_error(entry: str) -> None:
    with pytest.raises(click.UsageError, match=r"^--meta .* is (not JSON|neither KEY=VALUE nor)"):
        options.read_meta([entry])


def test_control_characters_are_made_visible() -> None:
    text = "a\x1b[31mb\r\n\x00\x07\x9b\u202eevil\u2028\ud800é✓"

    assert words.safe(text) == "a\\x1b[31mb\\r\\n\\x00\\x07\\x9b\\u202eevil\\u2028\\ud800é✓"


def test_a_table_is_aligned_and_fits_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    rows = [(1, None, "short"), (22, True, "日本" * 9), (3, False, "e\u0301" * 9 + "x" * 9)]

    lines = output.table(("ID", "ON", "TITLE"), rows)

    assert lines == [
        "ID  ON   TITLE",
        "1   -    short",
        "22  yes  日本日本日本日…",
        "3   no   " + "e\u0301" * 9 + "xxxxx…",
    ]


def test_a_long_cell_in_the_middle_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")

    (_, line) = output.table(("NAME", "TITLE"), [("n" * 99, "title is cut to its header")])

    assert line == "n" * 31 + "…  titl…"


def test_the_lines_of_a_text_stay_under_their_name() -> None:
    pairs = [("Title", "one\r\ntwo\x1b"), ("Tags", []), ("Meta", {"é": "\n"}), ("At", None)]

    assert output.fields(pairs) == [
        "Title  one",
        "       two\\x1b",
        "Tags   -",
        'Meta   {"é": "\\n"}',
        "At     -",
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.4, "0 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (1e6, "11 days"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, expected: str) -> None:
    assert words.age(dt.timedelta(seconds=seconds)) == expected
