"""One JSON object is read from any bytes, within bounds, or a 400 says why not."""

from __future__ import annotations

import json
import time
import typing as t

import pytest

from flask_webhook_alerts import decoding
from flask_webhook_alerts.errors import Rejected


def test_an_object_keeps_its_json_values() -> None:
    body = b'{"a": [1, 2.5, -0, true, false, null, "\\u00e9", {}], "b": {"c": "\xc3\xa9"}}'

    assert decoding.decode(body) == {
        "a": [1, 2.5, 0, True, False, None, "é", {}],
        "b": {"c": "é"},
    }


def test_blanks_around_the_object_are_no_part_of_it() -> None:
    assert decoding.decode(b" \t\r\n{} \n") == {}


def test_a_byte_order_mark_of_utf_8_is_dropped() -> None:
    assert decoding.decode(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_the_last_of_two_equal_names_wins() -> None:
    assert decoding.decode(b'{"a": 1, "b": {"c": 2, "c": 3}, "a": 4}') == {"a": 4, "b": {"c": 3}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"  \n", "not_json"),
        (b"{", "not_json"),
        (b"{} {}", "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": 1,}', "not_json"),
        (b'{"a": 1 // one\n}', "not_json"),
        (b'{"a": 01}', "not_json"),
        (b'{"a": +1}', "not_json"),
        (b'{"a": "line\nbreak"}', "not_json"),
        (b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}', "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": Infinity}', "not_json"),
        (b'{"a": -Infinity}', "not_json"),
        (b'{"a": 1e999}', "not_json"),
        (b'{"a": -1e999}', "not_json"),
        (b'{"a": "\xff"}', "not_utf8"),
        (b'{"a": "\xe9"}', "not_utf8"),
        (b'{"a": "\xc0\xaf"}', "not_utf8"),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        ('{"a": 1}'.encode("utf-16-le"), "not_json"),
        ('{"a": 1}'.encode("utf-32-be"), "not_json"),
        (b"null", "not_an_object"),
        (b"true", "not_an_object"),
        (b"7", "not_an_object"),
        (b"7.5", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"[{}]", "not_an_object"),
    ],
)
def test_what_is_no_json_object_in_utf_8_is_refused(body: bytes, code: str) -> None:
    assert refusal_of(body).code == code


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The body is empty."),
        (b"{'a': 1}", "double quotes"),
        (b"'{\"a\": 1}'", "double quotes"),
        (b'{"a": ?}', "line 1, column 7"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": "\xff"}', "byte 7"),
        (b"[]", "got an array"),
        (b'"a"', "got a string"),
        (b"false", "got a boolean"),
        (b"null", "got null"),
        (b"1", "got a number"),
    ],
)
def test_a_refusal_says_what_is_wrong(body: bytes, words: str) -> None:
    assert words in refusal_of(body).detail


@pytest.mark.parametrize("value", ["1e4711", "-1.5e4711", "4" * 65, '"47\\q11"', '"47\t11"'])
def test_a_refusal_shows_no_part_of_the_body(value: str) -> None:
    detail = refusal_of(b'{"secret": %s}' % value.encode()).detail

    assert [part for part in ("4711", "47", "44", "secret", "q11") if part in detail] == []


@pytest.mark.parametrize(
    "number",
    ["9" * 64, "-" + "9" * 63, "0." + "1" * 62, "-1." + "1" * 57 + "e+10", "1" + "0" * 60 + ".0"],
)
def test_a_number_may_have_64_characters(number: str) -> None:
    assert len(number) <= 64
    assert decoding.decode(b'{"a": %s}' % number.encode()) == {"a": json.loads(number)}


@pytest.mark.parametrize(
    "number", ["9" * 65, "-" + "9" * 64, "0." + "1" * 63, "1e" + "0" * 63, "9" * 5_000]
)
def test_a_number_of_more_characters_is_refused(number: str) -> None:
    assert "64" in refusal_of(b'{"a": [%s]}' % number.encode()).detail


def nested(levels: int) -> bytes:
    """Return a body of so many levels, its own object the first."""
    return b'{"a": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize("body", [nested(24), b'{"a":' * 23 + b"{}" + b"}" * 23])
def test_a_body_may_have_24_levels(body: bytes) -> None:
    assert decoding.decode(body).keys() == {"a"}


@pytest.mark.parametrize(
    "body",
    [
        nested(25),
        b'{"a":' * 24 + b"{}" + b"}" * 24,
        nested(1_000),
        nested(100_000),
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
)
def test_a_deeper_body_is_refused(body: bytes) -> None:
    assert refusal_of(body).code == "too_deep"


def test_brackets_inside_texts_are_no_levels() -> None:
    text = '[{,"' * 10_000

    assert decoding.decode(json.dumps({"a": text}).encode()) == {"a": text}


@pytest.mark.parametrize(
    "value",
    [
        list(range(19_999)),
        {str(number): None for number in range(19_999)},
        [[]] * 19_999,
        [[1, 2, 3]] * 4_999 + [0, 0, 0],
    ],
)
def test_a_body_may_hold_20_000_values(value: t.Any) -> None:
    assert decoding.decode(json.dumps({"a": value}).encode()) == {"a": value}


@pytest.mark.parametrize(
    "value",
    [
        list(range(20_000)),
        {str(number): None for number in range(20_000)},
        [[]] * 20_000,
        [[1, 2, 3]] * 4_999 + [0, 0, 0, 0],
    ],
)
def test_a_body_of_more_values_is_refused(value: t.Any) -> None:
    assert refusal_of(json.dumps({"a": value}).encode()).code == "too_many_values"


@pytest.mark.parametrize(
    "pattern",
    [b"[", b'{"a":', b'"\\', b'["', b"{}", b"[],", b"\\u", b'{"', b"9", b" ", b"-", b"\x00"],
)
def test_hostile_patterns_take_no_time(pattern: bytes) -> None:
    body = (b'{"a": ' + pattern * 524_288)[:524_288]
    started = time.thread_time()

    refusal_of(body)

    assert time.thread_time() - started < 0.5


def test_clean_replaces_what_databases_refuse_at_every_depth() -> None:
    value = {"a\x00": ["\ud800b", {"\udfff": "c\x00\x00"}], "d": 1, "e": None, "f": "é🐧\x01"}

    assert decoding.clean(value) == {
        "a\ufffd": ["\ufffdb", {"\ufffd": "c\ufffd\ufffd"}],
        "d": 1,
        "e": None,
        "f": "é🐧\x01",
    }


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert decoding.clean(decoding.decode(b'{"a": "\\ud83d\\udc27"}')) == {"a": "🐧"}


def test_what_databases_refuse_is_known() -> None:
    assert all(decoding.has_unstorable(text) for text in ("a\x00", "\ud800b", "\udfff"))
    assert not any(decoding.has_unstorable(text) for text in ("", "é🐧\x01\ufffd"))


def refusal_of(body: bytes) -> Rejected:
    """Return why ``body`` is refused; it must be a 400 without errors of fields."""
    with pytest.raises(Rejected) as caught:
        decoding.decode(body)

    assert (caught.value.status, caught.value.errors) == (400, {})
    return caught.value
