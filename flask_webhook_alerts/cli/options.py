"""Read what people type: the options that several commands share."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from collections.abc import Callable
from collections.abc import Iterable

import click

from flask_webhook_alerts.durations import parse_duration
from flask_webhook_alerts.store.values import MOST_ID

Decorator: t.TypeAlias = Callable[[t.Callable[..., t.Any]], t.Callable[..., t.Any]]
"""What adds an option or an argument to a command."""

_LONGEST_PAUSE = 86_400

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs."
)
"""For commands that show something: gives ``as_json``."""

yes_option: Decorator = click.option("--yes", is_flag=True, help="Do not ask.")
"""For commands that delete: gives ``yes``."""

alert_argument: Decorator = click.argument(
    "alert_id", metavar="ID", type=click.IntRange(min=1, max=MOST_ID)
)
"""The number of an alert: gives ``alert_id``."""

integration_argument: Decorator = click.argument("integration_id", metavar="ID")
"""The id of an integration: gives ``integration_id``."""


def duration(text: str) -> dt.timedelta:
    """Read ``45s``, ``30m``, ``24h``, ``90d`` or ``2w``."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def seconds(text: str) -> float:
    """Read a pause: ``5`` or ``0.5``."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= _LONGEST_PAUSE:  # as every comparison with NaN is false, it is refused
        raise click.BadParameter(
            f"{text!r} is not a number of seconds above 0 and up to {_LONGEST_PAUSE}."
        )

    return number


def read_meta(entries: Iterable[str]) -> dict[str, t.Any]:
    """Return the members of JSON objects and of ``KEY=VALUE`` pairs, the later ones on top."""
    meta: dict[str, t.Any] = {}
    for entry in entries:
        meta |= _read_meta(entry)
    return meta


def _read_meta(entry: str) -> dict[str, t.Any]:
    key, equals, value = entry.partition("=")
    if not entry.lstrip().startswith("{"):
        if not (key and equals):
            raise click.UsageError(f"--meta {entry!r} is neither KEY=VALUE nor a JSON object.")
        return {key: _value(value)}

    try:
        return t.cast(dict[str, t.Any], _load(entry))
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"--meta {entry!r} is not JSON: {error}") from error


def _value(text: str) -> t.Any:
    """Return ``text`` as JSON if it is that, so that ``incident=true`` is a boolean."""
    try:
        return _load(text)
    except (ValueError, RecursionError):
        return text


def _load(text: str) -> t.Any:
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> t.NoReturn:
    raise ValueError(f"{name} is no JSON value")
