"""Post the payloads that a page shows, and compare the answers."""

from __future__ import annotations

import json
import typing as t
from contextlib import ExitStack
from pathlib import Path

from tests.hosts import Host
from tests.hosts import running_host

from .blocks import Block

_ANYTHING = ("...", "…")


class Wire:
    """The host that a page's payloads are posted to, made when the first one is."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder / 'posted.db'}"
        self._host: Host | None = None
        self._ids: dict[bool, str] = {}
        self._answer: t.Any = None

    def post(self, block: Block, ending: ExitStack) -> None:
        """Post a block; its comment may say ``compatible``, and the status if it is not 200."""
        words = block.comments["post"].split()
        status = next((int(word) for word in words if word.isdigit()), 200)
        host = self._host = self._host or ending.enter_context(running_host(self._url))
        strict = "compatible" not in words
        if strict not in self._ids:
            self._ids[strict] = host.create_integration(strict=strict)

        response = host.client.post(
            f"/integration/{self._ids[strict]}", data=block.text, content_type="application/json"
        )

        self._answer = response.get_json(force=True)
        assert response.status_code == status, f"{response.status} {self._answer}"

    def compare(self, block: Block) -> None:
        """Raise :exc:`AssertionError` unless the last answer is as the block shows it."""
        shown = json.loads(block.text)
        assert _fits(shown, self._answer), f"The answer is {self._answer}"


def _fits(shown: t.Any, real: t.Any) -> bool:
    if isinstance(shown, dict) and isinstance(real, dict):
        return shown.keys() == real.keys() and all(_fits(shown[key], real[key]) for key in shown)

    return shown in _ANYTHING or shown == real
