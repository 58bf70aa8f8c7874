"""Know what a path is under which pages or an API can be mounted."""

from __future__ import annotations

import re

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def require_prefix(value: object, such_as: str) -> None:
    """Raise :exc:`ValueError` unless ``value`` can be a ``url_prefix``.

    :param such_as: a good one, for the message.
    """
    if not (isinstance(value, str) and _PREFIX.fullmatch(value)):
        raise ValueError(
            f"url_prefix is {value!r}. Give a path that starts with a slash and does not end with"
            f' one, such as "{such_as}".'
        )
