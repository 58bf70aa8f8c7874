"""Manage the senders: ``flask webhook-alerts integrations …``."""

from __future__ import annotations

import datetime as dt
import typing as t

import click

from flask_webhook_alerts import tokens
from flask_webhook_alerts.errors import Refused
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.words import count
from flask_webhook_alerts.words import safe

from .base import Commands
from .base import Function
from .base import group
from .describing import describe
from .describing import find
from .describing import hint
from .describing import list_all
from .options import duration
from .options import integration_argument
from .options import json_option
from .options import yes_option
from .output import emit
from .output import table
from .output import warn


@group.group("integrations", cls=Commands)
def integrations() -> None:
    """Manage the senders and their endpoints."""


def _token_options(function: Function) -> Function:
    function = click.option("--generate-token", is_flag=True, help="Make a token, show it once.")(
        function
    )
    return click.option("--token", help="What the sender must show in the token header.")(function)


def _text_options(function: Function) -> Function:
    for name, words in {
        "--description-template": "A Jinja template over payload and integration.",
        "--title-template": "A Jinja template over payload and integration.",
        "--wrapper-key": "A JMESPath expression that finds the payload inside the body.",
    }.items():
        function = click.option(name, help=words)(function)
    return function


@integrations.command("create")
@click.argument("name")
@_token_options
@click.option("--capture-additional-data", is_flag=True, help="Keep fields that are not known.")
@click.option("--compatible", is_flag=True, help="Take all that PagerTree takes.")
@_text_options
@json_option
def create(
    name: str, generate_token: bool, compatible: bool, as_json: bool, **options: t.Any
) -> None:
    """Make an integration and say where its sender posts to."""
    options["token"] = _chosen_token(options["token"], generate_token)
    row = get_state().integrations.create(name, options | {"strict": not compatible})
    _show(row.id, as_json, token=options["token"], with_curl=True)


@integrations.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the integrations."""
    records = list_all()
    headers = ("ID", "ENABLED", "TOKEN", "MODE", "ACTIVE ALERTS", "NAME")
    rows = [
        (
            record["id"],
            record["enabled"],
            record["has_token"],
            "strict" if record["strict"] else "compatible",
            record["active_alerts"],
            record["name"],
        )
        for record in records
    ]
    emit(records, table(headers, rows), as_json=as_json)
    if not records:
        warn("There are no integrations. Make one: flask webhook-alerts integrations create NAME")


@integrations.command("show")
@integration_argument
@json_option
def show(integration_id: str, as_json: bool) -> None:
    """Show one integration."""
    _show(integration_id, as_json)


@integrations.command("update", epilog="An empty value takes a text or the token away.")
@integration_argument
@click.option("--name", help="What people call the sender.")
@_token_options
@click.option(
    "--capture-additional-data/--no-capture-additional-data",
    default=None,
    help="Keep fields that are not known, or drop them.",
)
@click.option(
    "--compatible/--no-compatible",
    default=None,
    help="Take all that PagerTree takes, or only what the documentation allows.",
)
@_text_options
@json_option
def update(
    integration_id: str,
    generate_token: bool,
    compatible: bool | None,
    as_json: bool,
    **options: t.Any,
) -> None:
    """Change options of an integration; those that are not given stay."""
    options["token"] = _chosen_token(options["token"], generate_token)
    options["strict"] = None if compatible is None else not compatible
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        raise click.UsageError("Nothing to change: give at least one option.")

    get_state().integrations.update(integration_id, _with_none(given))
    _show(integration_id, as_json, token=given.get("token") or None)


@integrations.command("rotate-token")
@integration_argument
@click.option("--token", help="The new token.  [default: a new one is made]")
@click.option(
    "--keep-for",
    type=duration,
    metavar="DURATION",
    default="24h",
    show_default=True,
    help="How long the old token stays valid.",
)
@json_option
def rotate_token(
    integration_id: str, token: str | None, keep_for: dt.timedelta, as_json: bool
) -> None:
    """Give an integration a new token, and show it once."""
    token = get_state().integrations.rotate_token(integration_id, token, keep_for)
    _show(integration_id, as_json, token=token)


@integrations.command("enable")
@integration_argument
@json_option
def enable(integration_id: str, as_json: bool) -> None:
    """Let an integration take in events again."""
    get_state().integrations.update(integration_id, {"enabled": True})
    _show(integration_id, as_json)


@integrations.command("disable")
@integration_argument
@json_option
def disable(integration_id: str, as_json: bool) -> None:
    """Refuse the events of an integration; its alerts stay."""
    get_state().integrations.update(integration_id, {"enabled": False})
    _show(integration_id, as_json)


@integrations.command("delete")
@integration_argument
@click.option("--with-alerts", is_flag=True, help="Delete its alerts too.")
@yes_option
@json_option
def delete(integration_id: str, with_alerts: bool, yes: bool, as_json: bool) -> None:
    """Delete an integration, for ever."""
    record, alerts = find(integration_id)
    if alerts and not with_alerts:
        raise click.ClickException(
            f"The integration has {count(alerts, 'alert')}. Add --with-alerts to delete them too,"
            " or only disable it."
        )

    if not yes:
        question = f"Delete '{safe(record['name'])}' and its {count(alerts, 'alert')}, for ever?"
        click.confirm(question, abort=True, err=True)
    deleted = _delete(integration_id, with_alerts)
    result = {"id": integration_id, "deleted_alerts": deleted}
    emit(result, [f"Deleted {integration_id} and {count(deleted, 'alert')}."], as_json=as_json)


def _delete(integration_id: str, with_alerts: bool) -> int:
    try:
        return get_state().integrations.delete(integration_id, with_alerts=with_alerts)
    except Refused as error:
        raise click.ClickException(
            "Rows of your app refer to these alerts, or a new alert has come in meanwhile. Disable"
            " the integration, delete those rows or set ON DELETE on their foreign keys, and try"
            " again."
        ) from error


def _chosen_token(token: str | None, generate: bool) -> str | None:
    if token is not None and generate:
        raise click.UsageError("Give --token or --generate-token, not both.")

    return tokens.new_token() if generate else token


def _with_none(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the options with None for what was given empty; a name is never none."""
    return {
        name: None if value == "" and name != "name" else value for name, value in options.items()
    }


def _show(
    integration_id: str, as_json: bool, *, token: str | None = None, with_curl: bool = False
) -> None:
    record, lines = describe(integration_id, token, with_curl=with_curl)
    emit(record, lines, as_json=as_json)
    hint()
