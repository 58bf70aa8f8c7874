"""Recognise the lines that set a machine up: they are checked, and not run."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import tomllib
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
"""The project's folder."""

_OURS = "flask-webhook-alerts"
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def check(line: str, folder: Path) -> bool:
    """Return whether ``line`` sets up a machine; raise :exc:`AssertionError` if it cannot."""
    for start, act in _ACTS.items():
        if line.startswith(start):
            act(shlex.split(line.removeprefix(start), comments=True), folder)
            return True
    return False


def _check_packages(words: Sequence[str], _folder: Path) -> None:
    for word in words:
        if not word.startswith("-"):
            _check_package(Requirement(word.removeprefix("../")))  # a folder, or a name


def _check_package(wanted: Requirement) -> None:
    if canonicalize_name(wanted.name) == _OURS:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        unknown = wanted.extras - project["optional-dependencies"].keys()
        assert not unknown, f"pyproject.toml has no extra {', '.join(sorted(unknown))}."
    else:
        # What a page tells to install is what its lines were tried with.
        assert importlib.metadata.version(wanted.name)


def _check_targets(words: Sequence[str], _folder: Path) -> None:
    known = set(_TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    unknown = {word for word in words if "=" not in word} - known
    assert not unknown, f"Makefile cannot make {', '.join(sorted(unknown))}."


def _make_folder(words: Sequence[str], folder: Path) -> None:
    (folder / Path(words[-1]).stem).mkdir()


def _do_nothing(_words: Sequence[str], _folder: Path) -> None:
    pass


_ACTS: dict[str, Callable[[Sequence[str], Path], None]] = {
    "pip install ": _check_packages,
    "python -m pip install ": _check_packages,
    "make ": _check_targets,
    "git clone ": _make_folder,
    "python -m venv ": _do_nothing,
    "python3 -m venv ": _do_nothing,
    ". .venv/bin/activate": _do_nothing,
}
