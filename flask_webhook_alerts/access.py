"""Ask the host who is acting: the guard of every optional page and interface."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Callable

from flask import current_app
from flask import Response
from flask.typing import ResponseReturnValue

Answer: t.TypeAlias = "str | bool | ResponseReturnValue | None"
Authorize: t.TypeAlias = Callable[[], Answer]
"""A function of the host's. It looks at Flask's ``request`` and returns the acting person's name,
or None or False to refuse, or a response, such as a redirect to the host's login."""


@dataclasses.dataclass(frozen=True)
class Grant:
    """Somebody may pass.

    :ivar name: who it is, kept as ``by`` on what he does; None if the host does not say.
    """

    name: str | None


def ask(authorize: Authorize) -> Grant | Response | None:
    """Return a grant, a response to send instead, or None if the request is refused."""
    answer = current_app.ensure_sync(authorize)()
    if answer is None or answer is False or answer == "":
        return None

    if answer is True:
        return Grant(None)

    return Grant(answer) if isinstance(answer, str) else current_app.make_response(answer)


def exempt_from_csrf(part: object) -> None:
    """Let a view or blueprint of ours be, whenever the host initialised Flask-WTF.

    Each of them has a guard of its own.
    """
    # The object may also be another extension's, or anything.
    exempt = getattr(current_app.extensions.get("csrf"), "exempt", None)
    if callable(exempt):
        exempt(part)
