"""Name what all clients share: the body that they post, and what their integrations need."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

Payload: t.TypeAlias = dict[str, t.Any]
"""A body, before it is written as JSON; its members keep their order."""

STRICT: Mapping[str, t.Any] = {}
"""The options of an integration for a client that keeps the contract to the letter."""

COMPATIBLE: Mapping[str, t.Any] = {"strict": False}
"""The options for one that sends what PagerTree forgives."""
