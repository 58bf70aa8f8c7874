"""Keep the key that signs the desk's cookies."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from tempfile import NamedTemporaryFile


def secret_key(folder: Path) -> str:
    """Return the secret of this instance folder; the first call makes it."""
    path = folder / "secret_key"
    if not path.exists():
        _make(path)

    return path.read_text()


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and linked into place, so that of two processes that start together
    # both read the same whole key. A temporary file has mode 0600, and a link keeps it.
    with NamedTemporaryFile("w", dir=path.parent) as draft:
        draft.write(secrets.token_urlsafe(32))
        draft.flush()
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft.name)
