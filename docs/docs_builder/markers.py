"""Replace the comments of a page: by what they stand for, or by nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterable

from . import commands
from . import diagrams
from . import places
from . import settings

_COMMENT = re.compile(r"^<!--.*?-->$", re.DOTALL | re.MULTILINE)
_GENERATED = re.compile(r"<!-- generated: (\S+) -->")

GENERATED: dict[str, Callable[[], str]] = {
    "commands": commands.reference,
    "lifecycle": diagrams.lifecycle,
    "request": diagrams.request,
    "settings": settings.table,
}
"""What ``<!-- generated: NAME -->`` stands for."""


def prepare(text: str, *, pages: Iterable[str]) -> str:
    """Return the text of a page as it is to be built.

    :param pages: the names of all pages, for the list of those that no page names.
    """
    text = _GENERATED.sub(lambda match: _generate(match[1], text, pages), text)
    # Lines keep their numbers, so that a warning names the right one.
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    return places.add_lines(text)


def _generate(name: str, text: str, pages: Iterable[str]) -> str:
    return _rest(text, pages) if name == "rest" else GENERATED[name]()


def _rest(text: str, pages: Iterable[str]) -> str:
    """Return a table of contents of the top pages that this one names nowhere."""
    top = sorted(page for page in pages if "/" not in page and page != "index")
    rest = [page for page in top if not re.search(rf"^{page}$", text, re.MULTILINE)]
    lines = ["```{toctree}", ":maxdepth: 1", ":caption: Parts", "", *rest, "```"]
    return "\n".join(lines) if rest else ""
