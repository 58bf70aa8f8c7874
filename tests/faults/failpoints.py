"""Die or halt at a chosen point of a request. None of this is in the product.

A host that listens to its engine has its points from SQLAlchemy's events. To listen would keep the
writes off the driver's own connection, so all others have them from a class of ours that is bent in
this process. The rest is found by means that any host has: blinker's signals, the pool's events,
the host's own code. The order is written in a file, which is gone once it is carried out:
a process that comes after lives on.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import typing as t
from collections.abc import Sequence
from pathlib import Path

import blinker
import sqlalchemy as sa
from flask import Flask
from flask import Response
from sqlalchemy import event

from flask_webhook_alerts.direct import DirectConnection
from flask_webhook_alerts.store.outbox import Outbox

EXIT_CODE: t.Final = 9

BEFORE_INSERT: t.Final = "before the insert"
AFTER_INSERT: t.Final = "after the insert"
BEFORE_COMMIT: t.Final = "before the commit"
AFTER_COMMIT: t.Final = "after the commit"
BEFORE_SIGNAL: t.Final = "before a signal"
IN_SECOND_RECEIVER: t.Final = "inside the second receiver"
BEFORE_MARK: t.Final = "after a receiver and before its mark"
BEFORE_ANSWER: t.Final = "before the answer"

POINTS: t.Final = (
    BEFORE_INSERT,
    AFTER_INSERT,
    BEFORE_COMMIT,
    AFTER_COMMIT,
    BEFORE_SIGNAL,
    IN_SECOND_RECEIVER,
    BEFORE_MARK,
    BEFORE_ANSWER,
)
POINTS_OF_DELIVERY: t.Final = (BEFORE_SIGNAL, IN_SECOND_RECEIVER, BEFORE_MARK)

# A create inserts an alert, the other transitions update one; both then insert an event, some
# databases in the same statement.
_WRITES_ALERT = re.compile(r"(INSERT INTO|UPDATE) webhook_alert\b")


def die_at(point: str) -> str:
    """Return the order to die at ``point``, as a process does that is killed."""
    return f"die {point}"


def halt_at(point: str) -> str:
    """Return the order to halt at ``point`` until a SIGCONT, as a process does that is starved."""
    return f"halt {point}"


class _Progress(threading.local):
    """How far the request of this thread has come."""

    wrote = False
    receivers_called = 0
    receivers_returned = 0


class Failpoints:
    """The points of one process.

    :param order: the file that holds the order, if there is one.
    """

    def __init__(self, order: Path) -> None:
        self._order = order
        self._progress = _Progress()

    def reach(self, point: str) -> None:
        """Carry the order out if this is its point."""
        if not self._order.exists() or not self._order.read_text().endswith(point):
            return

        order = self._order.read_text()
        self._order.unlink()
        if order == halt_at(point):
            # To this very thread: the process may go on for a moment where another one takes it.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        else:
            os._exit(EXIT_CODE)

    def begin(self) -> None:
        """Forget what the last request of this thread did."""
        vars(self._progress).clear()

    def before_statement(self, statement: str) -> None:
        if _WRITES_ALERT.search(statement):
            self.reach(BEFORE_INSERT)

    def after_statement(self, statement: str) -> None:
        if _WRITES_ALERT.search(statement):
            self._progress.wrote = True
            self.reach(AFTER_INSERT)

    def before_commit(self, *_arguments: object) -> None:
        if self._progress.wrote:
            self.reach(BEFORE_COMMIT)

    def after_transaction(self, *_arguments: object) -> None:
        # The pool gets the connection back: the transaction is over, and none here is rolled back.
        # A statement that is a transaction by itself has no commit of its own to die before.
        if self._progress.wrote:
            self.reach(BEFORE_COMMIT)
            self.reach(AFTER_COMMIT)

    def before_mark(self) -> None:
        if self._progress.receivers_returned:
            self.reach(BEFORE_MARK)

    def before_signal(self) -> None:
        self.reach(BEFORE_SIGNAL)

    def receiver_called(self) -> None:
        self._progress.receivers_called += 1
        if self._progress.receivers_called == 2:
            self.reach(IN_SECOND_RECEIVER)

    def receiver_returned(self) -> None:
        self._progress.receivers_returned += 1

    def before_answer(self, response: Response) -> Response:
        self.reach(BEFORE_ANSWER)
        return response


def install(
    app: Flask, engine: sa.Engine, signals: Sequence[blinker.Signal], *, is_heard: bool
) -> Failpoints:
    """Make ``app`` heed the order in the file that its setting ``FAILPOINT`` names.

    :param is_heard: whether somebody listens to the engine, as tools do that trace statements.
    """
    failpoints = Failpoints(Path(app.config["FAILPOINT"]))
    if is_heard:
        _listen(engine, failpoints)
    else:
        _bend(DirectConnection, failpoints)
    event.listen(engine, "reset", failpoints.after_transaction)
    _bend_marks(failpoints)
    for each in signals:
        _watch(each, failpoints)
    app.before_request(failpoints.begin)
    app.after_request(failpoints.before_answer)
    return failpoints


def _listen(engine: sa.Engine, failpoints: Failpoints) -> None:
    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        failpoints.before_statement(statement)

    def after(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        failpoints.after_statement(statement)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)
    event.listen(engine, "commit", failpoints.before_commit)


def _bend(connection: t.Any, failpoints: Failpoints) -> None:
    execute, commit = connection.execute, connection.commit

    def pointed_execute(self: t.Any, sql: str, arguments: t.Any = ()) -> t.Any:
        failpoints.before_statement(sql)
        cursor = execute(self, sql, arguments)
        failpoints.after_statement(sql)
        return cursor

    def pointed_commit(self: t.Any) -> None:
        failpoints.before_commit()
        commit(self)

    connection.execute, connection.commit = pointed_execute, pointed_commit


def _bend_marks(failpoints: Failpoints) -> None:
    outbox = t.cast(t.Any, Outbox)
    mark = outbox.mark

    def pointed_mark(*arguments: t.Any) -> bool:
        failpoints.before_mark()
        return t.cast(bool, mark(*arguments))

    outbox.mark = pointed_mark


def _watch(watched: blinker.Signal, failpoints: Failpoints) -> None:
    receivers_for = watched.receivers_for

    def point_and_receivers(sender: t.Any) -> t.Any:
        failpoints.before_signal()
        return receivers_for(sender)

    vars(watched)["receivers_for"] = point_and_receivers  # this process is ours
