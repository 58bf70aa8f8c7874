"""Delete alerts that were resolved long ago: ``flask webhook-alerts purge``."""

from __future__ import annotations

import datetime as dt
import sys

import click

from flask_webhook_alerts import clock
from flask_webhook_alerts.errors import Refused
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

    Alerts with an event that is still owed stay.
    """
    before = clock.now() - resolved_before
    job = Purge(get_state().database, before)
    found = job.count()
    if found and not yes:
        what = f"{count(found, 'alert')}, resolved before {moment(before)}"
        click.confirm(f"Delete {what}, for ever?", abort=True, err=True)
    deleted = _run(job, found, batch) if found else 0
    record = {"deleted": deleted, "resolved_before": before}
    emit(record, [f"Deleted {count(deleted, 'alert')}."], as_json=as_json)


def _run(job: Purge, found: int, batch: int) -> int:
    deleted = 0
    try:
        with click.progressbar(length=found, label="Deleting", file=sys.stderr) as progress:
            for number in job.run(batch):
                deleted += number
                progress.update(number)
    except Refused as error:
        raise click.ClickException(
            f"Rows of your app refer to alerts that would go; {count(deleted, 'alert')} went"
            f" before. {ADVICE}, and run this again."
        ) from error

    return deleted
