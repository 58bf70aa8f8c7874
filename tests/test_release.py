"""What a release needs is there: one version, a change log, pinned hooks, a whole sdist."""

from __future__ import annotations

import re
import tomllib
import typing as t

import pytest
import yaml

from flask_webhook_alerts import __version__
from tests.pages.recognised import ROOT

TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


@pytest.fixture(scope="module")
def pyproject() -> dict[str, t.Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_version_stands_in_one_place(pyproject: dict[str, t.Any]) -> None:
    path = pyproject["tool"]["hatch"]["version"]["path"]

    assert "version" not in pyproject["project"]
    assert pyproject["project"]["dynamic"] == ["version"]
    assert f'__version__ = "{__version__}"' in (ROOT / path).read_text("utf-8")
    assert "import __version__" in (ROOT / "docs/conf.py").read_text("utf-8")


def test_the_change_log_begins_with_what_is_being_released() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## (\S+)", text, re.MULTILINE)
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))

    assert releases[0] in {"Unreleased", __version__}
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_every_tool_of_a_hook_is_pinned() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    tools = [tool for hook in hooks for tool in hook["additional_dependencies"]]

    assert len(hooks) >= 9
    assert [tool for tool in tools if not re.fullmatch(r"[a-z-]+==[0-9.]+", tool)] == []


def test_the_sdist_holds_what_a_contributor_needs(pyproject: dict[str, t.Any]) -> None:
    included = pyproject["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    pages = {f"/{path.name}" for path in ROOT.glob("*.md")}

    assert [name for name in included if not (ROOT / name.strip("/")).exists()] == []
    assert pages | {"/tests", "/docs", "/Makefile", "/LICENSE"} <= set(included)


def test_ci_makes_what_the_makefile_knows() -> None:
    known = set(TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    made = re.findall(r"^run ([a-z-]+)", (ROOT / ".ci/run").read_text("utf-8"), re.MULTILINE)

    assert set(made) - known == set()
    assert {"lint", "types", "layers", "docs", "wheel", "reproducible", "sdist"} <= set(made)
