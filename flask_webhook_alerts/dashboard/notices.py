"""Tell on the next page what an action did: once, by a signed cookie that lives a minute."""

from __future__ import annotations

import typing as t

from flask import g
from flask import redirect
from flask import Response
from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer

from .cookies import delete_cookie
from .cookies import read_cookie
from .cookies import set_cookie
from .csrf import signing_keys

_COOKIE = "notice"
_SECONDS = 60
_LONGEST = 200  # characters, so that any of them fit into a cookie

Notice: t.TypeAlias = dict[str, t.Any]
"""``words``, and perhaps a ``level``, ids of alerts to reopen as ``undo``, a new ``token``."""


def send_to(place: str, words: str, **details: t.Any) -> Response:
    """Redirect to a page of ours, and have it show ``words``."""
    response = t.cast(Response, redirect(place, 303, Response))
    notice = {"words": words[:_LONGEST], **details}
    set_cookie(response, _COOKIE, str(_serializer().dumps(notice)), seconds=_SECONDS)
    return response


def take() -> Notice | None:
    """Return the notice that was left for this page; it is gone after that."""
    text = read_cookie(_COOKIE)
    if text is None:
        return None

    g.webhook_alerts_notice_taken = True
    try:
        return t.cast(Notice, _serializer().loads(text, max_age=_SECONDS))
    except BadSignature:
        return None


def forget(response: Response) -> None:
    """Delete the notice that this page has shown."""
    if "webhook_alerts_notice_taken" in g:
        delete_cookie(response, _COOKIE)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(signing_keys(), salt="flask-webhook-alerts.notice")
