"""Run a command as a person does, in a terminal, and as a script does, through a pipe."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence

_PATIENCE = 30


def write_into_terminal(command: Sequence[str], env: Mapping[str, str]) -> str:
    """Return all that a command writes into a terminal of its own."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            env={**os.environ, "COLUMNS": "80", **env},
        )
        os.close(theirs)
        written = b"".join(_read(terminal.fileno()))
    assert process.wait(_PATIENCE) == 0, written
    return written.decode()


def write_into_pipe(command: Sequence[str], env: Mapping[str, str]) -> str:
    """Return all that a command writes into a pipe, errors too."""
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "80", **env},
        check=True,
        text=True,
        timeout=_PATIENCE,
    ).stdout


def _read(terminal: int) -> Iterator[bytes]:
    # Linux answers with an error where other systems say that there is no more.
    with contextlib.suppress(OSError):
        while written := os.read(terminal, 4_096):
            yield written
