"""Decide whether a request may post to an integration."""

from __future__ import annotations

import typing as t

from . import clock
from . import tokens
from .database import Database
from .errors import Rejected
from .events import IntegrationRecord
from .memory import IntegrationMemory


class Limiter(t.Protocol):
    """Count the events of each integration. There is one if the settings want it.

    It never fails: an event whose limiter is out of order is let in.
    """

    @property
    def limit(self) -> str:
        """How many events one integration may send in a time, in words."""
        ...

    @property
    def storage(self) -> str:
        """Where they are counted, as people may see it: without a password."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether all processes of the app count together."""
        ...

    def seconds_to_wait(self, integration_id: str) -> int:
        """Count one event and return 0; or count none, and say in how many seconds one may come."""
        ...

    def answers(self) -> bool:
        """Tell whether the storage is there."""
        ...


class Admission:
    """One app's door. Most requests pass it without asking the database."""

    def __init__(self, database: Database, limiter: Limiter | None = None) -> None:
        self._database = database
        self._limiter = limiter
        self._memory = IntegrationMemory(database.models)

    def admit(self, integration_id: str, token: str | None) -> IntegrationRecord:
        """Return the integration if it may post with this token; else raise :exc:`Rejected`."""
        record = self._memory.get(integration_id)
        objection = _objection(record, token)
        if objection is not None:
            # Only a yes may come from memory: a no asks again, so that a token that was just
            # rotated elsewhere works at once, and every refusal costs the same time.
            record = self.read(integration_id)
            objection = _objection(record, token)

        if record is None or objection is not None:
            raise objection or unknown_integration()

        # After the token, so that nobody else can use up what the sender may send.
        if self._limiter and (seconds := self._limiter.seconds_to_wait(record.id)):
            raise _too_many(self._limiter.limit, seconds)

        return record

    def read(self, integration_id: str) -> IntegrationRecord | None:
        """Return the integration as the database has it, and remember it for a moment."""
        self._memory.forget(integration_id)
        revision = self._memory.revision
        reads = self._database.store.reads
        record = self._database.run(
            lambda connection: reads.integration(connection, integration_id)
        )
        if record is not None:
            self._memory.keep(record, revision)
        return record


def _objection(record: IntegrationRecord | None, token: str | None) -> Rejected | None:
    """Say why a request may not pass; hashes are compared in any case, to take the same time."""
    hashes = (record.token_hash, _previous_hash(record)) if record else (None, None)
    is_token = tokens.is_token(token, *hashes)
    if record is None:
        return unknown_integration()

    if not record.enabled:
        return Rejected("This integration is disabled.", status=405, code="integration_disabled")

    if record.token_hash is not None and not is_token:
        what = "missing" if token is None else "wrong"
        return Rejected(f"The token is {what}.", status=403, code=f"token_{what}")

    return None


def _previous_hash(record: IntegrationRecord) -> str | None:
    expires_at = record.previous_token_expires_at
    is_valid = expires_at is not None and clock.now() < expires_at
    return record.previous_token_hash if is_valid else None


def _too_many(limit: str, seconds: int) -> Rejected:
    return Rejected(
        f"This integration may send {limit}. Nothing was stored; send it again in {seconds} s.",
        status=429,
        code="rate_limited",
        retry_after=seconds,
    )


def unknown_integration() -> Rejected:
    """Return what is told of an id that nobody has."""
    return Rejected("There is no integration with this id.", status=404, code="integration_unknown")
