"""Write the table of settings from the class that reads them."""

from __future__ import annotations

import dataclasses
import inspect
import re

from flask_webhook_alerts.config import PREFIX
from flask_webhook_alerts.config import Settings

_MEANING = re.compile(r"^:ivar (\w+): (.*?)(?=^:ivar|\Z)", re.MULTILINE | re.DOTALL)


def table() -> str:
    """Return the settings, their defaults and meanings as a table."""
    meanings = dict(_MEANING.findall(inspect.getdoc(Settings) or ""))
    rows = [
        (f"`{PREFIX}{field.name.upper()}`", _default(field), _sentence(meanings[field.name]))
        for field in dataclasses.fields(Settings)
    ]
    head = [("setting", "default", "what it is"), ("---", "---", "---")]
    return "\n".join(f"| {' | '.join(row)} |" for row in [*head, *rows])


def _default(field: dataclasses.Field[object]) -> str:
    value = field.default
    return "none" if value is None else f"`{value}`"


def _sentence(text: str) -> str:
    words = " ".join(text.split()).replace("``", "`")
    return words[0].upper() + words[1:]
