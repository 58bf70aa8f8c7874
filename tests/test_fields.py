"""Each kind of field takes what the contract says, and nothing else."""

from __future__ import annotations

import sys
import typing as t
import unicodedata

import marshmallow as ma
import pytest

from flask_webhook_alerts import fields
from flask_webhook_alerts import words
from flask_webhook_alerts.events import EventType

# Letters and signs that are drawn as nothing, though Unicode does not call them formatting.
DRAWN_AS_NOTHING = {
    0x034F,  # combining grapheme joiner
    *(0x115F, 0x1160, 0x3164, 0xFFA0),  # Hangul fillers
    *(0x17B4, 0x17B5),  # Khmer inherent vowels
    *(0x180B, 0x180C, 0x180D, 0x180F),  # Mongolian variation selectors
    0x2800,  # the braille blank
    *range(0xFE00, 0xFE10),  # variation selectors
    *range(0xE0000, 0xE1000),  # tags, more variation selectors, and what is reserved for such
}
INVISIBLE_CATEGORIES = {"Zs", "Zl", "Zp", "Cc", "Cf", "Cs"}
NO_TRUTHS: list[t.Any] = ["", "maybe", "2", 2, -1, 1.0, [], {}, None, [True]]


def test_blanks_controls_and_formatting_marks_are_invisible() -> None:
    seen = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in INVISIBLE_CATEGORIES and words.is_visible(chr(code))
    ]

    assert seen == []


def test_everything_else_is_visible_unless_it_is_drawn_as_nothing() -> None:
    unassigned = {"Cn"}  # what later versions of Unicode may make a formatting mark
    missed = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if code not in DRAWN_AS_NOTHING
        and unicodedata.category(chr(code)) not in INVISIBLE_CATEGORIES | unassigned
        and not words.is_visible(chr(code))
    ]

    assert missed == []


@pytest.mark.parametrize("code", sorted(DRAWN_AS_NOTHING - set(range(0xE0001, 0xE1000))))
def test_what_is_drawn_as_nothing_is_invisible(code: int) -> None:
    assert not words.is_visible(chr(code))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        (" \t\r\n\x0b\x0c\x1c\x85\xa0", False),
        ("\u200b\ufeff\u2060", False),
        ("\x00", False),
        ("\ud800", False),
        ("\u200bx", True),
        (" 0 ", True),
        (".", True),
        ("\ufffd", True),
        ("🐧", True),
        ("\u0301", True),
    ],
)
def test_a_text_is_visible_if_one_character_is(text: str, expected: bool) -> None:
    assert words.is_visible(text) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((value, True) for value in (True, "true", "TRUE", "Yes", "on", "oN", "1", 1)),
        *((value, False) for value in (False, "false", "False", "NO", "off", "0", 0)),
        *((value, None) for value in NO_TRUTHS),
    ],
)
def test_the_usual_words_tell_a_truth(value: t.Any, expected: bool | None) -> None:
    assert fields.truth_of(value) is expected


@pytest.mark.parametrize("value", ["create", "CREATE", " Create\t", "\ncreate\u2003"])
def test_a_word_is_known_in_any_case_and_with_blanks_around_it(value: str) -> None:
    assert fields.Word(EventType).deserialize(value) is EventType.CREATE


@pytest.mark.parametrize("value", ["trigger", "", "create create", "create\x00", 1, True, [], {}])
def test_another_word_is_refused_with_the_words_that_are_known(value: t.Any) -> None:
    message = refusal_of(fields.Word(EventType), value)

    assert message == 'Send one of "create", "acknowledge", "resolve".'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((word, word) for word in ("silent", "low", "medium", "high", "critical")),
        ("HIGH", "high"),
        ("Critical", "critical"),
        *((value, None) for value in ("urgent", "", "high!", 3, True, [], ["high"], {"a": 1})),
    ],
)
def test_an_urgency_is_a_known_word_or_nothing(value: t.Any, expected: str | None) -> None:
    assert fields.UrgencyWord().deserialize(value) == expected


@pytest.mark.parametrize(
    "value", ["a", " a ", "a" * 512, "é" * 512, "🐧" * 512, "a\r\nb", "\u200bx", "'; DROP TABLE"]
)
def test_an_id_is_kept_to_the_character(value: str) -> None:
    assert fields.Identifier().deserialize(value) == value


@pytest.mark.parametrize(
    "value", ["", "  ", "\u200b", "a" * 513, "a" + " " * 512, "a\x00", "a\ud800", 7, True, [], {}]
)
def test_another_id_is_refused(value: t.Any) -> None:
    refusal_of(fields.Identifier(), value)


@pytest.mark.parametrize("value", ["a", " a\n", "é" * 100_000, "<script>"])
def test_a_text_is_kept_as_it_is(value: str) -> None:
    assert fields.Text().deserialize(value) == value


@pytest.mark.parametrize("value", ["", " \t", "\u200b", "\u3164", 7, 0.5, False, [], ["a"], {}])
def test_a_text_without_anything_to_read_is_refused(value: t.Any) -> None:
    refusal_of(fields.Text(), value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], ()),
        (["b", "a"], ("b", "a")),
        (["b", None, "a", "", " ", "\u200b", "b"], ("b", "a")),
        ([" a", "a", "A"], (" a", "a", "A")),
    ],
)
def test_labels_drop_nulls_blanks_and_duplicates(value: t.Any, expected: tuple[str, ...]) -> None:
    assert fields.Labels().deserialize(value) == expected
    assert fields.Labels(or_one=True).deserialize(value) == expected


@pytest.mark.parametrize("value", [["a", 1], [True], [["a"]], [{}], {"a": "b"}, 1, True])
@pytest.mark.parametrize("or_one", [True, False])
def test_other_labels_are_refused(value: t.Any, or_one: bool) -> None:
    refusal_of(fields.Labels(or_one=or_one), value)


def test_one_text_is_a_list_of_one_only_where_that_is_said() -> None:
    assert fields.Labels(or_one=True).deserialize("a") == ("a",)
    assert fields.Labels(or_one=True).deserialize(" ") == ()
    assert refusal_of(fields.Labels(), "a") == "Send a list of strings."


@pytest.mark.parametrize(
    ("value", "severity"),
    [
        ({"incident": True, "incident_severity": "SEV-1"}, "SEV-1"),
        ({"incident": True, "incident_severity": " sev-5\n"}, "SEV-5"),
        ({"incident": True, "incident_severity": "sev-unknown"}, "SEV-UNKNOWN"),
        ({"incident": True, "incident_severity": "SEV-6"}, "SEV-UNKNOWN"),
        ({"incident": True, "incident_severity": ""}, "SEV-UNKNOWN"),
        ({"incident": True, "incident_severity": None}, "SEV-UNKNOWN"),
        ({"incident": True}, "SEV-UNKNOWN"),
        ({"incident": False, "incident_severity": "SEV-2"}, "SEV-2"),
        ({"incident_severity": "SEV-UNKNOWN"}, "SEV-UNKNOWN"),
        ({"incident_severity": "SEV-6"}, None),
        ({"incident": False}, None),
        ({}, None),
    ],
)
def test_the_severity_of_an_incident_is_always_a_known_one(
    value: dict[str, t.Any], severity: str | None
) -> None:
    assert fields.Meta().deserialize(value)["incident_severity"] == severity


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), ("off", False), ("YES", True), (0, False), (None, False)],
)
def test_meta_says_whether_there_is_an_incident(value: t.Any, expected: bool) -> None:
    assert fields.Meta().deserialize({"incident": value})["incident"] is expected


def test_what_describes_the_incident_leaves_meta() -> None:
    value = {
        "incident": True,
        "incident_severity": "SEV-3",
        "incident_message": "",
        "Incident": 1,
        "deep": {"incident": [None]},
    }

    assert fields.Meta().deserialize(value) == {
        "meta": {"Incident": 1, "deep": {"incident": [None]}},
        "incident": True,
        "incident_severity": "SEV-3",
        "incident_message": "",
    }


@pytest.mark.parametrize("value", [[], "text", 1, True, [{"a": 1}]])
def test_meta_is_an_object(value: t.Any) -> None:
    assert refusal_of(fields.Meta(), value) == "Send an object."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("incident", "maybe"),
        ("incident", 2),
        ("incident", 1.0),
        ("incident", ""),
        ("incident", []),
        ("incident_severity", 1),
        ("incident_severity", True),
        ("incident_severity", ["SEV-1"]),
        ("incident_message", 1),
        ("incident_message", False),
        ("incident_message", {"a": 1}),
    ],
)
def test_a_member_of_meta_that_does_not_fit_is_named(name: str, value: t.Any) -> None:
    assert refusal_of(fields.Meta(), {name: value}).startswith(f"{name}: ")


def refusal_of(field: ma.fields.Field[t.Any], value: t.Any) -> str:
    """Return what the field says against ``value``; it must be one sentence."""
    with pytest.raises(ma.ValidationError) as caught:
        field.deserialize(value)

    (message,) = caught.value.messages
    assert isinstance(message, str)
    return message
