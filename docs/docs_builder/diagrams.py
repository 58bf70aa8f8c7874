"""Draw the two pictures of the explanation: a request's way, and an alert's life."""

from __future__ import annotations

from . import drawing
from .drawing import Box

_ACTORS = {"sender": 70, "endpoint": 240, "database": 420, "receivers": 590, "deliverer": 730}
_TOP, _STEP = 76, 34

# From, to, what passes between them; a step to itself is a note beside the line.
_STEPS = (
    ("sender", "endpoint", "POST, JSON"),
    ("endpoint", "database", "integration"),
    ("endpoint", "endpoint", "enabled? token?"),
    ("endpoint", "endpoint", "size, JSON, fields"),
    ("endpoint", "database", "alert + event"),
    ("database", "endpoint", "committed"),
    ("endpoint", "receivers", "signal"),
    ("receivers", "database", "rows of the host"),
    ("endpoint", "database", "delivered"),
    ("endpoint", "sender", "200, outcome"),
    ("deliverer", "database", "what is still owed"),
    ("deliverer", "receivers", "signal"),
    ("deliverer", "database", "delivered, or later"),
)
_LATER = 10  # the first step that happens on its own, later

_OPEN = Box(x=250, y=60, width=130, height=50, lines=("open",), kind="open")
_ACKNOWLEDGED = Box(
    x=250, y=190, width=130, height=50, lines=("acknowledged",), kind="acknowledged"
)
_RESOLVED = Box(x=560, y=125, width=130, height=50, lines=("resolved",), kind="resolved")


def request() -> str:
    """Draw who asks whom while a request is answered, from top to bottom."""
    height = _TOP + len(_STEPS) * _STEP + 30
    columns = _ACTORS.values()
    parts = [
        *(f'<line class="life" x1="{x}" x2="{x}" y1="44" y2="{height - 6}"/>' for x in columns),
        *(
            drawing.box(Box(x=x - 52, y=12, width=104, height=32, lines=(name,), kind="actor"))
            for name, x in _ACTORS.items()
        ),
        *(_step(number, *step) for number, step in enumerate(_STEPS)),
    ]
    words = "; ".join(f"{start} to {end}: {what}" for start, end, what in _STEPS)
    return drawing.picture("request", "The way of a request", words, (800, height), parts)


def lifecycle() -> str:
    """Draw the statuses of an alert, and which events lead from one to another."""
    x, _ = _OPEN.middle
    parts = [
        drawing.arrow([(60, 85), (250, 85)]),
        drawing.label(150, 85, "create: created"),
        drawing.arrow([(x, 110), (x, 190)]),
        drawing.label(x, 150, "acknowledge: acknowledged"),
        drawing.arrow([(380, 85), (625, 85), (625, 125)]),
        drawing.label(495, 85, "resolve: resolved"),
        drawing.arrow([(380, 215), (625, 215), (625, 175)]),
        drawing.label(495, 215, "resolve: resolved"),
        drawing.arrow([(290, 60), (290, 34), (340, 34), (340, 60)]),
        drawing.label(x, 20, "create: repeated"),
        drawing.arrow([(290, 240), (290, 266), (340, 266), (340, 240)]),
        drawing.label(x, 281, "create: repeated, acknowledge: unchanged"),
        drawing.arrow([(560, 150), (450, 150), (450, 100), (380, 100)], kind="later"),
        drawing.arrow([(450, 150), (450, 200), (380, 200)], kind="later"),
        drawing.label(450, 128, "reopen, by a person"),
        drawing.label(450, 175, "if it was acknowledged"),
        drawing.text(625, 250, ("a later create opens a new alert;", "all else is ignored")),
        *map(drawing.box, (_OPEN, _ACKNOWLEDGED, _RESOLVED)),
    ]  # fmt: skip
    words = (
        "A create opens an alert. An acknowledge leads from open to acknowledged, a resolve from"
        " either to resolved. Only a person can reopen a resolved one, which is then acknowledged"
        " if it was so before, else open. Creates in between are repeated ones, and an acknowledge"
        " of an acknowledged alert changes nothing. After its resolution, events of the same Id are"
        " ignored, until a create opens a new alert."
    )
    return drawing.picture("lifecycle", "The life of an alert", words, (800, 300), parts)


def _step(number: int, start: str, end: str, what: str) -> str:
    y = _TOP + number * _STEP + (20 if number >= _LATER else 0)
    begin, finish = _ACTORS[start], _ACTORS[end]
    kind = "later" if number >= _LATER else "line"
    if begin == finish:
        return drawing.text(begin + 10, y, (what,), kind="label", anchor="start")

    line = drawing.arrow([(begin, y), (finish, y)], kind=kind)
    return line + drawing.label((begin + finish) / 2, y - 11, what)
