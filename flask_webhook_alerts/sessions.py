"""Reach the host's database through its SQLAlchemy extension: the only module that does.

Flask-SQLAlchemy gives ``db.session``, a ``scoped_session`` on app contexts, and ``db.metadata``.
"""

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


class HostDatabase:
    """The host's session and engines, as its extension object hands them out.

    :param db: the host's Flask-SQLAlchemy object.
    """

    def __init__(self, db: t.Any) -> None:
        self._db = db
        self.metadata: sa.MetaData = db.metadata
        for name, listener in _LISTENERS.items():
            listen(db.session, name, listener)

    @property
    def session(self) -> orm.Session:
        """The session of the current app context."""
        return t.cast(orm.Session, self._db.session())

    def engine(self, model: type) -> sa.Engine:
        """Return the engine that the session would use to write ``model``."""
        # With a statement that writes, lest a session that reads from replicas chooses one.
        bind: sa.Engine | sa.Connection = self.session.get_bind(
            sa.inspect(model), clause=sa.update(model)
        )
        return bind.engine

    def require_committed(self) -> None:
        """Raise :exc:`RuntimeError` if the session holds changes; else end what it only read.

        We write through a connection of our own: it would wait for the session's locks for ever,
        and the session would go on seeing the database as it was before our write.
        """
        session = self.session
        if session.new or session.dirty or session.deleted or _UNCOMMITTED in session.info:
            raise RuntimeError(
                "db.session holds changes that are not committed. Call db.session.commit() or"
                " db.session.rollback() first: alerts are written through a connection of their"
                " own, which would wait for the session's locks."
            )

        session.rollback()

    def load(self, model: type, ident: object) -> t.Any:
        """Return the row afresh through the session, or None."""
        return self.session.get(model, ident, populate_existing=True)


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
