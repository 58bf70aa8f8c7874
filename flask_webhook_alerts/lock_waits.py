"""Judge how long an event waits for a lock that somebody else holds."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping

from flask_webhook_alerts.findings import Finding
from flask_webhook_alerts.findings import Level
from flask_webhook_alerts.store.facts import Facts

_UNITS = {"lock_timeout": "ms", "statement_timeout": "ms", "innodb_lock_wait_timeout": "s"}
_LONGEST = 10  # seconds; few senders wait longer for an answer

_FIXES = {
    "lock_timeout": '"connect_args": {"options": "-c lock_timeout=5s"}',
    "innodb_lock_wait_timeout": (
        '"connect_args": {"init_command": "SET innodb_lock_wait_timeout = 5"}'
    ),
}


def check_lock_waits(facts: Facts) -> Iterator[Finding]:
    """Tell which limits there are, and where there is none that a sender lives to see."""
    limits = {name: facts.settings[name] for name in _UNITS if name in facts.settings}
    name = _unlimited(limits)
    if name is not None:
        yield _warning(name, limits[name])
        return

    for name, value in limits.items():
        if value != "0":
            words = f"{value} {_UNITS[name]}: how long a write waits for another one's lock."
            yield Finding(level=Level.NOTE, about=name, words=words)


def _unlimited(limits: Mapping[str, str]) -> str | None:
    """Return the setting that lets an event wait for too long, if one does."""
    if int(limits.get("innodb_lock_wait_timeout", 0)) > _LONGEST:
        return "innodb_lock_wait_timeout"

    return "lock_timeout" if limits and not any(map(int, limits.values())) else None


def _warning(name: str, value: str) -> Finding:
    limit = "without end" if value == "0" else f"for up to {value} s"
    words = (
        f"An event waits {limit} for a lock that another session holds, and its sender with it."
        f" Put {_FIXES[name]} into the engine's options, such as SQLALCHEMY_ENGINE_OPTIONS."
    )
    return Finding(level=Level.WARNING, about=name, words=words)
