"""Try the desk out from the command line: ``flask --app example_app demo …``."""

from __future__ import annotations

import collections
import itertools
import random
import shlex
import sys
import time
from collections.abc import Iterable

import click
import flask_migrate
import sqlalchemy as sa
from flask import current_app
from flask.cli import AppGroup

from . import desk
from . import history
from . import howto
from . import shop
from .database import alerts
from .database import db
from .models import Service
from .sending import NotSent
from .sending import send
from .traffic import make_traffic
from .traffic import Payload

demo = AppGroup("demo", help="Try the desk out: set it up, send it alerts.")


_at = click.option(
    "--at",
    default="http://127.0.0.1:5000",
    show_default=True,
    metavar="URL",
    help="Where the desk is served.",
)


@demo.command("setup")
@_at
@click.option(
    "--days", default=0, show_default=True, type=click.IntRange(0, 90), help="Make up a past."
)
def set_up(at: str, days: int) -> None:
    """Migrate the database, add services and an endpoint, and say how to send an alert."""
    flask_migrate.upgrade()
    add_services()
    add_integration()
    add_past(days)
    click.echo(_welcome(at, _endpoint(at) or ""))


@demo.command("traffic")
@_at
@click.option("--count", default=60, show_default=True, type=click.IntRange(min=1), help="Events.")
@click.option(
    "--every", default=0.5, show_default=True, type=click.FloatRange(min=0), help="Seconds between."
)
@click.option("--seed", type=int, help="Send the same events as every run with this number.")
def send_traffic(at: str, count: int, every: float, seed: int | None) -> None:
    """Send lifelike alerts over HTTP to a desk that is running."""
    url = _endpoint(at)
    if url is None:
        raise click.ClickException("There is no endpoint. Make one with 'demo setup'.")

    dice = random.Random(seed)  # noqa: S311 - lifelike, not secret
    events = itertools.islice(make_traffic(dice), count)
    try:
        outcomes = _send_all(events, count, every, url)
    except NotSent as error:
        raise click.ClickException(str(error)) from error

    click.echo(", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common()))


def add_services() -> None:
    """Add the shop's services that the database does not know yet."""
    known = set(db.session.scalars(sa.select(Service.name)))
    missing = [running for running in shop.SERVICES if running.name not in known]
    db.session.add_all(
        Service(name=running.name, purpose=running.purpose, owner=running.owner)
        for running in missing
    )
    db.session.commit()


def add_integration() -> None:
    """Make an endpoint if there is none that takes alerts from anybody: this is a demo."""
    if desk.endpoint() is None:
        alerts.create_integration("Monitors of the shop", strict=False)


def add_past(days: int) -> None:
    """Make up what the last days brought, if there are no alerts yet."""
    # The same past for everybody: screenshots are made of it.
    dice = random.Random(7)  # noqa: S311 - lifelike, not secret
    # What receivers say of the past would bury the welcome.
    current_app.logger.disabled = True
    try:
        history.make_up(days, dice)
    finally:
        current_app.logger.disabled = False


def _endpoint(at: str) -> str | None:
    # Only a request knows where the app is served; this one stands in for it.
    with current_app.test_request_context(base_url=at):
        return desk.endpoint()


def _send_all(
    events: Iterable[Payload], count: int, every: float, url: str
) -> collections.Counter[str]:
    outcomes: collections.Counter[str] = collections.Counter()
    with click.progressbar(events, count, "Sending", item_show_func=_name) as progress:
        for payload in progress:
            outcomes[send(url, payload)] += 1
            time.sleep(every)
    return outcomes


def _name(payload: Payload | None) -> str | None:
    return f"{payload['event_type']} {payload['Id']}" if payload else None


def _welcome(at: str, url: str) -> str:
    return f"""
{shop.NAME}, on-call desk at {at}, dashboard at {at}/dashboard/

Endpoint
  {url}

Send an alert
  {howto.curl_line(url)}

Send one with Apprise (pip install apprise)
  {howto.apprise_line(url)}

Send a bad day at the shop, from a second terminal
  {shlex.quote(sys.executable)} -m flask --app example_app demo traffic --at {at}
"""
