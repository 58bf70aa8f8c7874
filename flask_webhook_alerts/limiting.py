"""Judge the rate limit: whether all workers count together, and whether anything counts."""

from __future__ import annotations

from collections.abc import Iterator

from .admission import Limiter
from .findings import Finding
from .findings import Level

_ABOUT = "rate limit"


def check_rate_limit(limiter: Limiter | None) -> Iterator[Finding]:
    """Tell where the events of an integration are counted, if there is a limit."""
    if limiter is None:
        return

    limit = f"{limiter.limit} for each integration"
    if not limiter.is_shared:
        words = (
            f"{limit}, counted by each process for itself. If the server runs several, set"
            " WEBHOOK_ALERTS_RATE_LIMIT_STORAGE to the URL of a Redis."
        )
        yield Finding(level=Level.NOTE, about=_ABOUT, words=words)
    elif limiter.answers():
        words = f"{limit}, counted in {limiter.storage}."
        yield Finding(level=Level.OK, about=_ABOUT, words=words)
    else:
        words = (
            f"{limiter.storage} does not answer, so events are let in without a limit. Start it, or"
            " correct WEBHOOK_ALERTS_RATE_LIMIT_STORAGE."
        )
        yield Finding(level=Level.PROBLEM, about=_ABOUT, words=words)
