"""Set the dashboard's own cookies: on its pages only, and never the host's session."""

from __future__ import annotations

from flask import request
from flask import Response
from flask import url_for


def set_cookie(
    response: Response, name: str, value: str, *, is_hidden: bool, days: int | None = None
) -> None:
    """Set a cookie that the browser sends to the dashboard only.

    :param is_hidden: scripts cannot read it.
    :param days: how long the browser keeps it; None until it is closed.
    """
    response.set_cookie(
        name,
        value,
        max_age=None if days is None else days * 86_400,
        path=path(),
        secure=request.is_secure,
        httponly=is_hidden,
        samesite="Lax",
    )


def path() -> str:
    """Return the path under which all pages are."""
    return url_for(".alerts")
