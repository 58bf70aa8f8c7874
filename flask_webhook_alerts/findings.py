"""Say what an examination has found, and how much it matters."""

from __future__ import annotations

import dataclasses
import enum


class Level(enum.StrEnum):
    """How much a finding matters; a problem needs a hand."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found.

    :ivar about: what was checked.
    :ivar words: what was found, and what to do about it.
    """

    level: Level
    about: str
    words: str
