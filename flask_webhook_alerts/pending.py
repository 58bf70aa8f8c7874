"""Know which sessions of the host hold changes that are not committed."""

from __future__ import annotations

import re
import typing as t

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.event import listen

from .mapping import touch
from .models import IntegrationMixin

_UNCOMMITTED = "flask_webhook_alerts_uncommitted"
_READS = re.compile(r"\W*(select|with|values|table|show|describe|explain|pragma)\b", re.IGNORECASE)


def watch(sessions: t.Any) -> None:
    """Note from now on what the sessions of a ``sessionmaker`` or ``scoped_session`` change."""
    for name, listener in _LISTENERS.items():
        listen(sessions, name, listener)


def has_changes(session: orm.Session) -> bool:
    """Tell whether a watched session holds changes that are not committed."""
    is_unflushed = bool(session.new or session.dirty or session.deleted)
    return is_unflushed or _UNCOMMITTED in session.info


def _after_flush(session: orm.Session, _context: object) -> None:
    session.info.setdefault(_UNCOMMITTED, set()).update(
        type(row) for row in (*session.dirty, *session.deleted)
    )


def _after_transaction_create(session: orm.Session, transaction: orm.SessionTransaction) -> None:
    # The inner transactions that are no savepoints are those of a flush or of a bulk operation.
    if transaction.parent is not None and not transaction.nested:
        session.info.setdefault(_UNCOMMITTED, set())


def _do_orm_execute(state: orm.ORMExecuteState) -> None:
    if _is_change(state):
        changed = state.session.info.setdefault(_UNCOMMITTED, set())
        changed.update(mapper.class_ for mapper in state.all_mappers)


def _is_change(state: orm.ORMExecuteState) -> bool:
    if isinstance(state.statement, sa.TextClause):
        return _READS.match(state.statement.text) is None

    return state.is_insert or state.is_update or state.is_delete


def _after_transaction_end(session: orm.Session, transaction: orm.SessionTransaction) -> None:
    if transaction.parent is None:
        for model in session.info.pop(_UNCOMMITTED, ()):
            if issubclass(model, IntegrationMixin):
                touch(model)


_LISTENERS: dict[str, t.Callable[..., None]] = {
    "after_flush": _after_flush,
    "after_transaction_create": _after_transaction_create,
    "do_orm_execute": _do_orm_execute,
    "after_transaction_end": _after_transaction_end,
}
