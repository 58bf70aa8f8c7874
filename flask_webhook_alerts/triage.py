"""Do what people do with alerts: acknowledge, resolve, reopen, write a note."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from . import clock
from . import decoding
from . import tokens
from .database import Database
from .errors import InvalidOption
from .errors import NotFound
from .errors import Refused
from .events import EventKind
from .events import LONGEST_NAME
from .events import Outcome
from .events import Receipt
from .service import ignored
from .service import Service
from .store.changes import change
from .store.values import Target
from .words import is_visible

LONGEST_NOTE = 10_000
"""Characters that a note may have."""


class Triage:
    """One app's alerts in people's hands. Alerts are named by their ids in the database."""

    def __init__(self, database: Database, service: Service) -> None:
        self._database = database
        self._service = service

    def change(self, alert_id: int, kind: EventKind, by: str | None) -> Receipt:
        """Acknowledge, resolve or reopen an alert.

        :param by: the person who does it, kept on the event.
        :raises NotFound: there is no such alert.
        """
        self._database.host.require_committed()
        by, facts = _checked_name(by), self._facts(alert_id)
        key = facts.thirdparty_id
        if kind is not EventKind.REOPENED:
            return self._service.transition(kind, Target(alert_id=alert_id), key, by)

        target = Target(alert_id=alert_id, active_key=tokens.digest_thirdparty_id(key))
        try:
            return self._service.transition(kind, target, key, by)
        except Refused:
            # All values are our own, so only the unique key can have refused them.
            return self._service.announced(ignored(facts, key), kind)

    def change_all(
        self, alert_ids: Iterable[int], kind: EventKind, by: str | None
    ) -> dict[int, Receipt | None]:
        """Do the same to several alerts, each for itself; None for one that does not exist."""
        receipts: dict[int, Receipt | None] = {}
        for alert_id in alert_ids:
            try:
                receipts[alert_id] = self.change(alert_id, kind, by)
            except NotFound:
                receipts[alert_id] = None
        return receipts

    def note(self, alert_id: int, text: str, by: str | None) -> Receipt:
        """Put a note into an alert's timeline. No signal is sent.

        :param by: the person who writes it, kept on the event.
        :raises InvalidOption: the note is blank or too long.
        :raises NotFound: there is no such alert.
        """
        self._database.host.require_committed()
        by, facts, text = _checked_name(by), self._facts(alert_id), _checked_note(text)
        changes, at = self._database.store.changes, clock.now()
        self._database.run(lambda connection: changes.note(connection, alert_id, text, at, by))
        return self._service.announced(change(Outcome.NOTED, facts), EventKind.NOTED)

    def _facts(self, alert_id: int) -> t.Any:
        try:
            facts = self._service.find(Target(alert_id=alert_id))
        except Refused:
            facts = None  # the database has no such number

        if facts is None:
            raise NotFound(f"There is no alert {alert_id!r}.")

        return facts


def _checked_name(by: str | None) -> str | None:
    if by is None:
        return None

    _require_text("The name in by", by)
    if len(by) > LONGEST_NAME:
        raise InvalidOption(f"The name in by has at most {LONGEST_NAME} characters.")

    return str(decoding.clean(by))


def _checked_note(text: str) -> str:
    _require_text("A note", text)
    note = str(decoding.clean(text)).strip()
    if not is_visible(note) or len(note) > LONGEST_NOTE:
        raise InvalidOption(f"A note has 1 to {LONGEST_NOTE:,} characters, not all blank.")

    return note


def _require_text(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidOption(f"{what} is text, not {type(value).__name__}.")
