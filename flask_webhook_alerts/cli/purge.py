"""Delete alerts that were resolved long ago: ``flask webhook-alerts purge``."""

from __future__ import annotations

import datetime as dt
import sys

import click

from flask_webhook_alerts import clock
from flask_webhook_alerts.purging import ADVICE
from flask_webhook_alerts.purging import Purge
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.housekeeping import BATCH
from flask_webhook_alerts.words import count
from flask_webhook_alerts.words import moment

from .base import group
from .options import duration
from .options import json_option
from .options import yes_option
from .output import emit
from .output import warn


@group.command("purge")
@click.option(
    "--resolved-before",
    required=True,
    type=duration,
    metavar="DURATION",
    help="How long ago an alert must have been resolved, such as 90d.",
)
@click.option(
    "--batch",
    default=BATCH,
    show_default=True,
    type=click.IntRange(min=1, max=10_000),
    help="Alerts in one transaction.",
)
@yes_option
@json_option
def purge(resolved_before: dt.timedelta, batch: int, yes: bool, as_json: bool) -> None:
    """Delete alerts that were resolved long ago, with their events.

    Alerts with an event that is still owed stay, and those that rows of your app refer to.
    """
    before = clock.now() - resolved_before
    job = Purge(get_state().database, before)
    found = job.count()
    if found and not yes:
        what = f"{count(found, 'alert')}, resolved before {moment(before)}"
        click.confirm(f"Delete {what}, for ever?", abort=True, err=True)
    deleted = _run(job, found, batch) if found else 0
    record = {"deleted": deleted, "left": job.left, "resolved_before": before}
    emit(record, [f"Deleted {count(deleted, 'alert')}.", *_left(job.left)], as_json=as_json)
    if job.left:
        warn(f"Hint: {ADVICE}.")


def _run(job: Purge, found: int, batch: int) -> int:
    deleted = done = 0
    with click.progressbar(length=found, label="Deleting", file=sys.stderr) as progress:
        for number in job.run(batch):
            deleted += number
            progress.update(deleted + job.left - done)
            done = deleted + job.left
    return deleted


def _left(number: int) -> list[str]:
    return [f"Left {count(number, 'alert')} that rows of your app refer to."] if number else []
