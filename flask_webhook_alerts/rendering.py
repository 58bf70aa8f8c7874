"""Render the titles and descriptions that a host wants, from text that it does not trust.

A template comes from the host, the values in it from strangers. Safety rests on a subset of Jinja
that reads, chooses, repeats and shortens: nothing is called, no Python attribute is reached, and no
list outgrows the payload. What is left can still add up, so each step of it looks at the clock.
"""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Iterator
from collections.abc import Mapping

import jinja2
from jinja2 import nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from . import filters
from .errors import InvalidOption
from .filters import RenderingFailed
from .words import is_visible

LONGEST_TEMPLATE = 2_000
"""Characters that a template may have."""


def check_template(source: str) -> None:
    """Raise :exc:`InvalidOption` unless ``source`` is a template that is safe to render."""
    _compile(source)


def render(source: str, *, payload: Mapping[str, t.Any], integration: Mapping[str, t.Any]) -> str:
    """Return the rendered text, or raise :exc:`RenderingFailed`, which never quotes the payload."""
    try:
        template = _compile(source)
        filters.start_clock()
        text = filters.gather(
            template.generate(payload=dict(payload), integration=dict(integration))
        )
    except RenderingFailed:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever fails, the plain value stands
        # What other errors say may quote a value, and so may their tracebacks.
        raise RenderingFailed(f"The template fails: {type(exc).__name__}.") from None

    if not is_visible(text):
        raise RenderingFailed("The template renders blank.")
    return text


@functools.lru_cache(maxsize=256)
def _compile(source: str) -> jinja2.Template:
    if len(source) > LONGEST_TEMPLATE:
        raise InvalidOption(
            f"The template is longer than {LONGEST_TEMPLATE} characters. Shorten it."
        )

    try:
        tree = _environment.parse(source)
        found = list(tree.find_all(nodes.Node))
        _check(found)
        _meter(found)
        return _environment.from_string(tree)
    except jinja2.TemplateSyntaxError as exc:
        raise InvalidOption(f"The template fails in line {exc.lineno}: {exc.message}") from exc
    except (RecursionError, SyntaxError) as exc:
        # Python's compiler has limits of its own: 20 blocks inside each other, for one.
        raise InvalidOption("The template nests too deeply. Write it flatter.") from exc


def _check(found: list[nodes.Node]) -> None:
    """Raise :exc:`InvalidOption` at the first node that is outside the subset."""
    names = {"payload", "integration", "loop"}
    names |= {node.name for node in found if isinstance(node, nodes.Name) and node.ctx == "store"}
    for node in found:
        refused = _refused(node, names)
        if refused is not None:
            raise InvalidOption(f"The template uses, in line {node.lineno or 1}, {refused}.")


def _refused(node: nodes.Node, names: set[str]) -> str | None:
    """Name what is wrong with ``node``, and what is allowed instead."""
    kind = type(node).__name__.lower()
    known = {"name": names, "filter": {*filters.FILTERS}, "test": {*filters.TESTS}}.get(kind)
    if type(node) not in _NODES:
        return f"{kind}; it may use values, filters, tests, comparisons, and, or, not, ~, if, for"
    if known is not None and (name := getattr(node, "name", "")) not in known:
        return f"the {kind} {name!r}; it may use {', '.join(sorted(known))}"
    if any(type(part) not in _PLAIN for part in _arguments(node)):
        return f"a {kind} with values; it may use one with constants"
    # A recursive loop hands out its pieces at its end, when it is too late to count them.
    if getattr(node, "recursive", False):
        return "a recursive loop; it may use a plain one"
    return None


def _arguments(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the parts of ``node`` that must be constants, lest a list repeat a large value."""
    match node:
        case nodes.List() | nodes.Tuple(ctx="load"):
            yield from node.items
        case nodes.Filter() if node.name not in _FREE:
            yield from node.iter_child_nodes(exclude={"node"})
            yield from (option.value for option in node.kwargs)


def _meter(found: list[nodes.Node]) -> None:
    """Send what could add up through filters that look at the clock."""
    for node in found:
        match node:
            case nodes.For():
                node.iter = _through("each", node.iter)
            case nodes.Operand():
                node.expr = _through("in_time", node.expr)
            case nodes.Getitem(node=value, arg=nodes.Slice()) | nodes.Test(node=value):
                node.node = _through("in_time", value)
            case nodes.Concat():
                node.nodes = [_through("join", nodes.List(node.nodes))]


def _through(name: str, node: nodes.Node) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


class _Environment(ImmutableSandboxedEnvironment):
    """A Jinja for JSON, whose values have members and no attributes."""

    def getattr(self, obj: t.Any, attribute: str) -> t.Any:
        of_loop = isinstance(obj, LoopContext)
        return super().getattr(obj, attribute) if of_loop else self.getitem(obj, attribute)

    def getitem(self, obj: t.Any, argument: t.Any) -> t.Any:
        try:
            return filters.in_time(obj)[argument]
        except (TypeError, LookupError):
            return self.undefined(name=argument)


_PLAIN = {nodes.Const, nodes.Keyword, nodes.Neg}
_NODES = _PLAIN | {
    nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.CondExpr, nodes.Name, nodes.List,
    nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat,
}  # fmt: skip
_FREE = {"d", "default", "select", "reject", "selectattr", "rejectattr"}  # arguments of any kind
_environment = _Environment(
    autoescape=False,
    undefined=jinja2.ChainableUndefined,
    # What takes the context is not evaluated while the template compiles, ahead of any clock.
    optimized=False,
    finalize=jinja2.pass_context(lambda _context, value: filters.text_of(value)),
)
_environment.globals.clear()
_environment.filters = {**filters.FILTERS, "each": filters.each, "in_time": filters.in_time}
_environment.tests = filters.TESTS
