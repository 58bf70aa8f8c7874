"""Send the signals: of what has just been committed, or of what is still owed."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import blinker
from flask import current_app
from flask import Flask

from . import clock
from . import receivers
from . import signals
from .config import DeliveryMode
from .config import Settings
from .database import Database
from .events import Change
from .events import EventKind
from .events import Outcome
from .loading import Loading
from .observers import Observers
from .store.outbox import Claim
from .store.values import LEASE
from .store.values import MAX_ATTEMPTS
from .store.values import pause_after
from .store.values import Plan

logger: logging.Logger = logging.getLogger(__name__)

_FRESH = dt.timedelta(seconds=2)  # renewing a lease costs a write


class Delivery:
    """One app's deliveries. Every method needs an app context, and none holds a lock.

    :param wake: told the id of each committed event that this process does not deliver itself.
    :param observers: told of each call of a receiver.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        wake: Callable[[int], object],
        observers: Observers,
    ) -> None:
        self._mode = settings.delivery
        self._database = database
        self._loading = Loading(database)
        self._wake = wake
        self._observers = observers

    def plan(self, kind: EventKind, at: dt.datetime) -> Plan:
        """Say who will deliver an event that is about to be written."""
        if self._mode is not DeliveryMode.INLINE:
            return Plan(due_at=at)

        if not signals.OF_EVENTS[kind].has_receivers_for(_app()):
            return Plan(delivered_at=at)

        return Plan(claim_until=at + LEASE)

    def announce(self, change: Change) -> None:
        """Send the signals of a committed change, as far as this process has to.

        It raises nothing: the change is stored, and what was not sent is still owed.
        """
        try:
            if change.outcome is Outcome.REPEATED:
                self._send_repeated(t.cast(int, change.alert_id))
            elif change.event_id is None:
                return
            elif self._mode is DeliveryMode.INLINE:
                self._send_inline(change)
            else:
                self._wake(change.event_id)
        except Exception:
            logger.exception("Signals are still owed", extra={"action": "delivery_failed"})

    def announce_rejection(self, integration_id: str | None, status: int, reason: str) -> None:
        """Tell who listens that a request was refused."""
        app = _app()
        if not signals.request_rejected.has_receivers_for(app):
            return

        load = self._loading.rejection(integration_id, status, reason)
        self._send_once(app, signals.request_rejected, load)

    def deliver_event(self, event_id: int) -> int:
        """Send the signals of one event, and of what its alert owes before and after it.

        Nothing happens if the event is gone, delivered, dead, or held by another deliverer. Return
        how many events were delivered.
        """
        self._database.host.require_committed()
        outbox = self._database.store.outbox
        alert_id = self._database.run(lambda connection: outbox.owed_by(connection, event_id))
        return 0 if alert_id is None else self._send_due(alert_id)

    def deliver_pending(
        self, limit: int | None = None, *, is_over: Callable[[], bool] = lambda: False
    ) -> int:
        """Send the signals that are owed and due. Return how many events were delivered.

        :param limit: the most events to try.
        :param is_over: asked before each event whether to leave it, and the rest.
        """
        if limit is not None and limit < 0:
            raise ValueError(f"limit is {limit}. Give the most events to try, or None for all.")

        self._database.host.require_committed()
        return sum(map(self._deliver, itertools.islice(self._claims(is_over), limit)))

    def revive(self, event_id: int | None = None) -> int:
        """Make every dead event due again, or the one with this id. Return how many there were."""
        outbox, now = self._database.store.outbox, clock.now()
        return self._database.run(lambda connection: outbox.revive(connection, now, event_id))

    def _send_inline(self, change: Change) -> None:
        alert_id, kind = t.cast(int, change.alert_id), EventKind(change.outcome)
        if change.claimed_until is not None:
            self._deliver(
                Claim(
                    event_id=t.cast(int, change.event_id),
                    kind=kind,
                    until=change.claimed_until,
                    attempts=1,
                )
            )
        elif not signals.OF_EVENTS[kind].has_receivers_for(_app()):
            return

        # Later events of this alert have waited for the earlier one. Whoever ends last finds them:
        # each looks after its own mark or insert is committed, so one of two sees the other's.
        self._send_due(alert_id)

    def _send_due(self, alert_id: int) -> int:
        """Send what is due of one alert, in order. Return how many events were delivered."""
        delivered = 0
        while batch := self._due(alert_id):
            claim = self._claim(batch[0])
            if claim is not None:
                delivered += self._deliver(claim)
            elif batch[0].attempts < MAX_ATTEMPTS:
                break  # another deliverer has it, and will find what comes after it
        return delivered

    def _claims(self, is_over: Callable[[], bool]) -> Iterator[Claim]:
        """Claim what is due, one event at a time, until nothing is."""
        while batch := self._due():
            for seen in batch:
                if is_over():
                    return
                claim = self._claim(seen)
                if claim is not None:
                    yield claim

    def _due(self, alert_id: int | None = None) -> list[Claim]:
        outbox, now = self._database.store.outbox, clock.now()
        return self._database.run(lambda connection: outbox.due(connection, now, alert_id=alert_id))

    def _claim(self, seen: Claim) -> Claim | None:
        outbox, now = self._database.store.outbox, clock.now()
        return self._database.run(lambda connection: outbox.claim(connection, seen, now))

    def _deliver(self, claim: Claim) -> bool:
        """Call the receivers that have not returned yet, and mark the event."""
        app = _app()
        connected = receivers.connected(signals.OF_EVENTS[claim.kind], app)
        done = list(claim.delivered_to)
        # Whoever failed may be connected in another process only, and has to be called there.
        failed = receivers.named_in(claim.last_error)
        absent = sorted({*failed} - {*connected, *done})
        failures = [receivers.report_missing(name) for name in absent]
        try:
            for name, group in connected.items():
                if name in done:
                    continue
                errors = list[str]()
                for receiver in group:
                    claim = self._renewed(claim)
                    errors += self._call(app, name, receiver, claim)
                failures += errors
                done += [] if errors else [name]
        except LeaseLost:
            return False
        except KeyboardInterrupt:
            left = [f"{name}: it failed before." for name in failed if name not in {*absent, *done}]
            self._mark(claim, done, [*failures, "The process was interrupted.", *left])
            raise

        return self._mark(claim, done, failures) and not failures

    def _call(self, app: Flask, name: str, receiver: receivers.Receiver, claim: Claim) -> list[str]:
        load = self._loading.event(claim.event_id)
        error = receivers.call(app, name, receiver, load, self._observers)
        return [] if error is None else [error]

    def _renewed(self, claim: Claim) -> Claim:
        """Return the claim, prolonged if slow receivers have used up some of it."""
        outbox, now = self._database.store.outbox, clock.now()
        if clock.as_utc(claim.until) - now > LEASE - _FRESH:
            return claim

        renewed = self._database.run(lambda connection: outbox.renew(connection, claim, now))
        if renewed is None:
            raise LeaseLost

        return renewed

    def _mark(self, claim: Claim, done: list[str], failures: list[str]) -> bool:
        outbox, now = self._database.store.outbox, clock.now()
        values: dict[str, t.Any] = {"delivered_to": done, "next_attempt_at": None}
        if not failures:
            values |= {"delivered_at": now, "last_error": None}
        else:
            values["last_error"] = receivers.told(failures)
            if claim.attempts < MAX_ATTEMPTS:
                values["next_attempt_at"] = now + pause_after(claim.attempts)
        return self._database.run(lambda connection: outbox.mark(connection, claim, values))

    def _send_repeated(self, alert_id: int) -> None:
        app = _app()
        if signals.alert_repeated.has_receivers_for(app):
            self._send_once(app, signals.alert_repeated, self._loading.alert(alert_id))

    def _send_once(self, app: Flask, signal: blinker.Signal, load: receivers.LoadArguments) -> None:
        for name, group in receivers.connected(signal, app).items():
            for receiver in group:
                receivers.call(app, name, receiver, load, self._observers)


class LeaseLost(Exception):
    """Slow receivers outlived the lease, and another deliverer has taken the event over."""


def _app() -> Flask:
    # The application itself: a receiver that is connected to it does not hear a proxy.
    return t.cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
