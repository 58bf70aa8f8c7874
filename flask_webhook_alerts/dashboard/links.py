"""Find the web addresses in a sender's text and make them links, in one pass over it."""

from __future__ import annotations

import re

from markupsafe import escape
from markupsafe import Markup

# Every character is looked at a fixed number of times: no part of the pattern can match what the
# part before it gave back. Only these two schemes; whatever else a sender calls an address is text.
_ADDRESS = re.compile(
    r"\bhttps?://[^\s<>\"'`\x00-\x1f\u200e\u200f\u202a-\u202e\u2066-\u2069]{1,2000}"
)
_TRAILING = ".,;:!?…"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def linkify(text: str) -> Markup:
    """Return ``text`` escaped, its addresses of the web as links that tell nothing about us."""
    pieces, position = list[str](), 0
    for match in _ADDRESS.finditer(text):
        address = _without_trail(match[0])
        pieces += [str(escape(text[position : match.start()])), _link(address)]
        position = match.start() + len(address)
    pieces.append(str(escape(text[position:])))
    return Markup("".join(pieces))  # noqa: S704 - every piece is escaped above


def _link(address: str) -> str:
    escaped = escape(address)
    return f'<a href="{escaped}" rel="noopener noreferrer nofollow" target="_blank">{escaped}</a>'


def _without_trail(address: str) -> str:
    """Return an address without the punctuation of the sentence around it."""
    end = len(address)
    while end and (address[end - 1] in _TRAILING or _is_unopened(address[end - 1], address)):
        end -= 1
    return address[:end]


def _is_unopened(character: str, address: str) -> bool:
    return character in _PAIRS and _PAIRS[character] not in address
