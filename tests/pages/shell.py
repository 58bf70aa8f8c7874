"""Type the lines of a page into a shell, and compare what it prints."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.faults.processes import Program

from . import recognised
from .blocks import Block
from .stand_ins import StandIns

_PATIENCE = 120  # seconds
_PROMPT = "$ "

# The folder and the exported variables outlive a line, as in a terminal.
_BEGIN = 'if [ -f "$HOME/.exported" ]; then . "$HOME/.exported"; cd "$PWD"; fi'
_SCRIPT = """
{begin}
{line}
status=$?
export -p > "$HOME/.exported"
exit $status
"""


class Shell:
    """One reader's terminal.

    :param folder: where it begins; its home, and all it writes, is in there.
    """

    def __init__(self, folder: Path, stand_ins: StandIns) -> None:
        self._folder = folder
        self._stand_ins = stand_ins
        self._home = folder / ".home"
        self._home.mkdir()
        (self._home / ".curlrc").write_text("silent\nshow-error\n")

    def run(self, block: Block, *, last_exits_with: int = 0) -> None:
        """Run the lines of a block; raise :exc:`AssertionError` unless all go as shown."""
        steps = list(steps_of(block.text))
        assert steps, "No line begins with '$ '."
        for number, (line, shown) in enumerate(steps, 1):
            expected = last_exits_with if number == len(steps) else 0
            if not recognised.check(line, self._folder):
                self._run(line, shown, expected)

    def serve(self, block: Block, log: Path) -> Program:
        """Run all lines but the last of a block, and return the last as a program."""
        *steps, (line, _shown) = steps_of(block.text)
        for earlier, shown in steps:
            if not recognised.check(earlier, self._folder):
                self._run(earlier, shown, 0)
        begin = f"cd {shlex.quote(str(self._folder))}\n{_BEGIN}"
        command = f"{begin}\nexec {self._stand_ins.to_real(line)}"
        return Program(["sh", "-c", command], log=log, env=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a terminal in which the project is installed, and nothing else."""
        kept = {name: os.environ[name] for name in ("LANG", "CI", "TMPDIR") if name in os.environ}
        return {
            **kept,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self._home),
            "FLASK_RUN_PORT": str(self._stand_ins.port("5000")),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "100",
        }

    def _run(self, line: str, shown: str, exit_code: int) -> None:
        done = subprocess.run(
            ["sh", "-c", _SCRIPT.format(begin=_BEGIN, line=self._stand_ins.to_real(line))],
            cwd=self._folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        told = f"$ {line}\nprinted:\n{self._stand_ins.to_shown(done.stdout)}"
        assert done.returncode == exit_code, f"{told}\nand ended with {done.returncode}."
        if shown.strip():
            assert self._stand_ins.find(shown, done.stdout), f"{told}\nbut the page has:\n{shown}"


def steps_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines to type, each with what the page shows below it."""
    for part in f"\n{text}".split(f"\n{_PROMPT}")[1:]:
        lines = part.splitlines()
        typed = lines.pop(0)
        while lines and _goes_on(typed):
            typed += "\n" + lines.pop(0)
        yield typed, "\n".join(lines)


def _goes_on(typed: str) -> bool:
    try:
        shlex.split(typed, comments=True)
    except ValueError:
        return True  # a quotation is open, or a backslash is the last character

    return typed.endswith("\\")
