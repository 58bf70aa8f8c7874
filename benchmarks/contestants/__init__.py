"""Name the contestants: four apps that take in the same requests.

All but HELLO leave the same rows behind; ``run`` counts them.
"""

from __future__ import annotations

import typing as t

from flask import Flask

from .floor import Floor
from .hello import Hello
from .naive import Naive
from .product import Product

__all__ = ["BASELINE", "CONTESTANTS", "Contestant"]


class Contestant(t.Protocol):
    """One app over one database."""

    app: Flask

    def __init__(self, url: str) -> None: ...

    def prepare(self) -> dict[str, str]:
        """Make the tables and an integration; return the path to post to, by operation."""
        ...


CONTESTANTS: dict[str, type[Contestant]] = {
    "HELLO": Hello,
    "FLOOR": Floor,
    "NAIVE": Naive,
    "PRODUCT": Product,
}
BASELINE = "FLOOR"
"""What ratios are taken to."""
