"""Remember how a person likes the pages: theme, time zone, shortcuts, and whether they are live."""

from __future__ import annotations

import dataclasses
import typing as t

from flask import Blueprint
from flask import redirect
from flask import request
from flask import Response

from . import places
from .cookies import read_cookie
from .cookies import set_cookie

_A_YEAR = 31_536_000
_COOKIE = "view"

CHOICES: dict[str, dict[str, str]] = {
    "theme": {"system": "As the system", "light": "Light", "dark": "Dark"},
    "zone": {"utc": "UTC", "browser": "This browser’s zone"},
    "keys": {"on": "On", "off": "Off"},
    "live": {"on": "On", "off": "Paused"},
}
"""Preference → value → what people read; the first value is what nobody has chosen."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preferences:
    """How one person sees the pages; the values are those of ``CHOICES``."""

    theme: str = "system"
    zone: str = "utc"
    keys: str = "on"
    live: str = "on"


def register(blueprint: Blueprint) -> None:
    """Add the route of the menu."""
    blueprint.add_url_rule("/preferences", "preferences", change, methods=["POST"])


def read() -> Preferences:
    """Return what the request's cookie says; what it does not say is as nobody has chosen."""
    words = (read_cookie(_COOKIE) or "").split(".")
    given = dict(zip(CHOICES, words, strict=False))
    return _checked(given)


def change() -> Response:
    """Keep what the form says, beside what was kept before, and go back to its page."""
    kept = _checked(dataclasses.asdict(read()) | request.form.to_dict())
    response = t.cast(Response, redirect(places.own(request.form.get("back", "")), 303, Response))
    value = ".".join(dataclasses.asdict(kept).values())
    set_cookie(response, _COOKIE, value, seconds=_A_YEAR)
    return response


def _checked(given: dict[str, str]) -> Preferences:
    return Preferences(
        **{name: given[name] for name in CHOICES if given.get(name) in CHOICES[name]}
    )
