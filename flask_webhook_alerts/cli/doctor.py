"""Examine the app and its database: ``flask webhook-alerts doctor``."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Iterator

import click
from flask import current_app
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts import clock
from flask_webhook_alerts import receivers
from flask_webhook_alerts import signals
from flask_webhook_alerts import urls
from flask_webhook_alerts.database import Database
from flask_webhook_alerts.findings import Finding
from flask_webhook_alerts.findings import Level
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.state import State
from flask_webhook_alerts.store.deliveries import DeliveryState
from flask_webhook_alerts.store.facts import Facts
from flask_webhook_alerts.store.facts import read_facts
from flask_webhook_alerts.store.facts import read_schema
from flask_webhook_alerts.store.facts import Schema

from .base import group
from .checks import check_database
from .checks import check_delivery
from .checks import check_outbox
from .checks import check_receivers
from .checks import check_retention
from .checks import check_schema
from .checks import check_urls
from .explaining import reason
from .limiting import check_rate_limit
from .options import json_option
from .output import emit
from .output import safe
from .separating import check_sessions

_SIGNALS = (
    signals.alert_created,
    signals.alert_acknowledged,
    signals.alert_resolved,
    signals.alert_reopened,
    signals.alert_repeated,
    signals.request_rejected,
)


@group.command("doctor")
@json_option
def doctor(as_json: bool) -> None:
    """Say whether all is well, and what to do if not.

    The exit code is 1 if there is a problem.
    """
    findings = list(_examine(get_state()))
    is_well = all(finding.level is not Level.PROBLEM for finding in findings)
    record = {
        "is_well": is_well,
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }
    emit(record, _lines(findings), as_json=as_json)
    if not is_well:
        click.get_current_context().exit(1)


def _examine(state: State) -> Iterator[Finding]:
    yield from _examine_database(state)
    yield from check_delivery(state.settings.delivery)
    yield from check_rate_limit(state.limiter)
    yield check_retention(state.settings.retention)
    # What only the part that wakes workers knows, and no edge may import another.
    yield from getattr(state.wake, "examine", tuple)()
    app = t.cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    for signal in _SIGNALS:
        yield from check_receivers(
            signal.name.replace("-", "_"), list(receivers.connected(signal, app))
        )
    yield from check_urls(_url(), is_guessed=urls.is_guessed())
    yield from check_sessions(state.database.host, app)


def _examine_database(state: State) -> Iterator[Finding]:
    database = state.database
    _ = database.store  # raises if this kind of database is not supported
    try:
        schema, facts = _read(database)
    except SQLAlchemyError as error:
        setting = database.host.setting_of(database.engine)
        words = f"It does not answer: {reason(error)} Look at {setting}."
        yield Finding(level=Level.PROBLEM, about="database", words=words)
        return

    yield from check_database(facts, state.settings.max_content_length)
    yield from check_schema(schema)
    if not (schema.missing_tables or schema.missing):
        dead = state.reading.delivery_counts()[DeliveryState.DEAD]
        yield from check_outbox(state.reading.owed(), dead, clock.now())


def _read(database: Database) -> tuple[Schema, Facts]:
    # The engine's own connection, since ours would show our own isolation level.
    with database.engine.connect() as connection:
        return read_schema(connection, database.models), read_facts(connection, database.models)


def _url() -> str | RuntimeError:
    try:
        return urls.endpoint_url("ID")
    except RuntimeError as error:
        return error


def _lines(findings: list[Finding]) -> list[str]:
    width = max(len(finding.about) for finding in findings)
    return [
        f"{finding.level:<7}  {finding.about:<{width}}  {safe(finding.words)}"
        for finding in findings
    ]
