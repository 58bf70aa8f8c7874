"""The payload is found inside a body, within bounds, or the body stands."""

from __future__ import annotations

import inspect
import json
import re
import sys
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_webhook_alerts import wrapping
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.wrapping import check_wrapper_key
from flask_webhook_alerts.wrapping import find_payload

BODY = {
    "data": {"alert": {"Id": "disk"}, "name": "text"},
    "alerts": [{"Id": "a", "n": 1}, {"Id": "b", "n": 2}],
    "groups": [[{"Id": "c"}], [{"Id": "d"}]],
}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("data.alert", {"Id": "disk"}),
        ('"data"."alert"', {"Id": "disk"}),
        ("alerts[0]", {"Id": "a", "n": 1}),
        ("alerts[-1]", {"Id": "b", "n": 2}),
        ("alerts[::-1] | [0]", {"Id": "b", "n": 2}),
        ("alerts[?Id == 'b'] | [0]", {"Id": "b", "n": 2}),
        ("alerts[?n > `1` && !(Id == `null`)] | [0]", {"Id": "b", "n": 2}),
        ("groups[] | [1]", {"Id": "d"}),
        ("groups[*][0] | [1]", {"Id": "d"}),
        ("*.alert | [0]", {"Id": "disk"}),
        ("missing || data.alert", {"Id": "disk"}),
        ("@", BODY),
    ],
)
def test_the_object_that_the_expression_finds_is_the_payload(
    expression: str, found: dict[str, t.Any]
) -> None:
    check_wrapper_key(expression)

    assert find_payload(expression, BODY) == found


@pytest.mark.parametrize(
    "expression",
    ["missing", "alerts", "data.name", "`1`", "data.alert.Id.deeper", "alerts[?n > Id] | [0]"],
)
def test_where_no_object_is_found_the_body_is_the_payload(expression: str) -> None:
    check_wrapper_key(expression)

    assert find_payload(expression, BODY) is BODY


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("", "blank"),
        (" \n", "blank"),
        ("a" * 201, "longer than 200 characters"),
        ("a.", "not a JMESPath expression"),
        ("a[", "not a JMESPath expression"),
        ("'", "not a JMESPath expression"),
        ("length(@)", "a function"),
        ("sort_by(alerts, &Id)", "a function"),
        ("&data", "an expression reference"),
        ("[data, data]", "a multi-select list"),
        ("{a: data}", "a multi-select object"),
        ("alerts[?[a, b]]", "a multi-select list"),
        ('`{"Id": "everyone"}`', "a list or an object as a literal"),
        ("alerts[?Id == `[1]`]", "a list or an object as a literal"),
        ("alerts[::0]", "a slice with a step of 0"),
        ("!" * 60 + "a", "deeper than 50 levels"),
    ],
)
def test_an_expression_that_does_more_than_find_is_refused_by_name(
    expression: str, named: str
) -> None:
    with pytest.raises(InvalidOption, match=named):
        check_wrapper_key(expression)

    assert find_payload(expression, BODY) is BODY


@pytest.mark.parametrize("expression", ["a[", "a.", "a..b", "#", "'abc", "`x", "foo bar"])
def test_the_parser_s_reason_is_a_sentence_that_ends(expression: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        check_wrapper_key(expression)

    assert re.search(r"[^:.]\.$", str(caught.value))
    assert "\n" not in str(caught.value)


def test_a_refusal_says_what_is_allowed() -> None:
    with pytest.raises(InvalidOption, match="It may use fields, indexes, slices, flatten"):
        check_wrapper_key("keys(@)")


def test_an_expression_that_overflows_the_parser_is_refused() -> None:
    expression = "(" * 99 + "a" + ")" * 99
    frames = sys.getrecursionlimit() - len(inspect.stack(0)) - 150

    with pytest.raises(InvalidOption, match="nests too deeply"):
        _below(frames, lambda: check_wrapper_key(expression))


@pytest.mark.parametrize(("limit", "value"), [("_STEPS", 100), ("_SECONDS", -1)])
def test_an_expression_that_takes_too_much_leaves_the_body(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    body = {"alerts": [{"n": n} for n in range(50)]}
    expression = "alerts[?n == `49`] | [0]"
    assert find_payload(expression, body) == {"n": 49}

    monkeypatch.setattr(wrapping, limit, value)

    assert find_payload(expression, body) is body


@pytest.mark.parametrize(
    "expression",
    [
        "l" + "[]" * 24,
        "l" + "[*]" * 24,
        "l" + "[::-1]" * 24,
        "l" + "[?@]" * 24,
        "*" + ".*" * 24,
        "l[?" + "@==@&&" * 30 + "@]",
        "l[?" + "[?" * 22 + "a" + "]" * 23,
        "l[?" + "a==b||" * 30 + "a]",
        "a==b" + "&&a==b" * 30,
    ],
)
@pytest.mark.parametrize("kind", ["flat", "deep", "wide", "text"])
def test_no_expression_is_expensive(expression: str, kind: str) -> None:
    body = _large_body(kind)

    started = time.thread_time()
    find_payload(expression, body)

    assert time.thread_time() - started < 1


@given(st.text(alphabet="ab0-.,:*@!&|=<>[]?(){}'\"`\\ \n", max_size=40))
def test_any_text_is_refused_or_finds_a_part_of_the_body(expression: str) -> None:
    body: dict[str, t.Any] = {"a": {"b": {"a": 1}}, "b": [{"a": {}}, {"b": []}]}
    parts = {id(part) for part in _parts(body)}

    try:
        check_wrapper_key(expression)
    except InvalidOption:
        assert find_payload(expression, body) is body

    assert id(find_payload(expression, body)) in parts


def _below(frames: int, call: Callable[[], None]) -> None:
    if frames:
        _below(frames - 1, call)
    else:
        call()


def _parts(value: t.Any) -> Iterator[t.Any]:
    yield value
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _parts(part)


def _large_body(kind: str) -> dict[str, t.Any]:
    """Return one of the largest bodies that the endpoint takes; no value in it is shared."""
    deep = "[" * 21 + ",".join("1" for _ in range(19_000)) + "]" * 21
    bodies = {
        "flat": {"l": [f"value {number}" for number in range(19_000)]},
        "deep": {"l": json.loads(deep), "a": json.loads(deep), "b": json.loads(deep)},
        "wide": {"l": [{"a": f"{n}", "b": f"{n}"} for n in range(6_000)]},
        "text": {"l": ["x" * 100_000], "a": "x" * 200_000, "b": "x" * 199_999 + "y"},
    }
    return bodies[kind]
