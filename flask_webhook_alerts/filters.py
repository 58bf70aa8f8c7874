"""The filters and tests of templates: each of them minds the time and the length of its text."""

from __future__ import annotations

import json
import time
import typing as t
from collections.abc import Iterable
from collections.abc import Iterator
from contextvars import ContextVar

import jinja2
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.tests import TESTS as JINJA_TESTS

from .errors import WebhookAlertsError

_LIMIT = 65_536
"""Characters that the rendered text, and each text on the way to it, may have."""

_SECONDS = 0.04
"""CPU time that one rendering may take; a sort that has begun may double it."""

_ends_at: ContextVar[float] = ContextVar("_ends_at")
_encode = json.JSONEncoder(ensure_ascii=False).iterencode


class RenderingFailed(WebhookAlertsError):
    """A template gave no usable text for this payload; the plain value stands."""


def start_clock() -> None:
    """Give what this thread renders next its time."""
    _ends_at.set(time.thread_time() + _SECONDS)


def in_time(value: t.Any) -> t.Any:
    """Return ``value``, or raise :exc:`RenderingFailed` if the time is over."""
    if time.thread_time() > _ends_at.get():
        raise RenderingFailed("The template takes too long.")
    return value


def gather(pieces: Iterable[str]) -> str:
    """Return ``pieces`` as one text, as long as there is time and room."""
    kept: list[str] = []
    room = _LIMIT
    for piece in pieces:
        room -= len(in_time(piece))
        if room < 0:
            raise RenderingFailed(f"The template makes a text of over {_LIMIT} characters.")
        kept.append(piece)
    return "".join(kept)


def each(value: t.Any) -> Iterator[t.Any]:
    """Yield the elements of a list or the keys of an object, as long as there is time."""
    if value is None or isinstance(value, jinja2.Undefined):
        return
    if not isinstance(value, list | tuple | dict):
        raise RenderingFailed("The template goes through a value that is no list.")
    for element in value:
        yield in_time(element)


def text_of(value: t.Any) -> str:
    """Return a text as it is, what is absent as nothing, and all else as JSON."""
    if value is None or isinstance(value, jinja2.Undefined):
        return ""
    return gather([value] if isinstance(value, str) else _encode(value))


def _default(value: t.Any, default_value: t.Any = "", boolean: bool = False) -> t.Any:
    absent = value is None or isinstance(value, jinja2.Undefined) or (boolean and not value)
    return default_value if absent else value


def _join(value: t.Any, d: str = "") -> str:
    texts = enumerate(text_of(element) for element in each(value))
    return gather(d + text if number else text for number, text in texts)


def _of_text(name: str) -> t.Any:
    """Return Jinja's filter of texts, for texts within the limit only."""
    return lambda value, *args: text_of(JINJA_FILTERS[name](text_of(value), *args))


def _of_list(name: str) -> t.Any:
    """Return Jinja's filter of lists, with a clock in it, and without a generator behind it."""

    @jinja2.pass_context
    def listing(context: t.Any, value: t.Any, *args: t.Any, **options: t.Any) -> list[t.Any]:
        first = context.environment if name in {"sort", "unique"} else context
        return list(JINJA_FILTERS[name](first, each(value), *args, **options))

    return listing


FILTERS: dict[str, t.Any] = {
    **{name: _of_text(name) for name in ("capitalize", "lower", "title", "trim", "upper")},
    **{name: _of_list(name) for name in ("map", "select", "selectattr", "sort")},
    **{name: _of_list(name) for name in ("reject", "rejectattr", "unique")},
    **{name: JINJA_FILTERS[name] for name in ("abs", "count", "first", "float", "int", "last")},
    **dict.fromkeys(("d", "default"), _default),
    "join": _join,
    "string": text_of,
    "items": lambda value: [(key, value[key]) for key in each(value)],
    "list": lambda value: list(each(value)),
    "round": lambda value, precision=0: round(float(value), precision),
    "tojson": lambda value: gather(_encode(value)),
    **{name: JINJA_FILTERS[name] for name in ("length", "truncate")},
}
# Not "odd", "even" and "divisibleby", which format a text; not "lower" and "upper", which print any
# value to look at it.
TESTS: dict[str, t.Any] = {name: JINJA_TESTS[name] for name in (
    "defined", "undefined", "none", "true", "false", "boolean", "integer", "float", "number",
    "string", "mapping", "sequence", "in", "==", "eq", "equalto", "!=", "ne", "<", "lt", "<=", "le",
    ">", "gt", ">=", "ge",
)}  # fmt: skip
