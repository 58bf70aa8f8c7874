"""Show results: as aligned text for people, as JSON for programs."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sys
import typing as t
import unicodedata
from collections.abc import Iterable
from collections.abc import Sequence

import click

from flask_webhook_alerts.words import moment
from flask_webhook_alerts.words import plain
from flask_webhook_alerts.words import safe

_WIDE_ENOUGH = (160, 24)  # where nothing says how wide the terminal is
_LONGEST_CELL = 32


def emit(record: t.Any, lines: Iterable[str], *, as_json: bool) -> None:
    """Print a result: ``record`` as JSON, or else the lines."""
    if as_json:
        click.echo(json.dumps(record, indent=2, default=plain))
        return

    for line in lines:
        click.echo(_printable(line))


def emit_line(record: t.Any, line: str, *, as_json: bool) -> None:
    """Print one of many results, on one line in either form."""
    click.echo(json.dumps(record, default=plain) if as_json else _printable(line))


def warn(text: str) -> None:
    """Tell a person what a program that reads the output need not know."""
    click.echo(_printable(text), err=True)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Return aligned lines; the last column gets what is left of the terminal's width."""
    cells = [[safe(_word(cell)) for cell in row] for row in rows]
    lines = [list(headers), *([*map(_cut, row[:-1]), row[-1]] for row in cells)]
    widths = [max(map(_width, column)) for column in list(zip(*lines, strict=True))[:-1]]
    left = shutil.get_terminal_size(_WIDE_ENOUGH).columns - sum(width + 2 for width in widths)
    left = max(left, len(headers[-1]))
    return ["".join(map(_padded, line[:-1], widths)) + _cut(line[-1], left) for line in lines]


def fields(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """Return a line for each name and value; longer texts go on below, indented."""
    named = [(name, _texts(value)) for name, value in pairs]
    width = max(len(name) for name, _ in named) + 2
    return [
        (name if number == 0 else "").ljust(width) + text
        for name, texts in named
        for number, text in enumerate(texts)
    ]


def _texts(value: object) -> list[str]:
    if isinstance(value, (dict, list)):
        return [safe(json.dumps(value, ensure_ascii=False)) if value else "-"]

    return [safe(line.rstrip("\r")) for line in str(_word(value)).split("\n")]


def _word(value: object) -> object:
    if value is None or value == "":
        return "-"

    if isinstance(value, dt.datetime):
        return moment(value)

    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _printable(line: str) -> str:
    """Return ``line`` as far as the terminal can write it, the rest as escapes."""
    encoding = sys.stdout.encoding or "ascii"
    return line.encode(encoding, "backslashreplace").decode(encoding)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text) + 2)


def _cut(text: str, width: int = _LONGEST_CELL) -> str:
    kept = shown = 0
    for position, character in enumerate(text):
        shown += _width_of(character)
        if shown < width:
            kept = position + 1
        if shown > width:
            return text[:kept] + "…"
    return text


def _width(text: str) -> int:
    """Return how many cells of a terminal the text takes."""
    return sum(map(_width_of, text))


def _width_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0

    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
