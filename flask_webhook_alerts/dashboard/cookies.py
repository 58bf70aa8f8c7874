"""Set the dashboard's own cookies: on its pages only, and never the host's session."""

from __future__ import annotations

from urllib.parse import quote

from flask import request
from flask import Response
from flask import url_for


def read_cookie(purpose: str) -> str | None:
    """Return what this dashboard's cookie holds; None if the browser sent none."""
    return request.cookies.get(_name(purpose))


def set_cookie(response: Response, purpose: str, value: str, *, seconds: int | None = None) -> None:
    """Set a cookie that the browser sends to the dashboard only, and shows to no script.

    :param purpose: its name among the cookies of this dashboard.
    :param seconds: how long the browser keeps it; None until it is closed.
    """
    response.set_cookie(
        _name(purpose),
        value,
        max_age=seconds,
        path=_path(),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def delete_cookie(response: Response, purpose: str) -> None:
    """Have the browser forget one of the dashboard's cookies."""
    response.delete_cookie(_name(purpose), path=_path(), samesite="Lax")


def _path() -> str:
    """Return the path under which all pages are."""
    return url_for(".alerts")


def _name(purpose: str) -> str:
    """Return a cookie's name. Under this path there may be the paths of another dashboard."""
    return quote(f"{request.blueprint}_{purpose}", safe="")
