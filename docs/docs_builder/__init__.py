"""Build the pages: put in what is generated from the code, take out what only tests read."""

from __future__ import annotations

import enum
import typing as t

from . import markers

if t.TYPE_CHECKING:
    from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, t.Any]:
    """Connect to Sphinx, which calls this for each name in ``extensions``."""
    app.connect("source-read", _prepare)
    app.connect("autodoc-process-signature", _shorten)
    return {"parallel_read_safe": True}


def _prepare(app: Sphinx, _name: str, source: list[str]) -> None:
    # What is generated is not seen by Sphinx as a change of the page, but it costs a second.
    source[0] = markers.prepare(source[0], pages=app.env.found_docs)


def _shorten(_app: Sphinx, _what: str, _name: str, value: object, *_more: object) -> t.Any:
    """Leave out the signature of what nobody calls: enumerations and mixins."""
    is_called = not (isinstance(value, type) and (issubclass(value, enum.Enum) or _is_mixin(value)))
    return None if is_called else ("", None)


def _is_mixin(value: type) -> bool:
    return value.__name__.endswith("Mixin")
