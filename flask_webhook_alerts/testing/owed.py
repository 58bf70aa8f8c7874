"""Send what is still owed, at once, and say what became of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from collections.abc import Sequence

import sqlalchemy as sa
from flask import Flask

from flask_webhook_alerts import clock
from flask_webhook_alerts.state import state_of

from .failures import ReceiverFailures
from .hosts import host_call
from .hosts import require_app
from .snapshots import Snapshot


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """What became of the events that were owed.

    :ivar delivered: the events whose receivers have all returned.
    :ivar failed: those of which a receiver raised; ``last_error`` says which.
    :ivar waiting: those that wait for an earlier event of their alert.
    :ivar errors: what the receivers raised.
    """

    delivered: Sequence[Snapshot]
    failed: Sequence[Snapshot]
    waiting: Sequence[Snapshot]
    errors: Sequence[BaseException]

    def __str__(self) -> str:
        lines = [f"delivered {event!r}" for event in self.delivered]
        lines += [f"failed {event!r}: {event.last_error}" for event in self.failed]
        lines += [f"waiting {event!r}" for event in self.waiting]
        return "\n".join(lines) or "nothing was owed"


class Deliverer:
    """A deliverer that waits for nothing, whatever the app's delivery mode is.

    :param app: the app, which has WebhookAlerts.
    """

    def __init__(self, app: Flask) -> None:
        self._app = require_app(app)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._app.name!r}>"

    def __call__(self, *, dead: bool = False, raise_errors: bool = False) -> Report:
        """Try every event that is owed once, also one that waits for its pause or is held.

        What receivers bring about meanwhile is tried too.

        :param dead: try dead events too, with all their attempts.
        :param raise_errors: raise what a receiver raised, with its own traceback, after all else
            is delivered.
        :raises RuntimeError: the test stands in an app context whose ``db.session`` holds changes
            that are not committed.
        """
        __tracebackhide__ = True  # pytest shows the test and the receiver, and not this
        with host_call(self._app) as state, ReceiverFailures(self._app) as failures:
            outbox, database = state.database.store.outbox, state.database
            database.host.require_committed()
            if dead:
                state.delivery.revive()
            before = self._events()
            database.run(lambda connection: outbox.hasten(connection, clock.now()))
            state.delivery.deliver_pending()
            report = _compare(before, self._events(), failures.errors)
        if raise_errors:
            failures.raise_any()
        return report

    def _events(self) -> dict[int, Snapshot]:
        """Return all events by their ids, in order."""
        # In a context of its own, whose session has no older view of them.
        with self._app.app_context():
            database = state_of(self._app).database
            model = database.models.AlertEvent
            rows = database.host.session.scalars(sa.select(model).order_by(model.id))
            return {row.id: Snapshot(row) for row in rows}


def _compare(
    before: Mapping[int, Snapshot], after: Mapping[int, Snapshot], errors: Sequence[BaseException]
) -> Report:
    tried = [event for event in after.values() if not _is_settled(before.get(event.id))]
    undelivered = [event for event in tried if event.delivered_at is None]
    failed = [event for event in undelivered if _was_tried(before.get(event.id), event)]
    return Report(
        delivered=[event for event in tried if event.delivered_at is not None],
        failed=failed,
        waiting=[event for event in undelivered if event not in failed],
        errors=errors,
    )


def _is_settled(event: Snapshot | None) -> bool:
    return event is not None and event.next_attempt_at is None


def _was_tried(before: Snapshot | None, event: Snapshot) -> bool:
    # One that ended its last attempt without a mark is buried without another.
    return event.next_attempt_at is None or event.attempts > (before.attempts if before else 0)
