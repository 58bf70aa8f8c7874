"""Know which sessions of the host hold changes that are not committed."""

from __future__ import annotations

import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.event import listen
from sqlalchemy.event import remove

from .mapping import touch
from .models import IntegrationMixin

_UNCOMMITTED = "flask_webhook_alerts_uncommitted"
_NOTICED = "flask_webhook_alerts_noticed"
_EXECUTE = "before_cursor_execute"

# What need not be committed, behind the comments that hosts may put in front of it.
_HARMLESS = re.compile(
    # Possessive: a comment could be read in other ways too, and trying all of them takes for ever.
    r"(--[^\n]*\n|/\*.*?\*/|\W)*+"
    r"(select|values|table|show|describe|explain|pragma|set|begin|savepoint|release|rollback"
    r"|with(?!.*\b(insert\s+into|update\s.*\sset|delete\s+from|merge\s+into)\b))\b",
    re.IGNORECASE | re.DOTALL,
)


def watch(sessions: t.Any) -> None:
    """Note from now on what the sessions of a ``sessionmaker`` or ``scoped_session`` change."""
    for name, listener in _LISTENERS.items():
        listen(sessions, name, listener)


def has_changes(session: orm.Session) -> bool:
    """Tell whether a watched session holds changes that are not committed."""
    is_unflushed = bool(session.new or session.dirty or session.deleted)
    return is_unflushed or _UNCOMMITTED in session.info


def _after_begin(
    session: orm.Session, transaction: orm.SessionTransaction, connection: sa.Connection
) -> None:
    if transaction.nested:
        return  # the outer transaction has this connection already

    # Below the session, because a host may write by ``session.connection()`` as well.
    def notice(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not _HARMLESS.match(statement):
            session.info.setdefault(_UNCOMMITTED, set())

    listen(connection, _EXECUTE, notice)
    session.info.setdefault(_NOTICED, []).append((connection, notice))


def _after_flush(session: orm.Session, _context: object) -> None:
    session.info.setdefault(_UNCOMMITTED, set()).update(
        type(row) for row in (*session.dirty, *session.deleted)
    )


def _do_orm_execute(state: orm.ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        changed = state.session.info.setdefault(_UNCOMMITTED, set())
        changed.update(mapper.class_ for mapper in state.all_mappers)


def _after_transaction_end(session: orm.Session, transaction: orm.SessionTransaction) -> None:
    if transaction.parent is not None:
        return

    # A host's own connection outlives the transactions of the sessions that it is bound to.
    for connection, notice in session.info.pop(_NOTICED, ()):
        remove(connection, _EXECUTE, notice)

    for model in session.info.pop(_UNCOMMITTED, ()):
        if issubclass(model, IntegrationMixin):
            touch(model)


_LISTENERS: dict[str, t.Callable[..., None]] = {
    "after_begin": _after_begin,
    "after_flush": _after_flush,
    "do_orm_execute": _do_orm_execute,
    "after_transaction_end": _after_transaction_end,
}
