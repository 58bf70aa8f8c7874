"""Find the blocks of a page: what it shows, and what stands right above each about running it."""

from __future__ import annotations

import dataclasses
import re
import textwrap
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"( *)(`{3,}|:{3,})(.*)")
_COMMENT = re.compile(r"<!-- *([a-z ]+?)(?:: *(.*?))? *-->")
_HIDDEN = re.compile(r"<!-- *hidden(?: (console)| file: (\S+))? *")
_CODE_DIRECTIVE = re.compile(r"\{code(?:-block)?\} *(\w+)")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Block:
    """Something on a page that is to be run.

    :ivar line: the line of the page on which the text begins.
    :ivar language: what the fence calls it; empty if nothing.
    :ivar text: what stands between the fences.
    :ivar comments: what was said right above, such as ``{"file": "app.py"}``.
    """

    path: Path
    line: int
    language: str
    text: str
    comments: dict[str, str]

    @property
    def place(self) -> str:
        """Where the block is, as editors and terminals know it."""
        return f"{self.path}:{self.line}"


def find_blocks(path: Path) -> list[Block]:
    """Return the blocks of the page, in order."""
    return list(_Reader(path).blocks())


class _Reader:
    """Walk through a page once, a line at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = path.read_text("utf-8").splitlines()
        self._comments: dict[str, str] = {}
        self._directives: list[str] = []
        self._position = 0

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks."""
        while self._position < len(self._lines):
            line = self._lines[self._position]
            self._position += 1
            if hidden := _HIDDEN.fullmatch(line):
                yield self._hidden(hidden)
            elif comment := _COMMENT.fullmatch(line.strip()):
                self._comments[comment[1]] = comment[2] or ""
            elif fence := _FENCE.fullmatch(line):
                yield from self._fenced(fence)
            elif line.strip():
                self._comments = {}

    def _hidden(self, opening: re.Match[str]) -> Block:
        comments = {**self._comments, **({"file": opening[2]} if opening[2] else {})}
        self._comments = {}
        return self._block(opening[1] or "python", lambda line: line == "-->", comments)

    def _fenced(self, fence: re.Match[str]) -> Iterator[Block]:
        _indent, ticks, info = fence.groups()
        directive = _CODE_DIRECTIVE.match(info)
        if not info.strip() and self._directives and ticks == self._directives[-1]:
            self._directives.pop()
        elif info.startswith("{") and not directive:
            self._directives.append(ticks)  # a note or the like, which may hold blocks itself
        else:
            language = directive[1] if directive else info.strip()
            yield self._block(language, lambda line: line.strip() == ticks, self._comments)
        self._comments = {}

    def _block(
        self, language: str, is_end: Callable[[str], bool], comments: dict[str, str]
    ) -> Block:
        begin = end = self._position
        while not is_end(self._lines[end]):
            end += 1
        self._position = end + 1
        text = textwrap.dedent("".join(f"{line}\n" for line in self._lines[begin:end]))
        return Block(
            path=self._path, line=begin + 1, language=language, text=text, comments=comments
        )
