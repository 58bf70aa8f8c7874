"""Hold the group of all commands, none of which answers one of our errors with a traceback."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable

import click
from flask.cli import AppGroup
from sqlalchemy.exc import SQLAlchemyError

from flask_webhook_alerts.errors import WebhookAlertsError
from flask_webhook_alerts.examination import explain

Function: t.TypeAlias = Callable[..., t.Any]
"""What becomes a command."""


class Commands(AppGroup):
    """A group whose commands run in an app context and explain what went wrong."""

    # Flask narrows click's overloads to this one use, and so do we.
    def command(  # type: ignore[override]
        self, *args: t.Any, **options: t.Any
    ) -> Callable[[Function], click.Command]:
        """Add the decorated function as a command."""
        add = super().command(*args, **options)
        return lambda function: add(_explained(function))


group: Commands = Commands("webhook-alerts", help="Manage integrations, alerts and their delivery.")
"""The group that ``flask`` shows."""


def _explained(function: Function) -> Function:
    @functools.wraps(function)
    def run(*args: t.Any, **options: t.Any) -> t.Any:
        try:
            return function(*args, **options)
        except (click.exceptions.Exit, click.Abort):  # click's own, and RuntimeErrors
            raise
        except (WebhookAlertsError, SQLAlchemyError, RuntimeError) as error:
            raise click.ClickException(explain(error)) from error

    return run
