"""Read what databases hold at the moment of a scrape: alerts, and events that are owed or dead."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from weakref import WeakValueDictionary

import sqlalchemy as sa
from flask import Flask
from prometheus_client.core import GaugeMetricFamily

from flask_webhook_alerts import clock
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.state import State
from flask_webhook_alerts.state import state_of
from flask_webhook_alerts.store.deliveries import Deliveries
from flask_webhook_alerts.store.deliveries import DeliveryState
from flask_webhook_alerts.store.listings import Listings

logger: logging.Logger = logging.getLogger(__name__)

APP: str = "flask_app"
"""The label of the app. Not "app", which many clusters give to all that they watch."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Stored:
    """What one database holds at one moment.

    :ivar late: for how many seconds the first event that is owed has been due.
    """

    active: dict[str, int]
    owed: int
    dead: int
    late: float


class StoredCollector:
    """Read the databases of apps at each scrape; without a database, say that it is away."""

    def __init__(self) -> None:
        # Weak, because tests make many apps, and a registry lives as long as its process.
        self._apps: WeakValueDictionary[str, Flask] = WeakValueDictionary()
        self._away: set[str] = set()

    def add(self, name: str, app: Flask) -> None:
        """Read the database of ``app`` from now on; of another app with this name no more."""
        if self._apps.get(name) is app:
            raise RuntimeError(f"Metrics count the app {name!r} already.")

        self._apps[name] = app

    def describe(self) -> list[GaugeMetricFamily]:
        """Return the metrics without values: registering them must not ask the database."""
        return list(_gauges().values())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Return the metrics of all apps, as the databases now are."""
        gauges = _gauges()
        for name, app in sorted(self._apps.items()):
            stored = self._read(name, app)
            gauges["database_up"].add_metric([name], stored is not None)
            if stored is not None:
                for status in (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED):
                    gauges["active_alerts"].add_metric([name, status], stored.active.get(status, 0))
                gauges["events_owed"].add_metric([name], stored.owed)
                gauges["events_dead"].add_metric([name], stored.dead)
                gauges["delivery_late_seconds"].add_metric([name], stored.late)
        yield from gauges.values()

    def _read(self, name: str, app: Flask) -> _Stored | None:
        try:
            with app.app_context():
                stored = _read_stored(state_of(app))
        except Exception:
            # Once for each time that it goes away, not for each scrape of it.
            if name not in self._away:
                self._away.add(name)
                logger.exception(
                    "The metrics of %r cannot be read", name,
                    extra={"action": "metrics_read_failed"},
                )  # fmt: skip
            return None

        self._away.discard(name)
        return stored


def _read_stored(state: State) -> _Stored:
    database, now = state.database, clock.now()
    reads, listings = database.store.reads, Listings(database.models)
    deliveries = Deliveries(database.models)

    def read(connection: sa.Connection) -> _Stored:
        owed = listings.owed(connection)
        late = (now - owed.due_at).total_seconds() if owed.due_at else 0.0
        return _Stored(
            active=reads.count_open(connection),
            owed=owed.count,
            dead=deliveries.counts(connection)[DeliveryState.DEAD],
            late=max(0.0, late),
        )

    return database.run(read)


def _gauges() -> dict[str, GaugeMetricFamily]:
    texts = {
        "database_up": "Whether the tables of alerts could be read for this scrape.",
        "active_alerts": "Alerts that are not resolved, by status.",
        "events_owed": "Events whose signals are still owed to some receiver.",
        "events_dead": "Events that failed ten times and are not tried again by themselves.",
        "delivery_late_seconds": "For how long the first owed event has been due.",
    }
    labels = {"active_alerts": [APP, "status"]}
    return {
        name: GaugeMetricFamily(f"webhook_alerts_{name}", text, labels=labels.get(name, [APP]))
        for name, text in texts.items()
    }
