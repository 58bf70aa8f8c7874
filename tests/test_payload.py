"""A payload becomes an event by the contract's table, strict or compatible."""

from __future__ import annotations

import typing as t
import uuid

import pytest

from flask_webhook_alerts import decoding
from flask_webhook_alerts.errors import Rejected
from flask_webhook_alerts.events import EventType
from flask_webhook_alerts.events import IncomingEvent
from flask_webhook_alerts.payload import parse

CREATE = {"event_type": "create", "Id": "disk-full", "Title": "Disk full", "Description": "/var"}
FULL = {
    **CREATE,
    "Tags": ["a", "b"],
    "Meta": {"host": "db-1", "incident": "yes", "incident_severity": "sev-2"},
    "Urgency": "HIGH",
    "dedup_keys": ["k1", "k2"],
}
BOTH = pytest.mark.parametrize("strict", [True, False], ids=["strict", "compatible"])
EVERY_REFERENCE = pytest.mark.parametrize("event_type", ["acknowledge", "resolve"])


@BOTH
def test_a_create_carries_every_field(strict: bool) -> None:
    assert parse(FULL, strict=strict) == IncomingEvent(
        type=EventType.CREATE,
        thirdparty_id="disk-full",
        title="Disk full",
        description="/var",
        tags=("a", "b"),
        meta={"host": "db-1"},
        urgency="high",
        dedup_keys=("k1", "k2"),
        incident=True,
        incident_severity="SEV-2",
    )


@BOTH
def test_a_create_without_optional_fields_has_their_defaults(strict: bool) -> None:
    event = parse(CREATE, strict=strict)

    assert (event.tags, event.meta, event.urgency, event.dedup_keys) == ((), {}, None, ())
    assert (event.incident, event.incident_severity, event.incident_message) == (False, None, None)
    assert (event.additional_data, event.notes) == ({}, ())


@BOTH
@pytest.mark.parametrize("name", ["Tags", "Meta", "Urgency", "dedup_keys"])
def test_null_is_the_same_as_absent(name: str, strict: bool) -> None:
    assert parse({**CREATE, name: None}, strict=strict) == parse(CREATE, strict=strict)


@pytest.mark.parametrize(
    ("name", "strict"),
    [
        *((name, True) for name in ("event_type", "Id", "Title", "Description")),
        *((name, False) for name in ("event_type", "Title")),
    ],
)
def test_a_required_field_may_be_neither_missing_nor_null(name: str, strict: bool) -> None:
    missing = {field: value for field, value in CREATE.items() if field != name}

    assert errors_of(missing, strict=strict).keys() == {name}
    assert errors_of({**CREATE, name: None}, strict=strict).keys() == {name}


@BOTH
def test_every_bad_field_is_named_as_the_documentation_spells_it(strict: bool) -> None:
    payload = {
        "EVENT_TYPE": "create", "ID": " ", "title": 1, "DESCRIPTION": 2, "tags": [True],
        "META": 5, "Dedup_Keys": 6,
    }  # fmt: skip

    errors = errors_of(payload, strict=strict)

    assert errors.keys() == {"Id", "Title", "Description", "Tags", "Meta", "dedup_keys"}
    assert all(isinstance(text, str) for messages in errors.values() for text in messages)


@BOTH
@EVERY_REFERENCE
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Title": None, "Description": None, "Tags": None},
        {"Title": 1, "Description": [], "Tags": "a", "Meta": [], "Urgency": {}, "dedup_keys": 5},
        {"title": "\x00", "meta": {"incident": "maybe"}},
    ],
)
def test_what_an_acknowledge_or_resolve_does_not_need_is_not_even_looked_at(
    fields: dict[str, t.Any], event_type: str, strict: bool
) -> None:
    event = parse(
        {"event_type": event_type, "Id": "a", "more": 1, **fields},
        strict=strict,
        capture_additional_data=True,
    )

    assert event == IncomingEvent(type=EventType(event_type), thirdparty_id="a")


@BOTH
@EVERY_REFERENCE
@pytest.mark.parametrize("fields", [{}, {"Id": None}, {"Id": ""}, {"Id": "a\x00"}, {"Id": []}])
def test_an_acknowledge_or_resolve_needs_an_id(
    fields: dict[str, t.Any], event_type: str, strict: bool
) -> None:
    assert errors_of({"event_type": event_type, **fields}, strict=strict).keys() == {"Id"}


@pytest.mark.parametrize(
    "names",
    [
        ("event_type", "id", "title", "description"),
        ("EVENT_TYPE", "ID", "TITLE", "DESCRIPTION"),
        ("Event_Type", "iD", "tItLe", "dEsCrIpTiOn"),
    ],
)
def test_names_of_fields_match_in_any_case(names: tuple[str, ...]) -> None:
    assert parse(dict(zip(names, CREATE.values(), strict=True))) == parse(CREATE)


@pytest.mark.parametrize("name", ["tags", "TAGS", "tAgS"])
def test_names_of_optional_fields_match_in_any_case(name: str) -> None:
    assert parse({**CREATE, name: ["a"]}).tags == ("a",)


@pytest.mark.parametrize("name", [" Id", "Id ", "I d", "Id\x00", "thirdparty_id", "event-type"])
def test_a_name_that_is_only_alike_is_additional_data(name: str) -> None:
    event = parse({**CREATE, name: "x"}, capture_additional_data=True)

    assert list(event.additional_data.values()) == ["x"]
    assert event.thirdparty_id == "disk-full"


def test_names_inside_meta_are_exact() -> None:
    event = parse({**CREATE, "Meta": {"INCIDENT": True, "Host": 1, "host": 2}})

    assert event.incident is False
    assert event.meta == {"INCIDENT": True, "Host": 1, "host": 2}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'"id": "a", "Id": "b"', "b"),
        (b'"Id": "a", "id": "b"', "b"),
        (b'"ID": "a", "Id": "b", "iD": "c"', "c"),
        (b'"Id": "a", "Id": "b"', "b"),
        (b'"id": "a", "Id": "b", "id": "c"', "c"),
    ],
)
def test_of_two_spellings_the_last_in_the_document_wins(body: bytes, expected: str) -> None:
    payload = decoding.decode(
        b'{"event_type": "create", "Title": "t", "Description": "d", ' + body + b"}"
    )

    assert parse(payload).thirdparty_id == expected


def test_null_is_looked_at_after_the_last_spelling_has_won() -> None:
    assert parse({**CREATE, "tags": ["a"], "Tags": None}).tags == ()
    assert parse({**CREATE, "tags": None, "Tags": ["a"]}).tags == ("a",)
    assert errors_of({**CREATE, "title": None}).keys() == {"Title"}


@pytest.mark.parametrize("value", ["create", "Create", " CREATE\n"])
def test_blanks_and_case_of_the_event_type_do_not_count(value: str) -> None:
    assert parse({**CREATE, "event_type": value}) == parse(CREATE)


@BOTH
@pytest.mark.parametrize("value", ["trigger", "", "created", 1, True, ["create"], {"a": 1}])
def test_another_event_type_is_refused(value: t.Any, strict: bool) -> None:
    assert errors_of({**CREATE, "event_type": value}, strict=strict).keys() == {"event_type"}


@BOTH
@pytest.mark.parametrize("key", ["a" * 512, " a ", "A", "é" * 512, "a\nb", "\u200bx"])
def test_an_id_is_never_cut_or_trimmed(key: str, strict: bool) -> None:
    assert parse({**CREATE, "Id": key}, strict=strict).thirdparty_id == key


@BOTH
@pytest.mark.parametrize("key", ["", " ", "a" * 513, "\x00a", "\ud800", True, 1.5, [], {}])
def test_an_id_that_does_not_fit_is_refused(key: t.Any, strict: bool) -> None:
    assert errors_of({**CREATE, "Id": key}, strict=strict).keys() == {"Id"}


@BOTH
@pytest.mark.parametrize("value", [[], {}, 7, True, "soon"])
def test_an_unknown_urgency_is_left_out_and_noted(value: t.Any, strict: bool) -> None:
    event = parse({**CREATE, "Urgency": value}, strict=strict)

    assert event.urgency is None
    assert [note.partition(":")[0] for note in event.notes] == ["Urgency"]


@BOTH
def test_dedup_keys_may_be_one_string(strict: bool) -> None:
    assert parse({**CREATE, "dedup_keys": "k"}, strict=strict).dedup_keys == ("k",)
    assert parse({**CREATE, "dedup_keys": ["k", None, " ", "k"]}, strict=strict).dedup_keys == (
        "k",
    )
    assert errors_of({**CREATE, "dedup_keys": [1]}, strict=strict).keys() == {"dedup_keys"}


def test_a_refusal_names_the_fields_in_one_sentence() -> None:
    with pytest.raises(Rejected) as caught:
        parse({**CREATE, "Id": "", "Title": ""})

    assert str(caught.value) == "These fields do not fit: Id, Title."


def test_a_payload_is_read_by_the_strict_schema_unless_told() -> None:
    with pytest.raises(Rejected):
        parse({**CREATE, "Id": 42})


# What databases refuse


@BOTH
def test_what_databases_refuse_is_replaced_and_noted(strict: bool) -> None:
    event = parse(
        {
            **CREATE,
            "Title": "a\x00",
            "Description": "\ud800b",
            "Tags": ["c\x00"],
            "Meta": {"d\x00": ["\udfff"], "incident_message": "e\x00"},
            "dedup_keys": "f\x00",
        },
        strict=strict,
    )

    assert (event.title, event.description, event.tags) == ("a\ufffd", "\ufffdb", ("c\ufffd",))
    assert (event.meta, event.incident_message) == ({"d\ufffd": ["\ufffd"]}, "e\ufffd")
    assert event.dedup_keys == ("f\ufffd",)
    assert [note.partition(":")[0] for note in event.notes] == [
        "Title", "Description", "Tags", "Meta", "dedup_keys",
    ]  # fmt: skip


def test_additional_data_lose_what_databases_refuse() -> None:
    event = parse({**CREATE, "x\x00": {"y": ["\ud800"]}}, capture_additional_data=True)

    assert event.additional_data == {"x\ufffd": {"y": ["\ufffd"]}}


# Additional data


@BOTH
def test_additional_data_are_kept_if_the_integration_captures_them(strict: bool) -> None:
    more: dict[str, t.Any] = {
        "heartbeat": None,
        "Monitor": {"id": 7},
        "n": 0.5,
        "l": [],
        "__class__": "x",
        "": 1,
    }

    captured = parse({**FULL, **more}, strict=strict, capture_additional_data=True)

    assert captured.additional_data == more
    assert parse({**FULL, **more}, strict=strict).additional_data == {}
    assert parse(FULL, strict=strict, capture_additional_data=True).additional_data == {}


def test_a_sender_cannot_write_notes() -> None:
    event = parse({**CREATE, "notes": ["mine"], "title ": 1}, capture_additional_data=True)

    assert event.notes == ()
    assert event.additional_data == {"notes": ["mine"], "title ": 1}


@BOTH
def test_a_payload_is_left_as_it_was(strict: bool) -> None:
    payload = {**FULL, "Title": "a\x00", "Tags": ["a", "a"], "more": ["\x00"]}
    before = {**FULL, "Title": "a\x00", "Tags": ["a", "a"], "more": ["\x00"]}

    parse(payload, strict=strict, capture_additional_data=True)

    assert payload == before
    assert payload["Meta"] == {"host": "db-1", "incident": "yes", "incident_severity": "sev-2"}


# What only the compatible schema takes: each value, what is refused, what becomes of it, the note

TOLERATED: list[tuple[str, t.Any, dict[str, t.Any]]] = [
    ("Id", 42, {"thirdparty_id": "42"}),
    ("Id", -7, {"thirdparty_id": "-7"}),
    ("Id", 0, {"thirdparty_id": "0"}),
    ("Id", int("9" * 64), {"thirdparty_id": "9" * 64}),
    ("Description", None, {"description": None}),
    ("Description", "", {"description": None}),
    ("Description", " \u200b\n", {"description": None}),
    ("Tags", "web", {"tags": ("web",)}),
    ("Tags", " ", {"tags": ()}),
    ("Tags", [1, "a", 2.5, None, -3, "1"], {"tags": ("1", "a", "2.5", "-3")}),
    ("Meta", {"incident": "maybe"}, {"incident": True, "incident_severity": "SEV-UNKNOWN"}),
    ("Meta", {"incident": 2}, {"incident": True}),
    ("Meta", {"incident": [0], "a": 1}, {"incident": True, "meta": {"a": 1}}),
    ("Meta", {"incident": ""}, {"incident": False}),
    ("Meta", {"incident": 0.0}, {"incident": False}),
    ("Meta", {"incident": {}}, {"incident": False, "incident_severity": None}),
    ("Meta", {"incident_message": 5}, {"incident_message": "5"}),
    ("Meta", {"incident_message": False}, {"incident_message": "false"}),
    ("Meta", {"incident_message": ["é", None]}, {"incident_message": '["é", null]'}),
    ("Meta", {"incident": [], "incident_message": {}}, {"incident_message": "{}"}),
]


@pytest.mark.parametrize(("name", "value", "_expected"), TOLERATED)
def test_the_strict_schema_refuses_what_the_other_tolerates(
    name: str, value: t.Any, _expected: dict[str, t.Any]
) -> None:
    assert errors_of({**CREATE, name: value}).keys() == {name}


@pytest.mark.parametrize(("name", "value", "expected"), TOLERATED)
def test_the_compatible_schema_tolerates_and_notes_it(
    name: str, value: t.Any, expected: dict[str, t.Any]
) -> None:
    event = parse({**CREATE, name: value}, strict=False)

    assert {attribute: getattr(event, attribute) for attribute in expected} == expected
    assert [note.partition(":")[0] for note in event.notes] == [name]


@pytest.mark.parametrize(
    ("name", "value", "note"),
    [
        ("Id", 42, "the number was taken as text."),
        ("Description", " ", "blank, so left out."),
        ("Tags", "web", "one text was taken as a list of one."),
        ("Tags", [1, "a"], "numbers were taken as text."),
        ("Meta", {"incident": 2}, "incident was taken by its truth value."),
        ("Meta", {"incident_message": 5}, "incident_message was taken as its JSON text."),
    ],
)
def test_a_note_tells_what_was_made_of_the_value(name: str, value: t.Any, note: str) -> None:
    assert parse({**CREATE, name: value}, strict=False).notes == (f"{name}: {note}",)


def test_of_two_bends_one_note_tells() -> None:
    event = parse({**CREATE, "Meta": {"incident": 2, "incident_message": 5}}, strict=False)

    assert event.notes == (
        "Meta: incident was taken by its truth value. incident_message was taken as its JSON text.",
    )


def test_a_missing_description_is_tolerated_and_noted() -> None:
    payload = {name: value for name, value in CREATE.items() if name != "Description"}

    event = parse(payload, strict=False)

    assert errors_of(payload).keys() == {"Description"}
    assert event.description is None
    assert [note.partition(":")[0] for note in event.notes] == ["Description"]


@pytest.mark.parametrize("change", ["absent", "null"])
def test_a_missing_id_becomes_a_new_uuid_on_create(change: str) -> None:
    payload: dict[str, t.Any] = {**CREATE, "Id": None}
    if change == "absent":
        del payload["Id"]

    first, second = parse(payload, strict=False), parse(payload, strict=False)

    assert str(uuid.UUID(first.thirdparty_id)) == first.thirdparty_id
    assert first.thirdparty_id != second.thirdparty_id
    assert [note.partition(":")[0] for note in first.notes] == ["Id"]


@EVERY_REFERENCE
def test_an_integer_id_is_tolerated_in_every_event(event_type: str) -> None:
    payload = {"event_type": event_type, "id": 42}

    assert parse(payload, strict=False).thirdparty_id == "42"
    assert errors_of(payload).keys() == {"Id"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Title", ""),
        ("Title", 7),
        ("Description", 7),
        ("Description", []),
        ("Tags", 7),
        ("Tags", [True]),
        ("Tags", [["a"]]),
        ("Tags", {"a": "b"}),
        ("Meta", []),
        ("Meta", "text"),
        ("Meta", {"incident_severity": 1}),
        ("dedup_keys", 7),
        ("dedup_keys", [7]),
    ],
)
def test_everything_else_stays_an_error(name: str, value: t.Any) -> None:
    assert errors_of({**CREATE, name: value}, strict=False).keys() == {name}
    assert errors_of({**CREATE, name: value}).keys() == {name}


def errors_of(payload: dict[str, t.Any], *, strict: bool = True) -> dict[str, t.Any]:
    """Return the errors by field of a payload that must be refused with a 422."""
    with pytest.raises(Rejected) as caught:
        parse(payload, strict=strict)

    assert (caught.value.status, caught.value.code) == (422, "invalid_fields")
    return dict(caught.value.errors)
