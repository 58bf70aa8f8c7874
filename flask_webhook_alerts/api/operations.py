"""Describe operations: one description steers the requests and is what the document tells."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

import marshmallow as ma

from .schemas import Nothing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Call:
    """A checked request.

    :ivar by: who acts; None if the host does not say.
    :ivar query: the parameters, loaded by the operation's schema.
    :ivar body: the same of the body.
    """

    by: str | None
    query: dict[str, t.Any]
    body: dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a view returns; the operation's schema writes the content."""

    content: t.Any
    _: dataclasses.KW_ONLY
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])


_WITH_BODY = frozenset({"POST", "PATCH"})

View: t.TypeAlias = Callable[..., Answer]
"""A function that takes a :class:`Call`, and the path's parameters by name."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Operation:
    """What one method of one path takes and answers.

    :ivar name: the operation's id in the document.
    :ivar view: called with the :class:`Call`, and the path's parameters by name.
    :ivar needs_body: whether a request without a body is refused.
    :ivar answer: writes the content; None for content that is JSON already.
    :ivar status: of a success.
    :ivar problems: statuses that only some operations answer.
    :ivar takes: conditional request headers.
    :ivar gives: response headers.
    """

    name: str
    tag: str
    method: str
    path: str
    view: View
    answer: ma.Schema | None
    query: ma.Schema
    body: ma.Schema | None
    needs_body: bool
    status: int = 200
    problems: tuple[int, ...] = ()
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()


class Operations:
    """The operations on one kind of thing.

    :param tag: what the document groups them by.
    """

    def __init__(self, tag: str) -> None:
        self.tag: str = tag
        self.all: list[Operation] = []

    def get(self, path: str, answer: ma.Schema | None, **options: t.Any) -> Callable[[View], View]:
        """Add a view that reads. ``options`` are fields of :class:`Operation`."""
        return self._add("GET", path, answer, body=None, **options)

    def post(
        self, path: str, answer: ma.Schema, body: ma.Schema | None = None, **options: t.Any
    ) -> Callable[[View], View]:
        """Add a view that does something; without ``body`` it takes none, or an empty object."""
        return self._add("POST", path, answer, body=body or Nothing(), **options)

    def patch(
        self, path: str, answer: ma.Schema, body: ma.Schema, **options: t.Any
    ) -> Callable[[View], View]:
        """Add a view that changes something."""
        return self._add("PATCH", path, answer, body=body, **options)

    def delete(self, path: str, answer: ma.Schema, **options: t.Any) -> Callable[[View], View]:
        """Add a view that deletes something."""
        return self._add("DELETE", path, answer, body=None, **options)

    def _add(
        self, method: str, path: str, answer: ma.Schema | None, *, body: ma.Schema | None,
        query: ma.Schema | None = None, **options: t.Any,
    ) -> Callable[[View], View]:  # fmt: skip
        def add(view: View) -> View:
            operation = Operation(
                name=t.cast(t.Any, view).__name__,
                tag=self.tag,
                method=method,
                path=path,
                view=view,
                answer=answer,
                query=query or Nothing(),
                body=body,
                **{"needs_body": method in _WITH_BODY and not isinstance(body, Nothing), **options},
            )
            self.all.append(operation)
            return view

        return add
