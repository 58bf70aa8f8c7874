"""Make ids and tokens, and decide whether a token is the right one.

Only the SHA-256 of a token is stored. A slow hash would add nothing: made tokens hold 256 random
bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string

from .errors import InvalidOption
from .errors import NotFound

_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 14

# Wider than what we make: hosts may bring ids along from PagerTree, which has shorter ones.
INTEGRATION_ID_LENGTH = 18
INTEGRATION_ID_PATTERN = f"[A-Za-z0-9_-]{{1,{INTEGRATION_ID_LENGTH}}}"

_INTEGRATION_ID = re.compile(INTEGRATION_ID_PATTERN)


def new_integration_id() -> str:
    """Return ``int_`` and 14 random letters and digits: some senders accept no other form."""
    return "int_" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))


def may_be_integration_id(text: str) -> bool:
    """Tell whether it is worth asking the database for ``text``."""
    return _INTEGRATION_ID.fullmatch(text) is not None


def require_integration_id(integration_id: object) -> None:
    """Raise :exc:`NotFound` if no integration can have this id."""
    if not (isinstance(integration_id, str) and may_be_integration_id(integration_id)):
        raise NotFound(f"There is no integration {integration_id!r}.")


def new_token() -> str:
    """Return a token of 256 random bits that fits into a header and a URL."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """Return what is stored for ``token``; raise :exc:`InvalidOption` if no header can carry it."""
    if not isinstance(token, str):
        raise InvalidOption(f"token is text, not {type(token).__name__}.")

    if not token.strip() or not token.isascii() or not token.isprintable():
        raise InvalidOption(
            "A token is printable ASCII text and not blank, because it travels in an HTTP header."
        )

    if token != token.strip():
        raise InvalidOption("A token has no blanks around it: HTTP removes them from headers.")

    return _digest(token)


def digest_thirdparty_id(thirdparty_id: str) -> str:
    """Return the hex SHA-256 of the sender's key, which every collation compares byte for byte."""
    return _digest(thirdparty_id)


def is_token(presented: str | None, *stored_hashes: str | None) -> bool:
    """Tell whether ``presented`` is the token behind one of the hashes, in constant time."""
    # Bytes, because compare_digest raises TypeError on a non-ASCII str, and headers may hold any.
    digest = _digest(presented or "").encode()
    matches = [hmac.compare_digest(digest, (stored or "").encode()) for stored in stored_hashes]
    return presented is not None and any(matches)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
