"""Keep what a row holds at one moment, for when its session is gone."""

from __future__ import annotations

import copy
import typing as t

import sqlalchemy as sa

_SECRETS = frozenset({"token_hash", "previous_token_hash"})


class Snapshot:
    """The columns of a row, the host's own included, as plain values under the row's names.

    It knows no relationships and no hashes of tokens. Two are equal if all their values are.
    """

    __slots__ = ("_text", "_values")

    def __init__(self, row: t.Any) -> None:
        names = sa.inspect(type(row)).column_attrs.keys()
        self._text: str = repr(row)
        self._values: dict[str, t.Any] = {
            name: copy.deepcopy(getattr(row, name)) for name in names if name not in _SECRETS
        }

    def __getattr__(self, name: str) -> t.Any:
        # Copying and unpickling ask for the slots before they are filled.
        if name not in self.__slots__ and name in self._values:
            return self._values[name]

        raise AttributeError(
            f"A snapshot has no {name!r}, only the columns of its row. Load the row by its id for"
            " what it is related to."
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Snapshot):
            return NotImplemented

        return self._values == other._values

    def __repr__(self) -> str:
        return self._text

    def as_dict(self) -> dict[str, t.Any]:
        """Return the values by name."""
        return copy.deepcopy(self._values)
