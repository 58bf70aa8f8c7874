"""What a host sets or listens to on its engine holds for the statements of the hot path as well."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from flask_webhook_alerts import alert_created
from tests.hosts import Host
from tests.hosts import running_host
from tests.test_cli import run_json
from tests.test_delivery import Connect

CREATE = {"event_type": "create", "Id": "1", "Title": "Disk full", "Description": "On db1."}


def test_who_listens_to_every_engine_hears_each_statement(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration()
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", hear)
    try:
        sqlite_host.post(integration_id, CREATE)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", hear)

    assert inserted(heard) == ["webhook_alert", "webhook_alert_event"]


def test_who_listens_to_the_dialect_hears_each_statement(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration()
    with sqlite_host.app.app_context():
        engine = sqlite_host.session.get_bind().engine
    heard: list[str] = []

    def hear(_cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    event.listen(engine, "do_execute", hear)
    sqlite_host.post(integration_id, CREATE)

    assert inserted(heard) == ["webhook_alert", "webhook_alert_event"]


def test_an_engine_that_echoes_shows_each_statement(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with running_host(sqlite_url, engine_options={"echo": True}) as host:
        integration_id = host.create_integration()
        caplog.clear()
        host.post(integration_id, CREATE)

        said = [record.getMessage() for record in caplog.records]
    assert inserted(said) == ["webhook_alert", "webhook_alert_event"]


def test_a_schema_that_the_engine_maps_to_another_gets_the_alerts(tmp_path: Path) -> None:
    options = {
        "execution_options": {"schema_translate_map": {None: "tenant"}},
        "pool_events": [(attach(tmp_path / "tenant.db"), "connect")],
    }
    with running_host(f"sqlite:///{tmp_path / 'host.db'}", engine_options=options) as host:
        answer = host.post(host.create_integration(), CREATE)

        assert answer.json is not None
        assert answer.json["outcome"] == "created"
        assert [alert.title for alert in host.stored_alerts()] == ["Disk full"]
        assert run_json(host, "doctor")["is_well"]


def test_a_listener_that_begins_a_transaction_loses_nothing(
    database_url: str, connect: Connect
) -> None:
    told: list[str] = []

    def hear(_app: object, *, alert: t.Any, **_: object) -> None:
        told.append(alert.thirdparty_id)

    def begin(connection: sa.Connection) -> None:
        connection.execute(sa.select(1))

    connect(alert_created, hear)
    with running_host(database_url) as host:
        with host.app.app_context():
            engine = host.session.get_bind().engine
        event.listen(engine, "engine_connect", begin)
        integration_id = host.create_integration()
        host.post(integration_id, CREATE)
        host.post(integration_id, CREATE)
        event.remove(engine, "engine_connect", begin)

        assert [alert.occurrences for alert in host.stored_alerts()] == [2]
        assert [event.delivered_at is not None for event in host.stored_events()] == [True]
    assert told == ["1"]


def attach(path: Path) -> Callable[[t.Any, object], None]:
    """Return what gives each new connection a second schema."""

    def attached(connection: t.Any, _record: object) -> None:
        connection.execute(f"ATTACH '{path}' AS tenant")

    return attached


def inserted(statements: list[str]) -> list[str]:
    """Return the tables that the statements insert into."""
    return [statement.split()[2] for statement in statements if statement.startswith("INSERT INTO")]
