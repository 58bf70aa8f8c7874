"""Put a database, a web server and senders together, and read what they leave behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from flask_webhook_alerts import clock
from tests.faults.clients import Sender
from tests.faults.clients import Tally
from tests.faults.host_app import alerts
from tests.faults.host_app import create_app
from tests.faults.host_app import db
from tests.faults.host_app import RECEIVERS
from tests.faults.journal import read_lines
from tests.faults.records import AlertRow
from tests.faults.records import Attempt
from tests.faults.records import Call
from tests.faults.records import EventRow
from tests.faults.records import History
from tests.faults.web import PACKAGE
from tests.faults.web import ROOT
from tests.faults.web import ThreadedGunicorn

MAX_ROUNDS_OF_DELIVERY: t.Final = 20


class Rig:
    """One trial: an empty database, a web server that is not started yet, senders.

    :param folder: an empty folder for the journals and logs.
    :param database_url: an empty database.
    :param workers: how many processes serve.
    :param threads: how many threads each of them has.
    :param with_failpoints: whether the host heeds the order in the file :attr:`failpoint`.
    :param settings: more settings of the host.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        *,
        workers: int = 3,
        threads: int = 4,
        with_failpoints: bool = False,
        **settings: t.Any,
    ) -> None:
        self.folder = folder
        self.failpoint = folder / "failpoint"
        self.attempts_journal = folder / "attempts.jsonl"
        self.calls_journal = folder / "calls.jsonl"
        self.tally = Tally(self.attempts_journal)
        # No pool: a connection of ours would not outlive a restart of the database.
        self.app = create_app(
            {
                "SQLALCHEMY_DATABASE_URI": database_url,
                "SQLALCHEMY_ENGINE_OPTIONS": {"poolclass": sa.NullPool},
            }
        )
        self.settings = {
            "SQLALCHEMY_DATABASE_URI": database_url,
            # A connection for each thread, and one more while a receiver loads its rows.
            "SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": threads, "max_overflow": threads},
            "RECEIVERS_JOURNAL": str(self.calls_journal),
            **({"FAILPOINT": str(self.failpoint)} if with_failpoints else {}),
            **settings,
        }
        self.web = ThreadedGunicorn(folder, self.environment(), workers=workers, threads=threads)
        with self.app.app_context():
            db.create_all()
            self.integration: str = alerts.create_integration("faults").id

    def environment(self, **settings: t.Any) -> dict[str, str]:
        """Return the variables with which a process finds the host app and its settings."""
        host = {**self.settings, **settings}
        return {"PYTHONPATH": str(ROOT)} | {f"HOST_{key}": json.dumps(host[key]) for key in host}

    def close(self) -> None:
        """End what is running."""
        self.web.stop()

    def sender(self, name: str) -> Sender:
        return Sender(name, self.web.port, self.integration, self.tally)

    def deliver(self, **settings: t.Any) -> subprocess.CompletedProcess[str]:
        """Send what is owed, in a fresh process, as a host's cron job does."""
        return subprocess.run(
            [
                *(sys.executable, "-m", "flask", "--app", f"{PACKAGE}.host_app:serve"),
                *("webhook-alerts", "deliver"),
            ],
            env={**os.environ, **self.environment(**settings)},
            check=False,
            capture_output=True,
            text=True,
        )

    def drain(self) -> None:
        """Stop the server and deliver until nothing is owed."""
        self.web.stop()
        for _ in range(MAX_ROUNDS_OF_DELIVERY):
            if not self.end_leases():
                return

            delivery = self.deliver()
            assert delivery.returncode == 0, delivery.stderr

    def end_leases(self) -> int:
        """Make all that is owed due now, as if time had passed; return how much that is.

        Whoever held a lease is dead: waiting for its end would only make the test slow.
        """
        event = alerts.AlertEvent
        statement = (
            sa.update(event)
            .where(event.delivered_at.is_(None), event.next_attempt_at.is_not(None))
            .values(next_attempt_at=clock.now())
        )
        with self.app.app_context():
            owed = t.cast("sa.CursorResult[t.Any]", db.session.execute(statement)).rowcount
            db.session.commit()
        return owed

    def deliveries(self) -> list[tuple[object, ...]]:
        """Return what the database says of each event's delivery."""
        event = alerts.AlertEvent
        columns = (event.id, event.delivered_at, event.delivered_to, event.attempts)
        with self.app.app_context():
            return [tuple(row) for row in db.session.execute(sa.select(*columns))]

    def history(self, *, crashes: int = 0) -> History:
        """Return what the run left behind, to be judged.

        :param crashes: how many processes were killed. In each thread of each, one event may have
            been on its way, and all its receivers are called once more.
        """
        return History(
            attempts=[Attempt(**line) for line in read_lines(self.attempts_journal)],
            alerts=list(self._alerts()),
            events=list(self._events()),
            calls=[_call(line) for line in read_lines(self.calls_journal)],
            receivers=frozenset(receiver.__name__ for receiver in RECEIVERS),
            repeated_calls_allowed=crashes * self.web.threads * len(RECEIVERS),
        )

    def _alerts(self) -> Iterator[AlertRow]:
        alert = alerts.Alert
        with self.app.app_context():
            for row in db.session.scalars(sa.select(alert).order_by(alert.id)):
                yield AlertRow(
                    id=row.id,
                    integration=row.integration_id,
                    thirdparty_id=row.thirdparty_id,
                    nonce=row.meta.get("nonce", ""),
                    status=row.status,
                    is_keyed=row.active_key is not None,
                    was_acknowledged=row.acknowledged_at is not None,
                    was_resolved=row.resolved_at is not None,
                    occurrences=row.occurrences,
                )

    def _events(self) -> Iterator[EventRow]:
        event = alerts.AlertEvent
        columns = (event.id, event.alert_id, event.kind, event.delivered_at)
        with self.app.app_context():
            for row in db.session.execute(sa.select(*columns).order_by(event.id)):
                yield EventRow(
                    id=row.id,
                    alert_id=row.alert_id,
                    kind=row.kind,
                    is_delivered=row.delivered_at is not None,
                )


def _call(line: dict[str, t.Any]) -> Call:
    return Call(receiver=line["receiver"], event_id=line["event_id"], alert_id=line["alert_id"])
