"""Go through a page from top to bottom and do what each block asks for."""

from __future__ import annotations

import configparser
import contextlib
import doctest
import json
import re
import sys
import tomllib
import types
import typing as t
from collections.abc import Callable
from pathlib import Path

import jinja2
import yaml
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import WebhookAlerts
from tests.faults.processes import Program
from tests.faults.processes import wait_for

from .blocks import Block
from .blocks import find_blocks
from .shell import Shell
from .stand_ins import StandIns
from .wire import Wire

Act = Callable[["Page", Block], None]


class Page:
    """A page that is being worked through.

    :param folder: empty; the page's files and databases go there.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        self.blocks = find_blocks(path)
        self.stand_ins = StandIns()
        self._folder = folder
        self._log = folder / "served.log"
        self._module = types.ModuleType("page_" + re.sub(r"\W", "_", path.stem))
        self._wire = Wire(folder)
        self._ending = contextlib.ExitStack()
        self._served: dict[str, Program] = {}

    def __enter__(self) -> t.Self:
        sys.modules[self._module.__name__] = self._module
        self._shell = Shell(self._folder, self.stand_ins)
        self._ending.callback(sys.modules.pop, self._module.__name__)
        return self

    def __exit__(self, *_error: object) -> None:
        self._ending.close()

    def run(self) -> None:
        """Do everything; raise an error that names the line at the first thing that fails."""
        for block in self.blocks:
            try:
                self._act_of(block)(self, block)
            except Exception as error:
                error.add_note(f"at {block.place}")
                raise

    def _act_of(self, block: Block) -> Act:
        for comment, act in _BY_COMMENT.items():
            if comment in block.comments:
                return act
        assert block.language in _BY_LANGUAGE, f"{block.language!r} is none of {[*_BY_LANGUAGE]}."
        return _BY_LANGUAGE[block.language]

    def _execute(self, block: Block) -> None:
        wanted = block.comments.get("raises")
        try:
            exec(_compiled(block, self.stand_ins), vars(self._module))  # noqa: S102 - our own pages
        except Exception as error:
            if type(error).__name__ != wanted:
                raise
        else:
            assert wanted is None, f"It does not raise {wanted}."

    def _examine(self, block: Block) -> None:
        parser = doctest.DocTestParser()
        text = self.stand_ins.to_real(block.text)
        names = vars(self._module)
        test = parser.get_doctest(text, names, block.place, str(block.path), block.line)
        report: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        failed = runner.run(test, out=report.append, clear_globs=False).failed
        names.update(test.globs)
        assert not failed, "".join(report)

    def _type(self, block: Block) -> None:
        self._shell.run(block, last_exits_with=int(block.comments.get("exit", 0)))

    def _serve(self, block: Block) -> None:
        program = self._shell.serve(block, self._log)
        words, before = block.comments["serve"], self._printed()
        port = self.stand_ins.port_in(block.text.splitlines()[-1])
        if not words and port in self._served:
            self._served.pop(port).end()
        self._served[words or port] = program
        self._ending.callback(program.end)

        def is_up() -> bool:
            if words and words in self._printed().removeprefix(before):
                return True

            printed = self._printed().removeprefix(before)
            assert program.is_running, f"It has ended and printed:\n{printed}"
            return not words and self.stand_ins.answers(port)

        program.start(is_up)

    def _compare_log(self, block: Block) -> None:
        lines = [line for line in block.text.splitlines() if line.strip()]
        wait_for(
            "served.log to show it",
            lambda: self.stand_ins.find("\n...".join(lines), self._printed(), whole=False),
        )

    def _printed(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def _write(self, block: Block, mode: str = "w") -> None:
        path = self._folder / (block.comments.get("file") or block.comments["append"])
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open(mode, encoding="utf-8") as file:
            file.write(self.stand_ins.to_real(block.text))

    def _append(self, block: Block) -> None:
        self._write(block, "a")

    def _post(self, block: Block) -> None:
        self._wire.post(block, self._ending)

    def _compare_answer(self, block: Block) -> None:
        self._wire.compare(block)

    def _configure(self, block: Block) -> None:
        names: dict[str, t.Any] = {}
        exec(_compiled(block, self.stand_ins), names)  # noqa: S102 - our own pages
        app = Flask("configured")
        app.config.update({name: value for name, value in names.items() if name.isupper()})
        app.config.setdefault("SQLALCHEMY_DATABASE_URI", "sqlite://")
        WebhookAlerts(SQLAlchemy(app), app)

    def _do_nothing(self, block: Block) -> None:
        pass


def _compiled(block: Block, stand_ins: StandIns) -> types.CodeType:
    # The blank lines let a traceback name the page's own line.
    source = "\n" * (block.line - 1) + stand_ins.to_real(block.text)
    return compile(source, str(block.path), "exec")


def _parsed(parse: Callable[[str], object]) -> Act:
    def act(_page: Page, block: Block) -> None:
        parse(block.text)

    return act


_BY_COMMENT: dict[str, Act] = {
    "not run": Page._do_nothing,
    "file": Page._write,
    "append": Page._append,
    "serve": Page._serve,
    "log": Page._compare_log,
    "post": Page._post,
    "answer": Page._compare_answer,
    "config": Page._configure,
}
_BY_LANGUAGE: dict[str, Act] = {
    "python": Page._execute,
    "pycon": Page._examine,
    "console": Page._type,
    "json": _parsed(json.loads),
    "toml": _parsed(tomllib.loads),
    "yaml": _parsed(yaml.safe_load),
    "ini": _parsed(lambda text: configparser.ConfigParser(strict=False).read_string(text)),
    "jinja": _parsed(jinja2.Environment(autoescape=True).parse),
    "html": _parsed(jinja2.Environment(autoescape=True).parse),
    "sh": Page._do_nothing,
    "text": Page._do_nothing,
}
