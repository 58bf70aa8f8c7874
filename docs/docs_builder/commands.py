"""Write the reference of the commands from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from flask_webhook_alerts import cli

_NAME = "flask webhook-alerts"


def reference() -> str:
    """Return a section for each command: what it does, its arguments and options."""
    context = click.Context(cli.group, info_name=_NAME)
    return "\n\n".join(_section(*found) for found in walk(cli.group, context))


def walk(
    group: click.Group, context: click.Context
) -> Iterator[tuple[click.Command, click.Context]]:
    """Yield the commands below a group, in the order in which the help lists them."""
    for name in group.list_commands(context):
        command = group.commands[name]
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from walk(command, inner)
        else:
            yield command, inner


def _section(command: click.Command, context: click.Context) -> str:
    heading = context.command_path.removeprefix(f"{_NAME} ")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    words = inspect.cleandoc(command.help or "")
    options = [param for param in command.params if isinstance(param, click.Option)]
    rows = [_row(option, context) for option in options]
    table = ["| option | what it does |", "| --- | --- |", *rows] if rows else []
    parts = [
        f"## {heading}",
        f"```text\n{usage}\n```",
        words,
        command.epilog or "",
        "\n".join(table),
    ]
    return "\n\n".join(filter(None, parts))


def _row(option: click.Option, context: click.Context) -> str:
    names, words = option.get_help_record(context) or ("", "")
    return " | ".join(["", f"`{_cell(names)}`", _cell(words), ""]).strip()


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
