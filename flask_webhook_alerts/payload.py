"""Turn a payload into an event: names in any case, then a schema, strict or compatible."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import uuid
from collections.abc import Mapping

import marshmallow as ma

from . import decoding
from .errors import Rejected
from .events import EventType
from .events import IncomingEvent
from .fields import Identifier
from .fields import Labels
from .fields import Meta
from .fields import Text
from .fields import truth_of
from .fields import UrgencyWord
from .fields import Word
from .words import is_visible

_SPELLINGS = ("event_type", "Id", "Title", "Description", "Tags", "Meta", "Urgency", "dedup_keys")
_BY_LOWER = {spelling.lower(): spelling for spelling in _SPELLINGS}
_NOTES = "notes"


class StrictSchema(ma.Schema):
    """The fields of the payload, to the letter.

    Beside them is ``notes``, which is no field: the reader of the payload puts a list there, to
    which everything adds what it tolerated.
    """

    event_type: Word = Word(EventType, required=True)
    thirdparty_id: Identifier = Identifier(required=True, data_key="Id")
    title: Text = Text(required=True, data_key="Title")
    description: Text = Text(required=True, data_key="Description")
    tags: Labels = Labels(data_key="Tags")
    dedup_keys: Labels = Labels(or_one=True)
    meta: Meta = Meta(data_key="Meta")
    urgency: UrgencyWord = UrgencyWord(data_key="Urgency")

    @ma.post_load(pass_original=True)
    def make_event(
        self, data: dict[str, t.Any], original: dict[str, t.Any], **_options: t.Any
    ) -> IncomingEvent:
        """Return what was loaded as one value."""
        notes: list[str] = original[_NOTES]
        if data.get("urgency", "") is None:
            notes.append("Urgency: not one that is known, so left out.")
        return IncomingEvent(
            type=data.pop("event_type"), notes=tuple(notes), **data.pop("meta", {}), **data
        )


class CompatibleSchema(StrictSchema):
    """The same fields, after forgiving what PagerTree's own service forgives.

    Source: the adapter ``webhook/v3`` of PagerTree's public pager_tree-integrations, and what
    Uptime Kuma, LibreNMS and Apprise really send.
    """

    description: Text = Text(data_key="Description")

    @ma.pre_load
    def forgive(self, data: dict[str, t.Any], **_options: t.Any) -> dict[str, t.Any]:
        """Bend what the strict schema would refuse, and note each bend."""
        for field, bend in _BENDS.items():
            value, note = bend(data.get(field))
            if note is not None:
                data[field] = value
                data[_NOTES].append(f"{field}: {note}")
        return {name: value for name, value in data.items() if value is not None}


def _bend_id(value: t.Any) -> tuple[t.Any, str | None]:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value), "the number was taken as text."

    return value, None


def _bend_description(value: t.Any) -> tuple[t.Any, str | None]:
    if isinstance(value, str) and not is_visible(value):
        return None, "blank, so left out."

    return value, None


def _bend_tags(value: t.Any) -> tuple[t.Any, str | None]:
    if isinstance(value, str):
        return [value], "one text was taken as a list of one."

    if isinstance(value, list) and any(_is_number(tag) for tag in value):
        return [json.dumps(tag) if _is_number(tag) else tag for tag in value], (
            "numbers were taken as text."
        )

    return value, None


def _bend_meta(value: t.Any) -> tuple[t.Any, str | None]:
    if not isinstance(value, dict):
        return value, None

    bent = dict(value)
    incident, message = value.get("incident"), value.get("incident_message")
    notes: list[str] = []
    if incident is not None and truth_of(incident) is None:
        bent["incident"] = bool(incident)
        notes.append("incident was taken by its truth value.")
    if message is not None and not isinstance(message, str):
        bent["incident_message"] = json.dumps(message, ensure_ascii=False)
        notes.append("incident_message was taken as its JSON text.")
    return bent, " ".join(notes) or None


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_BENDS: dict[str, t.Callable[[t.Any], tuple[t.Any, str | None]]] = {
    "Id": _bend_id,
    "Description": _bend_description,
    "Tags": _bend_tags,
    "Meta": _bend_meta,
}

# Schemas are made once: making one costs more than using it. All but a create needs two fields.
_SCHEMAS = {True: StrictSchema, False: CompatibleSchema}
_CREATE = {strict: schema(unknown=ma.EXCLUDE) for strict, schema in _SCHEMAS.items()}
_REFER = {
    strict: schema(only=("event_type", "thirdparty_id"), unknown=ma.EXCLUDE)
    for strict, schema in _SCHEMAS.items()
}


def parse(
    payload: Mapping[str, t.Any], *, strict: bool = True, capture_additional_data: bool = False
) -> IncomingEvent:
    """Return the event in ``payload``; raise :exc:`Rejected` with an error for each bad field."""
    fields, additional = _fold(payload)
    notes: list[str] = []
    wants_create = _names_create(fields.get("event_type"))
    if wants_create:
        fields = _clean(fields, notes)
        if not strict:
            _fill_gaps(fields, notes)
    else:
        fields = {name: fields[name] for name in ("event_type", "Id") if name in fields}

    schemas = _CREATE if wants_create else _REFER
    try:
        event: IncomingEvent = schemas[strict].load({**fields, _NOTES: notes})
    except ma.ValidationError as error:
        raise _rejected(error) from None

    if not (capture_additional_data and wants_create):
        return event

    return dataclasses.replace(event, additional_data=decoding.clean(additional))


def _fold(payload: Mapping[str, t.Any]) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Split ``payload`` into known fields under one spelling, without nulls, and the rest."""
    fields: dict[str, t.Any] = {}
    additional: dict[str, t.Any] = {}
    for name, value in payload.items():
        spelling = _BY_LOWER.get(name.lower())
        if spelling is None:
            additional[name] = value
        else:
            fields[spelling] = value  # two spellings of one field: the last one wins
    return {name: value for name, value in fields.items() if value is not None}, additional


def _names_create(value: t.Any) -> bool:
    return isinstance(value, str) and value.strip().lower() == EventType.CREATE


def _fill_gaps(fields: dict[str, t.Any], notes: list[str]) -> None:
    if "Id" not in fields:
        fields["Id"] = str(uuid.uuid4())
        notes.append("Id: missing, so a new one was made.")
    if "Description" not in fields:
        notes.append("Description: missing, so left out.")


def _clean(fields: dict[str, t.Any], notes: list[str]) -> dict[str, t.Any]:
    cleaned: dict[str, t.Any] = {}
    for name, value in fields.items():
        cleaned[name] = value if name == "Id" else decoding.clean(value)
        if cleaned[name] != value:
            notes.append(f"{name}: characters that databases refuse were replaced.")
    return cleaned


def _rejected(error: ma.ValidationError) -> Rejected:
    errors = t.cast(dict[str, list[str]], error.messages)
    fields = ", ".join(errors)
    return Rejected(
        f"These fields do not fit: {fields}.", status=422, code="invalid_fields", errors=errors
    )
