"""Say on which line a name of the package is defined."""

from __future__ import annotations

import importlib
import inspect
import re
import typing as t
from pathlib import Path

_PACKAGE = "flask_webhook_alerts"
_CELL = re.compile(r"(?<=\| )((?:`[\w.]+`(?:, )?)+)(?= \|)")
_NAME = re.compile(r"`([a-z_.]+(?:\.[A-Za-z_.]+)?)`")


def add_lines(text: str) -> str:
    """Return a page with a file and a line behind each name in a column *where* of a table."""
    return "\n".join(
        _with_lines(table) if "| where |" in table else table
        for table in re.split(r"\n(?=\n)", text)
    )


def find(name: str) -> str:
    """Return ``module.py:line`` for ``module.Class.method`` of the package."""
    module, value = _resolve(name)
    path = Path(inspect.getsourcefile(module) or "").relative_to(_root())
    return f"{path}:{inspect.getsourcelines(value)[1] or 1}"


def _resolve(name: str) -> tuple[t.Any, t.Any]:
    """Import as many parts as are modules, and look the rest up."""
    parts = name.split(".")
    module = value = importlib.import_module(_PACKAGE)
    for number, part in enumerate(parts, 1):
        try:
            module = value = importlib.import_module(".".join([_PACKAGE, *parts[:number]]))
        except ModuleNotFoundError:
            value = getattr(value, part)
    return module, value


def _root() -> Path:
    return Path(importlib.import_module(_PACKAGE).__path__[0])


def _with_lines(table: str) -> str:
    return _CELL.sub(lambda cell: _NAME.sub(_with_line, cell[0]), table)


def _with_line(match: re.Match[str]) -> str:
    return f"`{match[1]}` <br> {find(match[1])}"
