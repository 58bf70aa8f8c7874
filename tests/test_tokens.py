"""Ids and tokens are random, and only the right token passes, whatever bytes come."""

from __future__ import annotations

import hashlib
import hmac
import re
import typing as t

import pytest

from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import tokens


def test_integration_ids_have_the_form_that_senders_accept() -> None:
    ids = {tokens.new_integration_id() for _ in range(200)}

    assert len(ids) == 200
    assert all(re.fullmatch(r"int_[A-Za-z0-9]{14}", integration_id) for integration_id in ids)
    assert all(tokens.may_be_integration_id(integration_id) for integration_id in ids)


@pytest.mark.parametrize("text", ["int_0123456", "int_a-b_c", "a", "x" * 18])
def test_ids_that_a_host_brings_along_may_be_ids(text: str) -> None:
    assert tokens.may_be_integration_id(text)


@pytest.mark.parametrize(
    "text",
    ["", "x" * 19, "a" * 5_000, "\x00", "int_é", "int_a\n", " a", "a/b", "a.b", "%00", "\u0661"],
)
def test_other_texts_are_no_ids(text: str) -> None:
    assert not tokens.may_be_integration_id(text)


def test_new_tokens_are_long_and_travel_in_a_header() -> None:
    made = {tokens.new_token() for _ in range(100)}

    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in made)


def test_only_the_hash_of_a_token_is_stored() -> None:
    assert tokens.hash_token("a token") == hashlib.sha256(b"a token").hexdigest()


@pytest.mark.parametrize(
    "token", ["", " ", "é", "tökén", "a\n", "a\x00b", "a\tb", "\x7f", " a", "a ", "\uff54"]
)
def test_a_token_that_no_header_carries_is_refused(token: str) -> None:
    with pytest.raises(InvalidOption, match=r"^A token"):
        tokens.hash_token(token)


def test_a_token_that_is_no_text_is_refused_by_its_type() -> None:
    with pytest.raises(InvalidOption, match=r"^token is text, not int\.$"):
        tokens.hash_token(t.cast(str, 5))


def test_a_token_is_right_if_one_of_the_hashes_is_its_own() -> None:
    first, second = tokens.hash_token("first"), tokens.hash_token("second")

    assert tokens.is_token("first", first, second)
    assert tokens.is_token("second", first, second)
    assert tokens.is_token("first", first, None)
    assert tokens.is_token("second", None, second)


@pytest.mark.parametrize(
    "presented",
    [
        None,
        "",
        " ",
        "first ",
        "First",
        "firs",
        "é",
        "\xff",
        "\udcff",
        "🐧",
        "first\x00",
        "x" * 9_999,
    ],
)
def test_any_other_token_is_wrong(presented: str | None) -> None:
    assert not tokens.is_token(presented, tokens.hash_token("first"), tokens.hash_token("second"))
    assert not tokens.is_token(presented, None, None)
    assert not tokens.is_token(presented)


def test_the_hash_of_a_token_is_not_a_token() -> None:
    stored = tokens.hash_token("first")

    assert not tokens.is_token(stored, stored)


def test_every_hash_is_compared_in_constant_time_whatever_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[tuple[bytes, bytes]] = []
    right = tokens.hash_token("first")

    def compare_digest(presented: bytes, stored: bytes) -> bool:
        compared.append((presented, stored))
        return presented == stored

    monkeypatch.setattr(hmac, "compare_digest", compare_digest)
    for presented in ("first", "wrong", None):
        tokens.is_token(presented, right, None)

    assert [stored for _, stored in compared] == [right.encode(), b""] * 3
    assert {len(presented) for presented, _ in compared} == {64}


def test_ids_of_senders_are_told_apart_byte_for_byte() -> None:
    keys = ["abc", "ABC", "x", "x ", "🐧", "🐈", "é", "e\u0301", "ß", "ss", "a\u200b", "a"]

    digests = [tokens.digest_thirdparty_id(key) for key in keys]

    assert len(set(digests)) == len(keys)
    assert digests[0] == hashlib.sha256(b"abc").hexdigest()
