"""Ask the host who is acting: the guard of every optional page and interface."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import current_app
from flask import request
from flask import Response
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from .decoding import clean
from .events import LONGEST_NAME
from .words import is_visible

Answer: t.TypeAlias = "str | bool | ResponseReturnValue | None"
Authorize: t.TypeAlias = Callable[[], Answer]
"""A function of the host's. It looks at Flask's ``request`` and returns the acting person's name,
or None or False to refuse, or a response, such as a redirect to the host's login."""

SAFE_METHODS: frozenset[str] = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

# How text begins that is a page, after blanks and a mark of its encoding; or the end of an element,
# or of a line.
_PAGE = re.compile(r"\A[\s\ufeff\u200b]*<|</|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_OWN_SITE = frozenset({"same-origin", "none"})  # none: the person has typed the address, or reloads


@dataclasses.dataclass(frozen=True)
class Grant:
    """Somebody may pass.

    :ivar name: who it is, kept as ``by`` on what he does; None if the host does not say.
    """

    name: str | None


class InvalidAnswer(TypeError):
    """The host's ``authorize`` has returned what is neither a name nor a no. Nobody may pass."""


def ask(authorize: Authorize) -> Grant | Response | None:
    """Return a grant, a response to send instead, or None if the request is refused.

    :raises InvalidAnswer: ``authorize`` returned anything else, or a page as text.
    """
    answer = current_app.ensure_sync(authorize)()
    if answer is None or answer is False:
        return None

    if answer is True:
        return Grant(None)

    return _named(answer) if isinstance(answer, str) else _response(answer)


def _named(text: str) -> Grant | None:
    """Return a grant for the person whose name ``text`` is; None if it is blank."""
    if not is_visible(text):
        return None

    # A view may return a page as text, and so a guard will, sooner or later.
    is_page = _PAGE.search(text) is not None or hasattr(text, "__html__")
    if is_page or len(text) > LONGEST_NAME:
        raise InvalidAnswer(
            "authorize returned a text that is no name, and so nobody may pass. Text is always the"
            f" acting person's name, of one line and at most {LONGEST_NAME} characters, that does"
            " not begin with <. To show a page, return flask.make_response(page, 403)."
        )

    # Half a character can be neither sent nor stored.
    return Grant(clean(str(text)))


def _response(answer: object) -> Response:
    """Return what a view would answer by this; but no object that happens to be one of JSON."""
    if not isinstance(answer, (AnyResponse, HTTPException, tuple)):
        raise InvalidAnswer(_words(answer))

    try:
        return current_app.make_response(t.cast(ResponseReturnValue, answer))
    except (TypeError, ValueError) as error:
        raise InvalidAnswer(f"{_words(answer)} {error}") from error


def _words(answer: object) -> str:
    return (
        f"authorize returned a value of type {type(answer).__name__}, and so nobody may pass."
        " Let it return the acting person's name as text, True for somebody without a name, None or"
        " False to refuse, or a response."
    )


def is_from_here() -> bool:
    """Tell whether the request comes from a page of this origin, or from no page at all.

    Browsers say it by ``Sec-Fetch-Site``, older ones by ``Origin``; programs send neither. Only the
    host of an origin counts, since a proxy may speak https for us.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in _OWN_SITE

    if origin is None:
        return True

    try:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:  # brackets that hold no address
        return False


def exempt_from_csrf(part: object) -> None:
    """Let a view or blueprint of ours be, whenever the host initialised Flask-WTF.

    Each of them has a guard of its own.
    """
    # The object may also be another extension's, or anything.
    exempt = getattr(current_app.extensions.get("csrf"), "exempt", None)
    if callable(exempt):
        exempt(part)
