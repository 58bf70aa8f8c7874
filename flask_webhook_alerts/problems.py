"""Say what went wrong, as problem details (RFC 9457)."""

from __future__ import annotations

import dataclasses
import http.client
import typing as t
from collections.abc import Mapping

from .errors import Refused
from .errors import Rejected
from .errors import Unavailable

MEDIA_TYPE = "application/problem+json"

_TYPE = "urn:problem-type:webhook-alerts:"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """An answer for a request that was not accepted."""

    status: int
    code: str
    detail: str
    errors: Mapping[str, t.Any] = dataclasses.field(default_factory=dict[str, t.Any])
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def as_json(self) -> dict[str, t.Any]:
        """Return the members of the answer's body."""
        members: dict[str, t.Any] = {
            "type": _TYPE + self.code.replace("_", "-"),
            "title": http.client.responses.get(self.status, "Unknown Status"),
            "status": self.status,
            "detail": self.detail,
        }
        return members | ({"errors": self.errors} if self.errors else {})


def problem_of(error: Rejected | Refused | Unavailable) -> Problem:
    """Return the answer for an error of ours."""
    if isinstance(error, Rejected):
        return Problem(
            status=error.status,
            code=error.code,
            detail=error.detail,
            errors=error.errors,
            headers=_headers(error),
        )

    if isinstance(error, Unavailable):
        return Problem(
            status=503,
            code="unavailable",
            detail="This server cannot take the event now. Nothing was stored; send it again.",
            headers={"Retry-After": str(error.retry_after)},
        )

    return Problem(
        status=422,
        code="refused",
        detail="The database refuses the values of this event. Nothing was stored.",
    )


def _headers(error: Rejected) -> dict[str, str]:
    if error.retry_after is not None:
        return {"Retry-After": str(error.retry_after)}

    # PagerTree's clients know a disabled integration by a 405; it allows no method at all.
    return {"Allow": ""} if error.code == "integration_disabled" else {}
