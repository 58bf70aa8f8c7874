"""Deliver in Celery's workers: ``WEBHOOK_ALERTS_DELIVERY = "celery"``, with the extra ``celery``.

The event table decides what is delivered and when; a task only wakes a worker to look at it. So a
task that is lost, late, doubled or run again does no harm, and :data:`sweep` finds what is left.
"""

from __future__ import annotations

import functools
import logging
import os
import time
import typing as t
from collections.abc import Iterator

from celery import Celery
from celery import shared_task
from flask import current_app
from flask import Flask
from flask import has_app_context
from kombu import Connection
from kombu.pools import ProducerPool

from flask_webhook_alerts import receivers
from flask_webhook_alerts.errors import ConfigError
from flask_webhook_alerts.findings import Finding
from flask_webhook_alerts.findings import Level
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.state import State

logger: logging.Logger = logging.getLogger(__name__)

DELIVER: t.Final = "flask_webhook_alerts.deliver_event"
"""The name of the task that delivers one event."""

SWEEP: t.Final = "flask_webhook_alerts.sweep"
"""The name of the task that delivers what is due."""

PATIENCE: t.Final = 0.5
"""Seconds that a request waits for the broker, at each step of a publication."""

_AT_ONCE: t.Final = {"interval_start": 0, "interval_step": 0, "interval_max": 0}
_RETRY: t.Final = {"max_retries": 1, **_AT_ONCE}  # on a new connection, if the kept one is broken
_TRANSPORT: t.Final = {
    "max_retries": 0,
    **_AT_ONCE,
    # Redis, then AMQP; each leaves out what it does not know.
    "socket_timeout": PATIENCE,
    "socket_connect_timeout": PATIENCE,
    "read_timeout": PATIENCE,
    "write_timeout": PATIENCE,
}
_LONGEST_SWEEP = 20.0
_DOCTOR_WAITS = 1.0

# No result, since nobody reads one. The message is kept until the task has ended, so that one of a
# killed worker wakes another. No retries by Celery: the table knows when the next attempt is due.
_task: t.Any = functools.partial(shared_task, ignore_result=True, acks_late=True, max_retries=0)


class CeleryWake:
    """Publishes a task for each event, by connections of its own that give up soon.

    :param celery: the host's Celery app.
    """

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._pools: dict[int, ProducerPool] = {}

    @classmethod
    def of(cls, app: Flask) -> CeleryWake:
        """Return the wake of the Celery app that ``app`` has."""
        celery = app.extensions.get("celery")
        if not isinstance(celery, Celery):
            raise ConfigError(
                'WEBHOOK_ALERTS_DELIVERY is "celery", but app.extensions["celery"] holds no Celery'
                " app. Call celery_init_app(app), as Flask's documentation has it, before"
                " alerts.init_app(app)."
            )

        return cls(celery)

    def __call__(self, event_id: int) -> None:
        """Publish the task; raise what the broker's client raises."""
        task = self._celery.tasks[DELIVER]
        if self._celery.conf.task_always_eager:
            task.apply_async((event_id,))
            return

        with self._pool().acquire(block=True, timeout=PATIENCE) as producer:
            task.apply_async((event_id,), producer=producer, retry=True, retry_policy=_RETRY)

    def examine(self) -> Iterator[Finding]:
        """Look for the broker, for a worker, and for the sweep in beat's schedule."""
        try:
            with self._connection() as connection:
                connection.default_channel  # noqa: B018 - which connects
                address = connection.as_uri().replace("//:**@", "//")  # if there is no password
                yield _found(Level.OK, "broker", f"{address} answers.")
                yield self._examine_workers(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is, a person should read it
            words = f"It does not answer: {error} Events wait for a sweep."
            yield _found(Level.PROBLEM, "broker", words)
        yield self._examine_schedule()

    def close(self) -> None:
        """Close the connections that this process has made; the next publication makes new ones."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.connections.force_close_all()

    def _pool(self) -> ProducerPool:
        """Return the pool of this process; what was connected before a fork is the parent's."""
        process = os.getpid()
        if process not in self._pools:
            limit = self._celery.conf.broker_pool_limit
            pool = ProducerPool(self._connection().Pool(limit=limit), limit=limit)
            self._pools.setdefault(process, pool)
        return self._pools[process]

    def _connection(self) -> Connection:
        return self._celery.connection_for_write(
            connect_timeout=PATIENCE, transport_options=_TRANSPORT
        )

    def _examine_workers(self, connection: Connection) -> Finding:
        inspect = self._celery.control.inspect(timeout=_DOCTOR_WAITS, connection=connection)
        tasks: dict[str, list[str]] = inspect.registered() or {}
        ours = sorted(name for name, known in tasks.items() if DELIVER in known)
        if ours:
            return _found(Level.OK, "workers", f"{', '.join(ours)}.")

        words = (
            f"None that knows the task {DELIVER} has answered. Start one with the app of this"
            " factory: celery -A make_celery worker"
        )
        return _found(Level.WARNING, "workers", words)

    def _examine_schedule(self) -> Finding:
        entries: t.Any = self._celery.conf.beat_schedule.values()
        if any(entry.get("task") == SWEEP for entry in entries):
            return _found(Level.OK, "schedule", f"It has {SWEEP}: keep beat running.")

        words = (
            f"It has no {SWEEP}, which finds what was left over. Add it to beat_schedule, or keep"
            " 'flask webhook-alerts deliver --every 5' running."
        )
        return _found(Level.NOTE, "schedule", words)


def _found(level: Level, what: str, words: str) -> Finding:
    return Finding(level=level, about=f"Celery's {what}", words=words)


def _deliver_event(event_id: int) -> int:
    """Deliver an event, if it is still owed. Return how many of its alert's were delivered."""
    return _state().delivery.deliver_event(event_id)


def _sweep() -> dict[str, int]:
    """Deliver what is owed, and delete some of what is kept no longer."""
    state = _state()
    ends_at = time.monotonic() + _LONGEST_SWEEP
    delivered = state.delivery.deliver_pending(is_over=lambda: time.monotonic() > ends_at)
    return {"delivered": delivered, "purged": state.retention.purge_some()}


deliver_event: t.Any = _task(name=DELIVER)(_deliver_event)
"""The task that is published for each committed event, with its id."""

sweep: t.Any = _task(name=SWEEP)(_sweep)
"""The task for ``beat_schedule``: it delivers what the others have left, and purges."""


def _state() -> State:
    if not has_app_context():
        raise RuntimeError(
            "The task runs outside of an app context. Give the Celery app a task class that pushes"
            " one, like FlaskTask in Flask's documentation."
        )

    _hint(t.cast(Flask, current_app._get_current_object()))  # type: ignore[attr-defined]
    return get_state()


@functools.cache
def _hint(app: Flask) -> None:
    """Say once in this process if what it delivers reaches nobody."""
    if not receivers.any_connected(app):
        logger.warning("Hint: %s", receivers.NOBODY, extra={"action": "nobody_listens"})
