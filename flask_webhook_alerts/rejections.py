"""Note refused requests, so that whoever sets up a sender sees what is wrong with it."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict

from . import clock
from . import decoding
from .database import Database
from .store.rejections import Rejections

logger: logging.Logger = logging.getLogger(__name__)

SECONDS = 1.0
"""At most one refusal of an integration is written in this time, by each process."""

_MOST = 1_000
_LONGEST = 500


class RejectionLog:
    """One app's refusals: few of each integration, and no more a second than a disk can bear."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rejections = Rejections(database.models)
        self._written: OrderedDict[str | None, float] = OrderedDict()

    def wants(self, integration_id: str | None) -> bool:
        """Tell whether the next refusal shall be written, and count it as such.

        :param integration_id: None for an id that nobody has.
        """
        now = time.monotonic()
        last = self._written.get(integration_id)
        if last is not None and now - last < SECONDS:
            return False

        self._written.pop(integration_id, None)  # to come last
        self._written[integration_id] = now
        while len(self._written) > _MOST:
            self._written.popitem(last=False)
        return True

    def write(
        self, integration_id: str | None, status: int, reason: str, source: str | None
    ) -> None:
        """Keep a refusal. It raises nothing: the sender has its answer.

        :param reason: in words; never a token or a part of the body.
        :param source: the address that the request came from.
        """
        values = {
            "integration_id": integration_id,
            "at": clock.now(),
            "status": status,
            "reason": str(decoding.clean(reason))[:_LONGEST],
            "source": source and source[:64],
        }
        try:
            self._database.write(lambda connection: self._rejections.add(connection, values))
        except Exception:
            logger.exception("A refusal was not kept", extra={"action": "rejection_not_kept"})
