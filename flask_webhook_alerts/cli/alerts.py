"""Look at alerts and move them on: ``flask webhook-alerts alerts …``."""

from __future__ import annotations

import typing as t

import click

from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record
from flask_webhook_alerts.store.search import AlertFilter
from flask_webhook_alerts.words import count
from flask_webhook_alerts.words import moment
from flask_webhook_alerts.words import safe

from .base import Commands
from .base import group
from .options import alert_argument
from .options import json_option
from .output import emit
from .output import fields
from .output import table
from .output import warn

_by_option = click.option("--by", metavar="NAME", help="Who does it; kept on the event.")


@group.group("alerts", cls=Commands)
def alerts() -> None:
    """Look at alerts and move them on."""


@alerts.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(list(map(str, AlertStatus))),
    help="Only alerts in this status; may be repeated.",
)
@click.option("--integration", "integration_id", metavar="ID", help="Only alerts of this sender.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(min=1, max=100_000),
    help="The most alerts to list.",
)
@json_option
def list_(statuses: tuple[str, ...], integration_id: str | None, limit: int, as_json: bool) -> None:
    """List alerts, the newest first."""
    reading = get_state().reading
    if integration_id is not None:
        reading.integration(integration_id)
    wanted = AlertFilter(statuses=tuple(map(AlertStatus, statuses)), integration_id=integration_id)
    page = reading.alerts(wanted, limit=limit)
    emit(page.records, _table(page.records), as_json=as_json)
    if page.older is not None:
        warn(f"Only the newest {count(limit, 'alert')}: there are more. Set --limit.")


@alerts.command("show")
@alert_argument
@json_option
def show(alert_id: int, as_json: bool) -> None:
    """Show all about one alert: its fields, its timeline, its delivery."""
    reading = get_state().reading
    record, events = reading.alert(alert_id), reading.timeline(alert_id)
    record["events"] = [event | {"delivery": _delivery(event)} for event in events]
    emit(record, [*fields(_pairs(record)), "", *_timeline(record["events"])], as_json=as_json)


@alerts.command("acknowledge")
@alert_argument
@_by_option
@json_option
def acknowledge(alert_id: int, by: str | None, as_json: bool) -> None:
    """Acknowledge an alert, with the signal."""
    _change(alert_id, EventKind.ACKNOWLEDGED, by, as_json)


@alerts.command("resolve")
@alert_argument
@_by_option
@json_option
def resolve(alert_id: int, by: str | None, as_json: bool) -> None:
    """Resolve an alert, with the signal."""
    _change(alert_id, EventKind.RESOLVED, by, as_json)


def _change(alert_id: int, kind: EventKind, by: str | None, as_json: bool) -> None:
    receipt = get_state().triage.change(alert_id, kind, by)
    record = {
        "outcome": receipt.outcome,
        "id": receipt.alert_id,
        "thirdparty_id": receipt.thirdparty_id,
        "status": receipt.status,
        "occurrences": receipt.occurrences,
        "reason": receipt.reason,
    }
    line = f"Alert {alert_id}: {receipt.outcome}."
    if receipt.reason:
        line += f" {receipt.reason}"
    emit(record, [line], as_json=as_json)


def _table(records: list[Record]) -> list[str]:
    headers = ("ID", "STATUS", "URGENCY", "COUNT", "LAST RECEIVED", "INTEGRATION", "TITLE")
    names = (
        "id",
        "status",
        "urgency",
        "occurrences",
        "last_received_at",
        "integration_name",
        "title",
    )
    return table(headers, [[record[name] for name in names] for record in records])


def _pairs(record: Record) -> list[tuple[str, t.Any]]:
    return [
        ("Id", record["id"]),
        ("Sender's Id", record["thirdparty_id"]),
        ("Integration", f"{record['integration_id']}  {record['integration_name']}"),
        ("Status", record["status"]),
        ("Title", record["title"]),
        ("Description", record["description"]),
        ("Urgency", record["urgency"]),
        ("Tags", record["tags"]),
        ("Incident", _incident(record)),
        ("Meta", record["meta"]),
        ("Additional data", record["additional_data"]),
        ("Dedup keys", record["dedup_keys"]),
        ("Count", record["occurrences"]),
        ("Created", record["created_at"]),
        ("Last received", record["last_received_at"]),
        ("Acknowledged", record["acknowledged_at"]),
        ("Resolved", record["resolved_at"]),
    ]


def _incident(record: Record) -> str:
    facts = (record["incident_severity"], record["incident_message"])
    return "  ".join(["yes" if record["incident"] else "no", *filter(None, facts)])


def _timeline(events: list[Record]) -> list[str]:
    headers = ("AT", "EVENT", "BY", "DELIVERY")
    rows = [(event["at"], event["kind"], event["by"], event["delivery"]) for event in events]
    words = [f"  {safe(word)}" for event in events for word in _words(event)]
    return [*table(headers, rows), *words]


def _delivery(event: Record) -> str | None:
    """Return what became of an event's signal; None of a note, which has none."""
    if event["kind"] == EventKind.NOTED:
        return None

    if event["delivered_at"] is not None:
        return f"delivered {moment(event['delivered_at'])}"

    attempts = count(event["attempts"], "attempt")
    if event["next_attempt_at"] is not None:
        return f"owed, next {moment(event['next_attempt_at'])}, {attempts}"

    return f"dead after {attempts}: see deliver --dead"


def _words(event: Record) -> list[str]:
    if event["kind"] == EventKind.NOTED:
        return [f"noted: {line}" for text in event["notes"] for line in text.splitlines()]

    errors = (event["last_error"] or "").splitlines()
    return [
        *(f"{event['kind']}: noted: {note}" for note in event["notes"]),
        *(f"{event['kind']}: delivered to {name}" for name in event["delivered_to"]),
        *(f"{event['kind']}: failed: {error}" for error in errors),
    ]
