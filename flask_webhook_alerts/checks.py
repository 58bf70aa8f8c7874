"""Judge what was found: each check gives findings, and each finding says what to do."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from collections.abc import Mapping

from .advice import advise
from .config import DeliveryMode
from .findings import Finding
from .findings import Level
from .lock_waits import check_lock_waits
from .store.facts import Facts
from .store.facts import Schema
from .store.listings import Owed
from .words import age
from .words import count

_OVERDUE = dt.timedelta(minutes=10)
_PACKETS = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Rule:
    """The values of a setting that keep what was answered with 200, and what others risk."""

    safe: frozenset[str]
    level: Level
    risk: str
    fix: str


_LOSES = "a power cut can lose the last alerts that were answered with 200"
_BREAKS = "a power cut can damage the whole database"


def _rule(safe: str, level: Level, risk: str, fix: str) -> _Rule:
    return _Rule(safe=frozenset(safe.split()), level=level, risk=risk, fix=fix)


_MYSQL_RULES = {
    "innodb_flush_log_at_trx_commit": _rule("1 3", Level.WARNING, _LOSES, "1"),
    "sync_binlog": _rule("1", Level.WARNING, "replicas and backups can lose alerts", "1"),
}
_RULES: Mapping[str, Mapping[str, _Rule]] = {
    "postgresql": {
        "fsync": _rule("on", Level.PROBLEM, _BREAKS, "on"),
        "full_page_writes": _rule("on", Level.WARNING, _BREAKS, "on"),
        "synchronous_commit": _rule(
            "on local remote_apply remote_write", Level.WARNING, _LOSES, "on"
        ),
    },
    "mysql": _MYSQL_RULES,
    "mariadb": _MYSQL_RULES,
    "sqlite": {
        "synchronous": _rule("2 3", Level.WARNING, _LOSES, "FULL"),
        "journal_mode": _rule("wal delete truncate persist", Level.PROBLEM, _BREAKS, "WAL"),
    },
}


def check_schema(schema: Schema) -> Iterator[Finding]:
    """Tell whether the tables are there and of this version."""
    advice = advise(schema)
    if advice is not None:
        yield _found(Level.PROBLEM, "tables", advice)
    else:
        yield _found(Level.OK, "tables", "All are there and of this version.")


def check_database(facts: Facts, max_content_length: int) -> Iterator[Finding]:
    """Tell whether the database keeps what it takes, and takes what we do."""
    yield _found(Level.OK, "database", f"{facts.dialect} {facts.version} answers.")
    if facts.settings.get("file") == "":
        yield _found(
            Level.WARNING,
            "durability",
            "The database is in memory, which is for tests: everything is gone with the process.",
        )
    else:
        yield from _check_durability(facts)
    yield from _check_packets(facts, max_content_length)
    yield from _check_encoding(facts)
    yield from _check_charsets(facts)
    yield from _check_isolation(facts)
    yield from check_lock_waits(facts)


def check_receivers(name: str, receivers: list[str]) -> Iterator[Finding]:
    """Tell who hears a signal."""
    about = f"receivers of {name}"
    if receivers:
        yield _found(Level.OK, about, ", ".join(receivers))
    else:
        yield _found(Level.NOTE, about, "None is connected in this process.")


def check_delivery(mode: DeliveryMode) -> Iterator[Finding]:
    """Tell who sends the signals."""
    command = "'flask webhook-alerts deliver --every 5'"
    if mode is DeliveryMode.INLINE:
        words = (
            f"Signals are sent in the request. For those that fail then, keep {command} running."
        )
        yield _found(Level.OK, "delivery", words)
    elif mode is DeliveryMode.CELERY:
        words = "A Celery task is published for each event: keep a worker and a sweep running."
        yield _found(Level.OK, "delivery", words)
    else:
        words = f"Signals wait for a deliverer ({mode}). Keep {command} running."
        yield _found(Level.NOTE, "delivery", words)


def check_retention(retention: dt.timedelta | None) -> Finding:
    """Tell how long alerts are kept."""
    if retention is None:
        words = "Resolved alerts are kept for ever. Set WEBHOOK_ALERTS_RETENTION, such as to 90d."
        return _found(Level.NOTE, "retention", words)

    words = f"Sweeps delete alerts that were resolved {age(retention)} ago."
    return _found(Level.OK, "retention", words)


def check_outbox(owed: Owed, dead: int, now: dt.datetime) -> Iterator[Finding]:
    """Tell whether signals get through."""
    yield _check_owed(owed, now)
    if dead:
        words = (
            f"{count(dead, 'event')} failed ten times. 'flask webhook-alerts alerts show ID' says"
            " why. Mend the receivers, then run 'flask webhook-alerts deliver --dead'."
        )
        yield _found(Level.PROBLEM, "events dead", words)
    else:
        yield _found(Level.OK, "events dead", "None.")


def check_urls(url: str | RuntimeError, *, is_guessed: bool) -> Iterator[Finding]:
    """Tell whether the endpoint has an address, and the right one."""
    if isinstance(url, RuntimeError):
        yield _found(Level.PROBLEM, "endpoint", str(url))
        return

    yield _found(Level.OK, "endpoint", url)
    if is_guessed:
        words = (
            "It is not set, so commands show URLs at http://localhost. Set it to the app's name."
        )
        yield _found(Level.NOTE, "SERVER_NAME", words)


def _check_durability(facts: Facts) -> Iterator[Finding]:
    for name, rule in _RULES[facts.dialect].items():
        value = facts.settings[name]
        if name == "sync_binlog" and facts.settings["log_bin"] == "OFF":
            continue
        if value in rule.safe:
            yield _found(Level.OK, name, f"{value}: nothing that is committed is lost.")
        else:
            yield _found(rule.level, name, f"{value}: {rule.risk}. Set it to {rule.fix}.")


def _check_packets(facts: Facts, max_content_length: int) -> Iterator[Finding]:
    name = "max_allowed_packet"
    if name not in facts.settings:
        return

    size, wanted = int(facts.settings[name]), _PACKETS * max_content_length
    if size >= wanted:
        yield _found(Level.OK, name, f"{size} bytes hold every event.")
    else:
        words = (
            f"{size} bytes may be too few for an event of {max_content_length} bytes. Set it to"
            f" {wanted} or more, or set WEBHOOK_ALERTS_MAX_CONTENT_LENGTH lower."
        )
        yield _found(Level.WARNING, name, words)


def _check_encoding(facts: Facts) -> Iterator[Finding]:
    encoding = facts.settings.get("server_encoding", "UTF8")
    if encoding != "UTF8":
        words = (
            f"The database is {encoding}, which refuses some characters. Move the tables to one"
            " that was made with ENCODING 'UTF8'."
        )
        yield _found(Level.PROBLEM, "encoding", words)


def _check_charsets(facts: Facts) -> Iterator[Finding]:
    narrow = [name for name, charset in sorted(facts.charsets.items()) if charset != "utf8mb4"]
    for name in narrow:
        words = (
            f"{name} is {facts.charsets[name]}, which refuses some characters. Run 'ALTER TABLE"
            f" {name} CONVERT TO CHARACTER SET utf8mb4'."
        )
        yield _found(Level.PROBLEM, "character set", words)
    if facts.charsets and not narrow:
        yield _found(Level.OK, "character set", "utf8mb4 takes every character.")


def _check_isolation(facts: Facts) -> Iterator[Finding]:
    if facts.is_autocommit:
        words = (
            "The engine commits each statement by itself (AUTOCOMMIT). What belongs to an event is"
            " stored in one transaction all the same; what your receivers write is not."
        )
        yield _found(Level.NOTE, "isolation", words)
    else:
        yield _found(Level.OK, "isolation", facts.isolation_level)


def _check_owed(owed: Owed, now: dt.datetime) -> Finding:
    about = "events owed"
    if owed.oldest_at is None or owed.due_at is None:
        return _found(Level.OK, about, "None.")

    words = f"{count(owed.count, 'event')}, the oldest {age(now - owed.oldest_at)} old."
    overdue = now - owed.due_at
    if overdue < _OVERDUE:
        return _found(Level.NOTE, about, words)

    return _found(
        Level.PROBLEM,
        about,
        f"{words} Nobody has tried for {age(overdue)}: run 'flask webhook-alerts deliver"
        " --every 5' as a service beside the app.",
    )


def _found(level: Level, about: str, words: str) -> Finding:
    return Finding(level=level, about=about, words=words)
