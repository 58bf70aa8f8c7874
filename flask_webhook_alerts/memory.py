"""Remember integrations for a moment, so that most requests need not ask for them."""

from __future__ import annotations

import time
from collections import OrderedDict

from .events import IntegrationRecord
from .mapping import Models
from .mapping import revision_of

SECONDS = 1.5
"""How long a record is used. Another process may act on an older one for so long, and no longer."""

_MOST = 1_000


class IntegrationMemory:
    """The integrations that one app has seen lately; forgets all when this process changes one."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._records: OrderedDict[str, tuple[float, int, IntegrationRecord]] = OrderedDict()

    @property
    def revision(self) -> int:
        """What to pass to :meth:`keep`, taken before the record is read."""
        return revision_of(self._models.Integration)

    def get(self, integration_id: str) -> IntegrationRecord | None:
        """Return the record if it is fresh."""
        kept = self._records.get(integration_id)
        if kept is None:
            return None

        until, revision, record = kept
        is_fresh = revision == self.revision and time.monotonic() < until
        return record if is_fresh else None

    def keep(self, record: IntegrationRecord, revision: int) -> None:
        """Use ``record`` for a moment."""
        self._records[record.id] = (time.monotonic() + SECONDS, revision, record)
        while len(self._records) > _MOST:
            self._records.popitem(last=False)

    def forget(self, integration_id: str) -> None:
        """Ask the database the next time."""
        self._records.pop(integration_id, None)
