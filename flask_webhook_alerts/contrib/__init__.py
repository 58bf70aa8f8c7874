"""Optional parts on libraries that a host may have already; each has an extra of its own."""

from __future__ import annotations
