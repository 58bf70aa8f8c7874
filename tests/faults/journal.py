"""Write down what happened, a JSON line each, so that a kill loses nothing of it."""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping
from pathlib import Path

JsonLine: t.TypeAlias = dict[str, t.Any]


def write_line(path: Path, line: Mapping[str, t.Any]) -> None:
    """Append ``line`` to the journal at ``path``, whole, whoever else writes to it."""
    # One write to a descriptor in append mode: lines of threads and processes do not mix, and
    # what was written outlives the writer's SIGKILL.
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)


def read_lines(path: Path) -> list[JsonLine]:
    """Return the lines of the journal at ``path``, oldest first."""
    if not path.exists():
        return []

    return [json.loads(line) for line in path.read_text().splitlines()]
