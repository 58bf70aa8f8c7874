"""Draw boxes, lifelines and arrows as SVG that takes its colours from the page around it."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Iterable

_HEAD = 7
_LINE = 17
_WIDTH_OF_A_LETTER = 7.2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Box:
    """A rounded rectangle with lines of text in its middle.

    :ivar kind: its class, which the style sheet gives a colour.
    """

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]
    kind: str = "plain"

    @property
    def middle(self) -> tuple[float, float]:
        """Where its two diagonals meet."""
        return self.x + self.width / 2, self.y + self.height / 2


def picture(
    name: str, title: str, description: str, size: tuple[int, int], parts: Iterable[str]
) -> str:
    """Return an SVG that a screen reader announces by its title and description."""
    width, height = size
    told = f'role="img" aria-labelledby="{name}-title {name}-desc"'
    measured = f'viewBox="0 0 {width} {height}" width="{width}"'
    return "\n".join(
        [
            f'<svg class="drawn" {told} {measured} xmlns="http://www.w3.org/2000/svg">',
            f'<title id="{name}-title">{html.escape(title)}</title>',
            f'<desc id="{name}-desc">{html.escape(description)}</desc>',
            *parts,
            "</svg>",
        ]
    )


def box(shape: Box) -> str:
    """Draw a box."""
    x, y = shape.middle
    return (
        f'<rect class="{shape.kind}" x="{shape.x:g}" y="{shape.y:g}" width="{shape.width:g}"'
        f' height="{shape.height:g}" rx="6"/>' + text(x, y, shape.lines, kind=f"in-{shape.kind}")
    )


def text(
    x: float, y: float, lines: tuple[str, ...], *, kind: str = "", anchor: str = "middle"
) -> str:
    """Write lines, the block of them centred on ``y``."""
    first = y - (len(lines) - 1) * _LINE / 2
    return "".join(
        f'<text class="{kind}" x="{x:g}" y="{first + number * _LINE:g}" text-anchor="{anchor}"'
        f' dominant-baseline="central">{html.escape(line)}</text>'
        for number, line in enumerate(lines)
    )


def arrow(points: list[tuple[float, float]], *, kind: str = "line") -> str:
    """Draw a line through the points, with a head at its end; the last stretch is straight."""
    (from_x, from_y), (x, y) = points[-2:]
    if from_y == y:
        side = _HEAD if from_x < x else -_HEAD
        head = f"{x:g},{y:g} {x - side:g},{y - 4:g} {x - side:g},{y + 4:g}"
    else:
        side = _HEAD if from_y < y else -_HEAD
        head = f"{x:g},{y:g} {x - 4:g},{y - side:g} {x + 4:g},{y - side:g}"
    line = " ".join(f"{point_x:g},{point_y:g}" for point_x, point_y in points)
    return f'<polyline class="{kind}" points="{line}"/><polygon class="head" points="{head}"/>'


def label(x: float, y: float, words: str) -> str:
    """Write words on a patch of the page's own colour, so that no line runs through them."""
    width = len(words) * _WIDTH_OF_A_LETTER + 8
    patch = (
        f'<rect class="patch" x="{x - width / 2:g}" y="{y - 9:g}" width="{width:g}" height="18"/>'
    )
    return patch + text(x, y, (words,), kind="label")
