"""Guard the dashboard: ready ``authorize`` functions for Flask-Login and for HTTP basic auth."""

from __future__ import annotations

import hashlib
import hmac
import importlib
import secrets
import time
import typing as t
from collections import OrderedDict
from collections.abc import Callable
from collections.abc import Mapping

from flask import current_app
from flask import request
from flask import Response
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from flask_webhook_alerts.access import Authorize
from flask_webhook_alerts.errors import ConfigError

from .pages import wants_fragment

_REMEMBERED = 300.0
"""Seconds for which a password that was right need not be hashed again: pages ask every few."""

_MOST_REMEMBERED = 1_000


def flask_login(
    name: Callable[[t.Any], str] | None = None, *, allow: Callable[[t.Any], bool] | None = None
) -> Authorize:
    """Return a guard that lets the host's signed-in users pass, by Flask-Login.

    Who is not signed in is sent where the host's login manager sends people. Only what the pages
    ask by themselves is refused instead: no login need remember an address that no person sees.

    :param name: returns a user's name, kept as ``by`` on what he does; ``user.get_id()`` if not
        given.
    :param allow: tells whether a signed-in user may pass; all may if it is not given.
    :raises ConfigError: Flask-Login is not installed.
    """
    try:
        library = importlib.import_module("flask_login")
    except ImportError as error:
        raise ConfigError(
            "This guard needs Flask-Login: install Flask-Webhook-Alerts[login]."
        ) from error

    def authorize() -> str | bool | ResponseReturnValue:
        user = library.current_user
        if not user.is_authenticated:
            if wants_fragment():
                return False

            manager = t.cast(t.Any, current_app).login_manager
            return t.cast(ResponseReturnValue, manager.unauthorized())

        if allow is not None and not allow(user):
            return False

        return str(name(user) if name is not None else user.get_id())

    return authorize


def basic_auth(users: Mapping[str, str], *, realm: str = "Alerts") -> Authorize:
    """Return a guard that asks for a name and a password, by HTTP basic auth.

    Serve it over HTTPS only: the browser sends the password with every request.

    :param users: name → hash of the password, from ``werkzeug.security.generate_password_hash``.
    :param realm: what the browser calls the place when it asks.
    :raises ConfigError: a value is no hash of a password.
    """
    hashes = {name: _checked(name, value) for name, value in users.items()}
    # Somebody unknown costs as much time as somebody known.
    nobody = generate_password_hash(secrets.token_urlsafe())
    memory = _Memory()

    def authorize() -> str | Response:
        given = request.authorization
        if given is None or given.type != "basic":
            return _challenge(realm)

        name, password = given.username or "", given.password or ""
        stored = hashes.get(name, nobody)
        is_right = memory.holds(name, password, stored) or check_password_hash(stored, password)
        if not is_right or name not in hashes:
            return _challenge(realm)

        memory.keep(name, password, stored)
        return name

    return authorize


class _Memory:
    """Which passwords were right a moment ago, as digests under a key of this process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def holds(self, *values: str) -> bool:
        """Tell whether exactly these values were kept, not long ago."""
        return self._until.get(self._digest(values), 0.0) > time.monotonic()

    def keep(self, *values: str) -> None:
        """Remember that these values belong together."""
        self._until[self._digest(values)] = time.monotonic() + _REMEMBERED
        while len(self._until) > _MOST_REMEMBERED:
            self._until.popitem(last=False)

    def _digest(self, values: tuple[str, ...]) -> bytes:
        message = "\0".join(values).encode("utf-8", "surrogateescape")
        return hmac.digest(self._key, message, hashlib.sha256)


def _checked(name: str, value: str) -> str:
    if not name or ":" in name:
        raise ConfigError(f"{name!r} is no name for basic auth: it has a character, and no colon.")

    if not value.startswith(("scrypt:", "pbkdf2:")):
        raise ConfigError(
            f"The password of {name!r} is not hashed. Give what"
            " werkzeug.security.generate_password_hash(password) returns."
        )

    return value


def _challenge(realm: str) -> Response:
    response = Response("Sign in to see this.\n", status=401, mimetype="text/plain")
    response.www_authenticate = WWWAuthenticate("basic", {"realm": realm, "charset": "UTF-8"})
    return response
