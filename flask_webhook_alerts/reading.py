"""Tell what there is: lists, pages, timelines and numbers, for everything that shows them."""

from __future__ import annotations

import datetime as dt
import functools
import typing as t
from collections.abc import Callable
from collections.abc import Sequence

import sqlalchemy as sa

from . import clock
from . import tokens
from .database import Database
from .errors import NotFound
from .events import AlertStatus
from .stats import Bucket
from .stats import hourly
from .stats import Stats
from .stats import summarize
from .store.deliveries import Deliveries
from .store.deliveries import DeliveryState
from .store.figures import Figures
from .store.listings import Listings
from .store.listings import Owed
from .store.listings import Record
from .store.rejections import KEPT
from .store.rejections import Rejections
from .store.search import AlertFilter
from .store.search import Page
from .store.search import Search

T = t.TypeVar("T")

PAGE = 50
"""Rows on a page, unless told otherwise."""


class Reading:
    """What one app's database holds, read through connections of our own.

    Records are plain dictionaries: the columns of a row by name, times in UTC, no secrets.
    """

    def __init__(self, database: Database) -> None:
        models = database.models
        self._database = database
        self._listings = Listings(models)
        self._rejections = Rejections(models)
        self._deliveries = Deliveries(models)

    def integrations(self) -> list[Record]:
        """Return all integrations, the oldest first."""
        return self._run(self._listings.integrations)

    def integration(self, integration_id: str) -> Record:
        """Return one integration; raise :exc:`NotFound` if there is none with this id."""
        tokens.require_integration_id(integration_id)
        found = self._run(
            lambda connection: self._listings.integrations(connection, integration_id)
        )
        if not found:
            raise NotFound(f"There is no integration {integration_id!r}.")

        return found[0]

    def counts(self) -> dict[AlertStatus, int]:
        """Return how many alerts are in each status; 10,001 stands for more than 10,000."""
        return self._run(self._figures.counts)

    def alerts(
        self, wanted: AlertFilter, *, before: int | None = None, after: int | None = None,
        limit: int = PAGE,
    ) -> Page:  # fmt: skip
        """Return a page of alerts, the newest first, without their long texts.

        :param before: the ``older`` of the page before.
        :param after: instead, the ``newer`` of a page, to go back.
        :param limit: the most alerts on the page.
        """
        search = self._search
        return self._run(
            lambda connection: search.page(
                connection, wanted, before=before, after=after, limit=limit
            )
        )

    def newest(self, wanted: AlertFilter | None = None) -> Record | None:
        """Return the newest alert, without its long texts; None if there is none."""
        return next(iter(self.alerts(wanted or AlertFilter(), limit=1).records), None)

    def alert(self, alert_id: int) -> Record:
        """Return everything about one alert; raise :exc:`NotFound` if there is none."""
        record = self._run(lambda connection: self._listings.alert(connection, alert_id))
        if record is None:
            raise NotFound(f"There is no alert {alert_id}.")

        return record

    def alerts_of(self, alert_ids: Sequence[int]) -> list[Record]:
        """Return these alerts without their long texts, the newest first, as far as they exist."""
        return self._run(lambda connection: self._listings.alerts(connection, alert_ids))

    def timeline(self, alert_id: int) -> list[Record]:
        """Return the events of an alert, the oldest first, with what became of their signals."""
        return self._run(lambda connection: self._listings.events(connection, alert_id))

    def earlier(self, alert: Record, limit: int = 10) -> list[Record]:
        """Return earlier alerts with the same Id of the same integration, the newest first.

        They are looked for among the alerts of the integration that came shortly before.
        """
        wanted = AlertFilter(
            integration_id=alert["integration_id"], thirdparty_id=alert["thirdparty_id"]
        )
        found = self.alerts(wanted, before=alert["id"], limit=limit).records
        # MariaDB may find the Id in another letter case.
        return [record for record in found if record["thirdparty_id"] == wanted.thirdparty_id]

    def deliveries(
        self, state: DeliveryState, *, before: int | None = None, limit: int = PAGE
    ) -> Page:
        """Return a page of events whose signals are not delivered, the newest first.

        :param before: the ``older`` of the page before.
        :param limit: the most events on the page.
        """
        found = self._run(
            lambda connection: self._deliveries.page(connection, state, before, limit + 1)
        )
        older = found[limit - 1]["id"] if len(found) > limit else None
        return Page(records=found[:limit], older=older, newer=None)

    def delivery(self, event_id: int) -> Record:
        """Return one event, delivered or not; raise :exc:`NotFound` if there is none."""
        record = self._run(lambda connection: self._deliveries.event(connection, event_id))
        if record is None:
            raise NotFound(f"There is no event {event_id}.")

        return record

    def delivery_counts(self) -> dict[DeliveryState, int]:
        """Return how many events are in each state."""
        return self._run(self._deliveries.counts)

    def owed(self) -> Owed:
        """Return how many events are owed, and since when."""
        return self._run(self._listings.owed)

    def rejections(self, integration_id: str | None, limit: int = KEPT) -> list[Record]:
        """Return the last refused requests of an integration, the newest first.

        :param integration_id: None for requests to ids that nobody has.
        """
        return self._run(
            lambda connection: self._rejections.newest(connection, integration_id, limit)
        )

    def hours(self, count: int) -> list[Bucket]:
        """Return what happened in each of the last hours of UTC, this one included."""
        now = clock.now()
        since, figures = _hours_before(now, count), self._figures
        events = self._run(lambda connection: figures.by_hour(connection, since))
        return hourly(since=since, until=now, events=events)

    def stats(self, days: int, *, from_midnight: bool = False) -> Stats:
        """Return what happened in the last ``days``, today included, in whole hours of UTC.

        :param from_midnight: begin with a day of UTC, so that today's is the only one not whole.
        """
        now = clock.now()
        count = (days - 1) * 24 + now.hour + 1 if from_midnight else days * 24
        since, figures = _hours_before(now, count), self._figures

        def read(connection: sa.Connection) -> Stats:
            which = figures.created_since(connection, since)
            return summarize(
                since=since,
                until=now,
                events=figures.by_hour(connection, since),
                durations=figures.durations(connection, which),
                integrations=figures.noisiest_integrations(connection, which),
                thirdparty_ids=figures.noisiest_ids(connection, which),
            )

        return self._run(read)

    # On first use, because the dialect is the engine's, and an app starts without one.
    @functools.cached_property
    def _figures(self) -> Figures:
        return Figures(self._database.models, self._database.engine.dialect)

    @functools.cached_property
    def _search(self) -> Search:
        return Search(self._database.models, self._database.engine.dialect)

    def _run(self, work: Callable[[sa.Connection], T]) -> T:
        return self._database.run(work)


def _hours_before(now: dt.datetime, count: int) -> dt.datetime:
    """Return the beginning of the hour with which a row of ``count`` hours begins."""
    return now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=count - 1)
