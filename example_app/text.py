"""Cut long text to the room that there is."""

from __future__ import annotations


def clip(text: str, room: int = 160) -> str:
    """Return ``text``, with an ellipsis at its end if it had to be cut to ``room`` characters."""
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"
