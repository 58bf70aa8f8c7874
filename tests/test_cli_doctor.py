"""The command that says whether all is well."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import typing as t
from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import checks
from flask_webhook_alerts import clock
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.findings import Level
from flask_webhook_alerts.store.facts import Facts
from tests.databases import new_database
from tests.hosts import Host
from tests.hosts import on_both
from tests.hosts import running_host
from tests.test_cli import execute
from tests.test_cli import MARIADB
from tests.test_cli import MISSING
from tests.test_cli import POSTGRESQL
from tests.test_cli import run
from tests.test_cli import run_json
from tests.test_cli import SERVERS
from tests.test_cli import unprepared_host

EVENT = {"event_type": "create", "Id": "1", "Title": "Disk full", "Description": "/var"}
MIGRATE = "Run 'flask db migrate', look through the new file, then 'flask db upgrade'."


def examine(host: Host, *, exit_code: int = 0) -> dict[str, tuple[str, str]]:
    """Return what the doctor finds: level and words, by what was checked."""
    record = run_json(host, "doctor", exit_code=exit_code)
    assert record["is_well"] is (exit_code == 0)
    return {entry["about"]: (entry["level"], entry["words"]) for entry in record["findings"]}


@on_both
def test_all_is_well_with_a_fresh_host(host: Host) -> None:
    findings = examine(host)

    assert {level for level, _ in findings.values()} == {"ok", "note"}
    assert findings["tables"] == ("ok", "All are there and of this version.")
    assert findings["events owed"] == findings["events dead"] == ("ok", "None.")


def test_findings_are_lines_for_people(sqlite_host: Host) -> None:
    result = run(sqlite_host, "doctor")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0].startswith("ok       database ")
    assert "note     receivers of alert_created       None is connected in this process." in lines


def test_each_database_names_what_its_durability_stands_on(host: Host) -> None:
    findings = examine(host)

    expected = {
        "sqlite": {"synchronous", "journal_mode"},
        "postgresql": {"fsync", "full_page_writes", "synchronous_commit", "lock_timeout"},
        "mariadb": {
            "innodb_flush_log_at_trx_commit",
            "innodb_lock_wait_timeout",
            "max_allowed_packet",
            "character set",
        },
    }
    (dialect,) = (name for name in expected if findings["database"][1].startswith(name))
    assert expected[dialect] < findings.keys()


def test_missing_tables_are_a_problem(host: Host) -> None:
    with host.app.app_context():
        host.db.drop_all()

    findings = examine(host, exit_code=1)

    advice = f"{MISSING} Run 'flask db upgrade', or create_all()."
    assert findings["tables"] == ("problem", advice)
    assert "events owed" not in findings


def test_a_missing_column_is_a_problem(host: Host) -> None:
    execute(host, "ALTER TABLE webhook_alert DROP COLUMN urgency")

    findings = examine(host, exit_code=1)

    words = f"The tables are not of this version: no column webhook_alert.urgency. {MIGRATE}"
    assert findings["tables"] == ("problem", words)
    assert words in run(host, "alerts", "list").stderr


def test_a_missing_unique_key_is_a_problem(sqlite_host: Host) -> None:
    execute(
        sqlite_host,
        "CREATE TABLE copy AS SELECT * FROM webhook_alert",
        "DROP TABLE webhook_alert",
        "ALTER TABLE copy RENAME TO webhook_alert",
    )

    findings = examine(sqlite_host, exit_code=1)

    words = "no unique key on webhook_alert (integration_id, active_key)"
    assert words in findings["tables"][1]


def test_a_unique_index_is_as_good_as_a_constraint(sqlite_host: Host) -> None:
    execute(
        sqlite_host,
        "CREATE TABLE copy AS SELECT * FROM webhook_alert",
        "DROP TABLE webhook_alert",
        "ALTER TABLE copy RENAME TO webhook_alert",
        "CREATE UNIQUE INDEX own ON webhook_alert (active_key, integration_id)",
    )

    assert examine(sqlite_host)["tables"][0] == "ok"


@SERVERS
def test_a_column_that_our_rows_do_not_fill_is_a_problem(host: Host) -> None:
    execute(
        host,
        "ALTER TABLE webhook_alert ADD COLUMN team VARCHAR(9) NOT NULL",
        "ALTER TABLE webhook_alert ADD COLUMN nick VARCHAR(9) NOT NULL DEFAULT 'x'",
        "ALTER TABLE webhook_alert ADD COLUMN note VARCHAR(9)",
    )

    (_, words) = examine(host, exit_code=1)["tables"]

    assert words == (
        "The tables are not of this version: column webhook_alert.team wants a value. " + MIGRATE
    )


@MARIADB
def test_a_time_without_microseconds_is_a_problem(host: Host) -> None:
    execute(host, "ALTER TABLE webhook_alert_event MODIFY next_attempt_at DATETIME NULL")

    (_, words) = examine(host, exit_code=1)["tables"]

    assert "column webhook_alert_event.next_attempt_at has no microseconds" in words


@MARIADB
def test_a_table_that_cannot_hold_every_character_is_a_problem(host: Host) -> None:
    execute(host, "ALTER TABLE webhook_alert_event CONVERT TO CHARACTER SET latin1")

    (level, words) = examine(host, exit_code=1)["character set"]

    assert level == "problem"
    assert "'ALTER TABLE webhook_alert_event CONVERT TO CHARACTER SET utf8mb4'" in words


def test_an_encoding_that_cannot_hold_every_character_is_a_problem() -> None:
    latin = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    with new_database("postgresql", latin) as url, running_host(url) as host:
        (level, words) = examine(host, exit_code=1)["encoding"]

    assert level == "problem"
    assert "The database is LATIN1" in words


@MARIADB
def test_a_packet_that_is_small_beside_the_body_is_a_warning(database_url: str) -> None:
    limit = 1 << 30
    config = {"WEBHOOK_ALERTS_MAX_CONTENT_LENGTH": limit}
    with running_host(database_url, config=config) as host:
        (level, words) = examine(host)["max_allowed_packet"]

    assert level == "warning"
    assert f"Set it to {4 * limit} or more, or set WEBHOOK_ALERTS_MAX_CONTENT_LENGTH" in words


@SERVERS
def test_an_engine_that_commits_by_itself_is_a_note(database_url: str) -> None:
    config = {"SQLALCHEMY_ENGINE_OPTIONS": {"isolation_level": "AUTOCOMMIT"}}
    with running_host(database_url, config=config) as host:
        (level, words) = examine(host)["isolation"]

    assert level == "note"
    assert "stored in one transaction all the same" in words


@POSTGRESQL
def test_commits_that_do_not_wait_for_the_disk_are_a_warning(database_url: str) -> None:
    settings = {"options": "-c synchronous_commit=off -c lock_timeout=3000"}
    config = {"SQLALCHEMY_ENGINE_OPTIONS": {"connect_args": settings}}
    with running_host(database_url, config=config) as host:
        findings = examine(host)

    assert findings["synchronous_commit"][0] == "warning"
    assert "off: a power cut can lose the last alerts" in findings["synchronous_commit"][1]
    words = "3000 ms: how long a write waits for another one's lock."
    assert findings["lock_timeout"] == ("note", words)


@pytest.mark.parametrize(
    ("database_url", "limit", "name"),
    [
        pytest.param("postgresql", "-c lock_timeout=0", "lock_timeout", id="postgresql"),
        pytest.param("mariadb", 50, "innodb_lock_wait_timeout", id="mariadb"),
        pytest.param("mariadb", 11, "innodb_lock_wait_timeout", id="mariadb, just too long"),
    ],
    indirect=["database_url"],
)
def test_a_lock_that_is_waited_for_too_long_is_a_warning_with_the_line_that_helps(
    database_url: str, limit: object, name: str
) -> None:
    too_long: dict[str, t.Any] = {
        "lock_timeout": {"options": limit},
        "innodb_lock_wait_timeout": {"init_command": f"SET innodb_lock_wait_timeout = {limit}"},
    }
    with running_host(database_url, engine_options={"connect_args": too_long[name]}) as host:
        (level, words) = examine(host)[name]

    line = re.search('"connect_args": ({.*})', words)
    assert line
    options = {"connect_args": json.loads(line[1])}
    with running_host(database_url, engine_options=options) as host:
        (level_after, words_after) = examine(host)[name]

    assert (level, level_after) == ("warning", "note")
    assert words.startswith("An event waits ")
    assert re.match("5(000 m| )s: how long a write waits", words_after)


@POSTGRESQL
def test_a_statement_that_is_limited_waits_for_no_lock_without_end(database_url: str) -> None:
    limits = {"options": "-c lock_timeout=0 -c statement_timeout=4000"}
    with running_host(database_url, engine_options={"connect_args": limits}) as host:
        findings = examine(host)

    words = "4000 ms: how long a write waits for another one's lock."
    assert findings["statement_timeout"] == ("note", words)
    assert "lock_timeout" not in findings


def test_a_careless_sqlite_is_seen_as_the_app_sees_it(sqlite_host: Host) -> None:
    with sqlite_host.app.app_context():
        sqlite_host.db.engine.dispose()
        event.listen(sqlite_host.db.engine, "connect", be_careless)

    findings = examine(sqlite_host, exit_code=1)

    assert findings["synchronous"][0] == "warning"
    assert findings["journal_mode"][0] == "problem"


def test_a_database_in_memory_is_for_tests() -> None:
    with running_host("sqlite://") as host:
        findings = examine(host)

    assert findings["durability"][0] == "warning"
    assert "in memory, which is for tests" in findings["durability"][1]
    assert "synchronous" not in findings


@pytest.mark.parametrize(
    ("log_bin", "levels"),
    [
        ("ON", {"innodb_flush_log_at_trx_commit": "warning", "sync_binlog": "warning"}),
        ("OFF", {"innodb_flush_log_at_trx_commit": "warning"}),
    ],
)
def test_a_careless_mariadb_is_a_warning(log_bin: str, levels: dict[str, str]) -> None:
    facts = Facts(
        dialect="mariadb",
        version="11",
        isolation_level="REPEATABLE READ",
        is_autocommit=False,
        settings={"innodb_flush_log_at_trx_commit": "2", "sync_binlog": "0", "log_bin": log_bin},
        charsets={},
    )

    found = {finding.about: finding for finding in checks.check_database(facts, 1)}

    assert {name: str(found[name].level) for name in levels} == levels
    assert ("sync_binlog" in found) is (log_bin == "ON")


def test_a_database_that_is_away_is_a_problem_and_the_rest_is_still_told() -> None:
    findings = examine(unprepared_host("sqlite:////nowhere/host.db"), exit_code=1)

    words = "It does not answer: unable to open database file. Look at SQLALCHEMY_DATABASE_URI."
    assert findings["database"] == ("problem", words)
    assert findings["delivery"][0] == "ok"


def test_receivers_are_named(sqlite_host: Host, connect: Callable[..., None]) -> None:
    connect(alert_created, fail)

    findings = examine(sqlite_host)

    assert findings["receivers of alert_created"] == ("ok", f"{__name__}:fail")
    assert findings["receivers of request_rejected"][0] == "note"


def test_manual_delivery_is_a_note(sqlite_url: str) -> None:
    with running_host(sqlite_url, config={"WEBHOOK_ALERTS_DELIVERY": "manual"}) as host:
        (level, words) = examine(host)["delivery"]

    assert level == "note"
    assert "Keep 'flask webhook-alerts deliver --every 5' running." in words


def test_an_owed_event_is_a_note_until_nobody_has_tried_for_long(
    host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(alert_created, fail)
    host.post(host.create_integration(), EVENT)

    (level, words) = examine(host)["events owed"]
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + dt.timedelta(hours=3))
    (later_level, later_words) = examine(host, exit_code=1)["events owed"]

    assert level == "note"
    assert words.startswith("1 event, the oldest ")
    assert later_level == "problem"
    assert later_words.startswith("1 event, the oldest 3 hours old. Nobody has tried for 2 hours:")


def test_dead_events_are_a_problem(
    host: Host, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_webhook_alerts.delivery.MAX_ATTEMPTS", 1)
    connect(alert_created, fail)
    host.post(host.create_integration(), EVENT)

    (level, words) = examine(host, exit_code=1)["events dead"]

    assert level == "problem"
    assert words.startswith("1 event failed ten times.")
    assert "then run 'flask webhook-alerts deliver --dead'." in words


def test_the_address_of_the_endpoint_is_told(sqlite_url: str) -> None:
    with running_host(sqlite_url) as host:
        guessed = examine(host)
    with running_host(sqlite_url, config={"SERVER_NAME": "desk.example"}) as host:
        known = examine(host)

    assert guessed["SERVER_NAME"][0] == "note"
    assert known["endpoint"] == ("ok", "http://desk.example/integration/ID")
    assert "SERVER_NAME" not in known


@on_both
def test_a_session_for_each_context_needs_no_word(sqlite_host: Host) -> None:
    assert "sessions" not in examine(sqlite_host)


def test_a_session_that_receivers_share_with_the_request_is_a_warning(sqlite_url: str) -> None:
    db = SQLAlchemy(session_options={"scopefunc": threading.get_ident})
    with running_host(sqlite_url, db=db, alerts=WebhookAlerts(db)) as host:
        (level, words) = examine(host)["sessions"]

    assert level == "warning"
    assert words.endswith("Leave scopefunc out of session_options.")


def test_an_endpoint_without_an_address_is_a_problem(sqlite_url: str) -> None:
    host = unprepared_host(sqlite_url, register_blueprint=False)
    with host.app.app_context():
        host.db.create_all()

    (level, words) = examine(host, exit_code=1)["endpoint"]

    assert level == "problem"
    assert "Register alerts.blueprint on the app" in words


def test_the_levels_are_words() -> None:
    assert [str(level) for level in Level] == ["ok", "note", "warning", "problem"]


def be_careless(connection: t.Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA journal_mode = OFF")


def fail(_app: Flask, **_extra: t.Any) -> None:
    raise ValueError("no pager")
