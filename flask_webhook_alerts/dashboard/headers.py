"""Set the security headers of the dashboard's own pages, and of no others."""

from __future__ import annotations

from flask import Response

CONTENT_SECURITY_POLICY: str = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""What a page of ours may load and do: our own files, and nothing else."""

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def secure(response: Response, *, is_static: bool) -> None:
    """Add the headers. A blueprint's come before the host's, so its ``setdefault`` keeps ours."""
    response.headers.update(_HEADERS)
    if is_static:
        # Their addresses change with their content.
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("Cookie")
