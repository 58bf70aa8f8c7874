"""Decide whether a form was sent from a page of ours, without the host's session.

Two checks, each enough by itself in a browser of today. The request says where it comes from
(``Sec-Fetch-Site``, else ``Origin``), and that must be here. And the form holds a signature over a
random cookie and the acting person's name, which a foreign page can neither read nor make.
"""

from __future__ import annotations

import secrets

from flask import current_app
from flask import g
from flask import request
from flask import Response
from itsdangerous import BadSignature
from itsdangerous import Signer

from flask_webhook_alerts.access import is_from_here
from flask_webhook_alerts.access import SAFE_METHODS

from .cookies import read_cookie
from .cookies import set_cookie

FIELD: str = "_csrf"
"""The name of the form's field."""

_COOKIE = "csrf"


def objection(name: str | None) -> str | None:
    """Say why the request must not change anything; None if it may, or if it changes nothing.

    :param name: the acting person's.
    """
    if request.method in SAFE_METHODS:
        return None

    if not is_from_here():
        return "The form was sent from another site."

    return None if _is_signed(name) else "The form is too old, or was sent by somebody else."


def token(name: str | None) -> str:
    """Return what the forms of this page carry."""
    return _signer().sign(_subject(_secret(), name)).decode().rpartition(".")[2]


def keep(response: Response) -> None:
    """Set the cookie that the page's forms are bound to, if the browser does not have it."""
    secret = g.get("webhook_alerts_csrf")
    if secret is not None and read_cookie(_COOKIE) != secret:
        set_cookie(response, _COOKIE, secret)


def _is_signed(name: str | None) -> bool:
    secret = read_cookie(_COOKIE) or ""
    signed = f"{_subject(secret, name)}.{request.form.get(FIELD, '')}"
    try:
        _signer().unsign(signed.encode("utf-8", "replace"))
    except BadSignature:
        return False

    return bool(secret)


def _secret() -> str:
    if "webhook_alerts_csrf" not in g:
        g.webhook_alerts_csrf = read_cookie(_COOKIE) or secrets.token_urlsafe(16)
    return str(g.webhook_alerts_csrf)


def _subject(secret: str, name: str | None) -> str:
    return f"{secret}:{'' if name is None else 'by:' + name}"


def _signer() -> Signer:
    return Signer(signing_keys(), salt="flask-webhook-alerts.csrf")


def signing_keys() -> list[str]:
    """Return the host's keys, the one to sign with last."""
    fallbacks = current_app.config.get("SECRET_KEY_FALLBACKS") or []
    keys = (*reversed(fallbacks), current_app.config["SECRET_KEY"])
    # Flask takes both, and itsdangerous takes one kind at a time.
    return [key.decode("latin-1") if isinstance(key, bytes) else str(key) for key in keys]
