"""Send the signals that are owed: ``flask webhook-alerts deliver``."""

from __future__ import annotations

import typing as t

import click
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts import receivers
from flask_webhook_alerts.errors import Unavailable
from flask_webhook_alerts.examination import explain
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.deliveries import DeliveryState
from flask_webhook_alerts.words import count

from .base import group
from .options import json_option
from .options import seconds
from .output import emit_line
from .output import warn
from .stopping import Stop


@group.command("deliver")
@click.option(
    "--every", metavar="SECONDS", type=seconds, help="Go on for ever, with this pause in between."
)
@click.option("--dead", is_flag=True, help="Try dead events again first.")
@click.option("--limit", type=click.IntRange(min=1), help="The most events to try each time.")
@json_option
def deliver(every: float | None, dead: bool, limit: int | None, as_json: bool) -> None:
    """Send the signals that are owed and due: once, or every few seconds.

    Ctrl-C and SIGTERM end it after the event in hand.
    """
    _hint()
    with Stop().listening() as stop:
        if every is None:
            _report(_deliver(stop, dead, limit), as_json)
        else:
            _deliver_for_ever(stop, every, dead, limit, as_json)


def _deliver_for_ever(
    stop: Stop, every: float, dead: bool, limit: int | None, as_json: bool
) -> None:
    told: dict[str, int] = {}
    while not stop.wanted:
        try:
            result = _deliver(stop, dead, limit)
            result["purged"] = get_state().retention.purge_some()
        except (Unavailable, SQLAlchemyError) as error:
            warn(f"{explain(error)} The next try is in {every:g} s.")
        else:
            dead = False
            if result["delivered"] or result != told:
                _report(result, as_json)
            told = result | {"delivered": 0, "revived": 0, "purged": 0}
        stop.pause(every)


def _deliver(stop: Stop, dead: bool, limit: int | None) -> dict[str, int]:
    """Deliver what is due, one event at a time. Return what there was and what is left."""
    state = get_state()
    revived = state.delivery.revive() if dead else 0
    delivered = state.delivery.deliver_pending(limit, is_over=lambda: stop.wanted)
    counts = state.reading.delivery_counts()
    return {
        "delivered": delivered,
        "revived": revived,
        "purged": 0,
        "owed": counts[DeliveryState.OWED],
        "dead": counts[DeliveryState.DEAD],
    }


def _report(result: dict[str, int], as_json: bool) -> None:
    line = f"Delivered {count(result['delivered'], 'event')}; {result['owed']} owed,"
    line += f" {result['dead']} dead."
    if result["revived"]:
        line = f"Revived {count(result['revived'], 'dead event')}. {line}"
    if result["purged"]:
        line += f" Purged {count(result['purged'], 'alert')}."
    emit_line(result, line, as_json=as_json)


def _hint() -> None:
    app = t.cast(t.Any, current_app)._get_current_object()
    if not receivers.any_connected(app):
        warn(f"Hint: {receivers.NOBODY}")
