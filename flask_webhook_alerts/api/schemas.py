"""Share what all schemas of this API have in common."""

from __future__ import annotations

import typing as t

import marshmallow as ma
from marshmallow import validate


class Input(ma.Schema):
    """Refuses what it does not know."""

    class Meta:
        """Say it to the document, too."""

        unknown = ma.RAISE


class Nothing(Input):
    """No members, no parameters."""


class Output(ma.Schema):
    """Has all its members in every answer; later versions may add some."""

    class Meta:
        """Say it to the document, too."""

        unknown = ma.EXCLUDE

    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[t.Any]) -> None:
        """Tell the document so."""
        super().on_bind_field(field_name, field_obj)
        field_obj.required = True


def words_of(words: t.Iterable[str]) -> validate.OneOf:
    """Return a validator that takes these words."""
    return validate.OneOf([str(word) for word in words])


def about(words: str, **more: t.Any) -> dict[str, t.Any]:
    """Return what the document tells about a field."""
    return {"description": words, **more}
