"""Lead from page to page (RFC 8288), and to what was made."""

from __future__ import annotations

from urllib.parse import quote
from urllib.parse import urlencode

from flask import request

from .fields import after
from .fields import before


def to_pages(*, older: int | None, newer: int | None = None) -> dict[str, str]:
    """Return the header with links to the first, the previous and the next page."""
    links = [_link("first", None)]
    if newer is not None:
        links.append(_link("prev", after(newer)))
    if older is not None:
        links.append(_link("next", before(older)))
    return {"Link": ", ".join(links)}


def to_member(member_id: str) -> dict[str, str]:
    """Return the header that says where a new member of the requested list is."""
    return {"Location": f"{_here()}/{member_id}"}


def _link(relation: str, cursor: str | None) -> str:
    pairs = [(name, text) for name, text in request.args.items(multi=True) if name != "cursor"]
    pairs += [] if cursor is None else [("cursor", cursor)]
    query = f"?{urlencode(pairs)}" if pairs else ""
    return f'<{_here()}{query}>; rel="{relation}"'


def _here() -> str:
    # Without the host: what stands before us may have called us by another, and without TLS.
    return quote(request.script_root + request.path)
