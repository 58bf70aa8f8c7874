"""Tell the versions of an integration apart, for whoever changes what he has read before."""

from __future__ import annotations

import hashlib
import typing as t
from collections.abc import Mapping

from .models import OPTIONS

_VERSIONED = ("id", *sorted(OPTIONS - {"token"}), "has_token", "created_at", "updated_at")


def version_of(integration: Mapping[str, t.Any]) -> str:
    """Return what tells a version of an integration from every other.

    :param integration: its record.
    """
    facts = [str(integration[name]) for name in _VERSIONED]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def version_of_row(row: t.Any) -> str:
    """Return the version of an integration's row: that of its record."""
    return version_of({name: getattr(row, name) for name in _VERSIONED})
