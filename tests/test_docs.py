"""Every block of README and of docs does what its page says."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from flask import has_app_context
from flask.globals import app_ctx
from sqlalchemy.event import listen
from sqlalchemy.event import remove

from flask_webhook_alerts import cli
from tests.conftest import SIGNALS
from tests.pages.blocks import find_blocks
from tests.pages.page import Page
from tests.pages.recognised import ROOT
from tests.pages.services import provide

PICTURE = re.compile(r'(?:src|srcset)="([^"]+)"')
LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"`flask webhook-alerts ([^`]+)`")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.fixture(autouse=True)
def _reader_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a page's Python live in the page's folder, and leave nothing of it behind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    environment, modules = dict(os.environ), set(sys.modules)
    pools: list[sa.Pool] = []
    remember = lambda connection, record: pools.append(record._ConnectionRecord__pool)  # noqa: E731
    listen(sa.Pool, "connect", remember)
    yield
    remove(sa.Pool, "connect", remember)
    while has_app_context():
        app_ctx._get_current_object().pop()  # type: ignore[attr-defined]
    for pool in pools:
        pool.dispose()
    for signal in SIGNALS:
        signal._clear_state()
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    os.environ.clear()
    os.environ.update(environment)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_does_what_it_says(path: Path, tmp_path: Path) -> None:
    with ExitStack() as services, Page(path, tmp_path) as page:
        provide(path, page.stand_ins, tmp_path, services)
        page.run()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    links = [link.partition("#")[0] for link in LINK.findall(path.read_text("utf-8"))]
    to_files = [link for link in links if link and "://" not in link]

    assert [link for link in to_files if not (path.parent / link).exists()] == []


def test_readme_is_about_one_screen() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    seen = re.sub("<!--.*?-->", "", text, flags=re.DOTALL).splitlines()

    assert len([line for line in seen if line.strip()]) <= 60
    assert [target for target in ("make demo", "make test") if target not in text] == []


def test_every_picture_of_a_page_is_there_and_described() -> None:
    named = {path: PICTURE.findall(path.read_text("utf-8")) for path in PAGES}
    missing = [
        name for path, names in named.items() for name in names if not (path.parent / name).exists()
    ]
    unnamed = [
        path for path in PAGES if re.search(r"<img (?!alt=\"[^\"]+\")", path.read_text("utf-8"))
    ]

    assert (missing, unnamed) == ([], [])
    assert sum(map(len, named.values())) >= 12


def test_every_command_that_is_named_in_passing_exists() -> None:
    named = {words for path in PAGES for words in COMMAND.findall(path.read_text("utf-8"))}

    assert [words for words in named if not is_command(words.split())] == []
    assert len(named) >= 2


def is_command(words: list[str]) -> bool:
    """Tell whether our commands have what the words name, options included."""
    command: click.Command = cli.group
    while words and isinstance(command, click.Group) and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    known = {"--help", *(option for param in command.params for option in param.opts)}
    options = {word for word in words if word.startswith("-")}
    unknown = {*words} - options - {"…"} if isinstance(command, click.Group) else set[str]()
    return not unknown and known.issuperset(options)


def test_what_is_not_run_has_a_reason() -> None:
    blocks = [block for path in PAGES for block in find_blocks(path)]
    left_out = [block for block in blocks if "not run" in block.comments]

    assert [block.place for block in left_out if len(block.comments["not run"]) < 20] == []
    assert len(left_out) <= len(blocks) / 20
