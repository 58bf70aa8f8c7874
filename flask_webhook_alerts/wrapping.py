"""Find the payload inside a body with a JMESPath expression."""

from __future__ import annotations

import functools
import time
import typing as t

import jmespath
from jmespath.visitor import TreeInterpreter

from .errors import InvalidOption

LONGEST_WRAPPER_KEY = 200
"""Characters that an expression may have."""

_DEEPEST = 50
"""Levels of the parsed expression; evaluation takes a few Python frames for each."""

_STEPS = 100_000
"""Steps of one evaluation: five for each value of the largest body."""

_SECONDS = 0.05
"""CPU time of one evaluation."""

_STEPS_PER_LOOK = 16
"""Steps between two looks at the clock; a look costs as much as a step."""

# What only walks down the body. Functions compute, and multi-selects build structures that are
# exponentially larger than it.
_FINDERS = frozenset({
    "and_expression",
    "comparator",
    "current",
    "field",
    "filter_projection",
    "flatten",
    "identity",
    "index",
    "index_expression",
    "literal",
    "not_expression",
    "or_expression",
    "pipe",
    "projection",
    "slice",
    "subexpression",
    "value_projection",
})  # fmt: skip

_REFUSED = {
    "function_expression": "a function",
    "expref": "an expression reference (&)",
    "multi_select_list": "a multi-select list",
    "multi_select_dict": "a multi-select object",
}

_ALLOWED = (
    "It may use fields, indexes, slices, flatten, the projections [*] and *, filters with"
    " comparisons, &&, ||, !, pipes, @, and texts, numbers, true, false and null as literals."
)


def check_wrapper_key(expression: str) -> None:
    """Raise :exc:`InvalidOption` unless ``expression`` can find a payload within bounds."""
    _compile(expression)


def find_payload(expression: str, body: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the object that ``expression`` finds in ``body``, or ``body`` if it finds none."""
    try:
        found = _Finder().visit(_compile(expression), body)
    except Exception:  # noqa: BLE001 - an alert must never be lost over its wrapper
        return body

    return found if isinstance(found, dict) else body


class _Finder(TreeInterpreter):
    """Evaluate one expression, until it has used up its steps or its time."""

    def __init__(self) -> None:
        super().__init__()
        self._steps = 0
        self._ends_at = time.thread_time() + _SECONDS

    def visit(self, node: t.Any, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Evaluate ``node``, as one step."""
        self._steps += 1
        if self._steps > _STEPS:
            raise TimeoutError
        if self._steps % _STEPS_PER_LOOK == 0 and time.thread_time() > self._ends_at:
            raise TimeoutError

        return super().visit(node, *args, **kwargs)


@functools.lru_cache(maxsize=256)
def _compile(expression: str) -> t.Any:
    """Return the parsed and checked expression, as jmespath's interpreter takes it."""
    if not expression.strip():
        raise InvalidOption("The wrapper key is blank. Write a JMESPath expression, or set none.")
    if len(expression) > LONGEST_WRAPPER_KEY:
        raise InvalidOption(
            f"The wrapper key is longer than {LONGEST_WRAPPER_KEY} characters. Shorten it."
        )

    tree = _parse(expression)
    _check(tree, level=1)
    return tree


def _parse(expression: str) -> t.Any:
    try:
        return jmespath.compile(expression).parsed
    except RecursionError:
        raise InvalidOption("The wrapper key nests too deeply. Write it flatter.") from None
    except Exception as exc:
        # What follows the colon is the expression itself, on lines of their own.
        reason = str(exc).partition("\n")[0].rstrip(":.")
        raise InvalidOption(f"The wrapper key is not a JMESPath expression. {reason}.") from exc


def _check(node: t.Any, *, level: int) -> None:
    """Raise :exc:`InvalidOption` if ``node``, or one below it, does more than find."""
    if level > _DEEPEST:
        raise InvalidOption(
            f"The wrapper key nests deeper than {_DEEPEST} levels. Write it flatter."
        )

    refused = _refused(node)
    if refused is not None:
        raise InvalidOption(f"The wrapper key uses {refused}. {_ALLOWED}")

    # The children of a slice are its three numbers.
    for child in node["children"] if node["type"] != "slice" else ():
        _check(child, level=level + 1)


def _refused(node: t.Any) -> str | None:
    """Name what is wrong with ``node`` itself."""
    kind: str = node["type"]
    if kind not in _FINDERS:
        return _REFUSED.get(kind, kind)
    if kind == "slice" and node["children"][2] == 0:
        return "a slice with a step of 0"
    # Without these, whatever is found is a part of the body: checked, and nobody else's.
    if kind == "literal" and isinstance(node["value"], dict | list):
        return "a list or an object as a literal"

    return None
