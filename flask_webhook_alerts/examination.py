"""Examine the app and its database: what ``doctor`` prints and the dashboard shows."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

from flask import current_app
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from . import clock
from . import receivers
from . import signals
from . import urls
from .advice import advise
from .advice import reason
from .checks import check_database
from .checks import check_delivery
from .checks import check_outbox
from .checks import check_receivers
from .checks import check_retention
from .checks import check_schema
from .checks import check_urls
from .database import Database
from .errors import Refused
from .errors import Unavailable
from .findings import Finding
from .findings import Level
from .limiting import check_rate_limit
from .session_scope import check_sessions
from .state import get_state
from .state import State
from .store.deliveries import DeliveryState
from .store.facts import Facts
from .store.facts import read_facts
from .store.facts import read_schema
from .store.facts import Schema

_SIGNALS = (*signals.OF_EVENTS.values(), signals.alert_repeated, signals.request_rejected)


def examine(state: State) -> Iterator[Finding]:
    """Find out whether all is well, and what to do if not."""
    yield from _examine_database(state)
    yield from check_delivery(state.settings.delivery)
    yield from check_rate_limit(state.limiter)
    yield check_retention(state.settings.retention)
    # What only the part that wakes workers knows, and no edge may import another.
    yield from getattr(state.wake, "examine", tuple)()
    app = t.cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
    for signal in _SIGNALS:
        yield from check_receivers(
            signal.name.replace("-", "_"), list(receivers.connected(signal, app))
        )
    yield from check_urls(urls.url_or_fault("ID"), is_guessed=urls.is_guessed())
    yield from check_sessions(state.database.host, app)


def explain(error: Exception) -> str:
    """Return what a person should read instead of a traceback."""
    if isinstance(error, (Unavailable, SQLAlchemyError)):
        return explain_database(error)

    if isinstance(error, Refused):
        return (
            f"The database refuses the change: {reason(error)} Shorten what is too long for its"
            " column; rows of your app that refer to what would be deleted must go first."
        )

    return str(error)


def explain_database(error: Exception) -> str:
    """Return why the database did not do what it was told, and what to do about it."""
    database = get_state().database
    try:
        with database.engine.connect() as connection:
            advice = advise(read_schema(connection, database.models))
    except SQLAlchemyError as cause:
        return f"The database does not answer: {reason(cause)}"

    return advice or f"The database cannot do this now, try again: {reason(error)}"


def _examine_database(state: State) -> Iterator[Finding]:
    database = state.database
    _ = database.store  # raises if this kind of database is not supported
    try:
        schema, facts = _read(database)
    except SQLAlchemyError as error:
        setting = database.host.setting_of(database.engine)
        words = f"It does not answer: {reason(error)} Look at {setting}."
        yield Finding(level=Level.PROBLEM, about="database", words=words)
        return

    yield from check_database(facts, state.settings.max_content_length)
    yield from check_schema(schema)
    if not (schema.missing_tables or schema.missing):
        dead = state.reading.delivery_counts()[DeliveryState.DEAD]
        yield from check_outbox(state.reading.owed(), dead, clock.now())


def _read(database: Database) -> tuple[Schema, Facts]:
    # The engine's own connection, since ours would show our own isolation level.
    with database.engine.connect() as connection:
        return read_schema(connection, database.models), read_facts(connection, database.models)
