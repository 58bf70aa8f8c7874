"""Load what receivers are called with: each of them anew, in the app context of its own."""

from __future__ import annotations

import typing as t

from .database import Database
from .receivers import LoadArguments


class Loading:
    """What one app's receivers hear. Each method returns what a call of a receiver runs first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def event(self, event_id: int) -> LoadArguments:
        """Load an event, its alert and its integration."""

        def load() -> dict[str, t.Any] | None:
            rows = self._database.store.reads.event_rows(self._database.host.session, event_id)
            if rows is None and self._is_stored(event_id):
                raise OutOfSight(event_id)

            return rows  # None if the alert was deleted meanwhile: there is nothing to tell

        return load

    def alert(self, alert_id: int) -> LoadArguments:
        """Load an alert and its integration."""
        reads, host = self._database.store.reads, self._database.host
        return lambda: reads.alert_rows(host.session, alert_id)

    def rejection(self, integration_id: str | None, status: int, reason: str) -> LoadArguments:
        """Load the integration of a request that was refused, if there is one."""

        def load() -> dict[str, t.Any]:
            model = self._database.models.Integration
            integration = integration_id and self._database.host.load(model, integration_id)
            return {"integration": integration or None, "status": status, "reason": reason}

        return load

    def _is_stored(self, event_id: int) -> bool:
        reads = self._database.store.reads
        return self._database.run(lambda connection: reads.has_event(connection, event_id))


class OutOfSight(Exception):
    """The host's session does not show an event that is stored: a later attempt may find it."""

    def __init__(self, event_id: int) -> None:
        super().__init__(
            f"db.session does not find event {event_id}, its alert or its integration. It may read"
            " from a replica that is behind, or filter rows."
        )
