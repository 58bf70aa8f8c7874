"""A host with a broker, its workers and its beat, and what they leave behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import typing as t
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from tests.contrib.celery_host import create_app
from tests.contrib.celery_host import settings
from tests.faults.host_app import alerts
from tests.faults.host_app import db
from tests.faults.host_app import RECEIVERS
from tests.faults.journal import read_lines
from tests.faults.processes import children
from tests.faults.processes import no_survivors
from tests.faults.processes import Program
from tests.faults.processes import wait_for
from tests.faults.web import ROOT

PATIENCE: t.Final = 60.0
KINDS: t.Final = ("create", "acknowledge", "resolve")


class Call(t.NamedTuple):
    """What a receiver wrote down."""

    receiver: str
    event: int
    alert: int


class Site:
    """A host in this process, which takes events in, and its workers in processes of their own.

    :param folder: an empty folder for journal and logs.
    :param database_url: an empty database.
    :param broker: the URL of the broker.
    :param queue: the name of a queue that is the site's alone.
    :param lease: seconds after which an event of a dead worker is due again.
    :param receivers_take: seconds of work between the first receiver and the last.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        broker: str,
        queue: str,
        *,
        lease: float = 60,
        receivers_take: float = 0,
    ) -> None:
        self._folder = folder
        self._journal = folder / "calls.jsonl"
        config = {
            "SQLALCHEMY_DATABASE_URI": database_url,
            "CELERY": settings(broker, queue, sweep_every=0.5),
            "RECEIVERS_JOURNAL": str(self._journal),
            "RECEIVERS_TAKE": receivers_take,
            "LEASE": lease,
        }
        variables = {f"HOST_{key}": json.dumps(config[key]) for key in config}
        self._env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
        self.app = create_app(config)
        self._client = self.app.test_client()
        self._ending = contextlib.ExitStack()
        with self.app.app_context():
            db.create_all()
            self._path = f"/integration/{alerts.create_integration('celery').id}"

    def close(self) -> None:
        """End what is running, and let go of the database."""
        self._ending.close()
        self.app.extensions["webhook_alerts"].wake.close()
        self.app.extensions["celery"].close()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def start_workers(self, number: int) -> list[Worker]:
        """Start workers, and wait until all are ready."""
        workers = [
            Worker(self._command("worker", "--concurrency=2"), self._log(f"worker-{n}"), self._env)
            for n in range(number)
        ]
        for worker in workers:
            self._ending.callback(worker.kill)
        with ThreadPoolExecutor(number) as pool:
            list(pool.map(Worker.start, workers))
        return workers

    def start_beat(self) -> None:
        """Start the process that asks for sweeps."""
        command = self._command("beat", f"--schedule={self._folder / 'schedule'}", "--pidfile=")
        beat = Program(command, log=self._log("beat"), env=self._env)
        self._ending.callback(beat.end)
        beat.start(lambda: "Starting..." in self._log("beat").read_text())

    def post(self, event_type: str, key: str) -> int:
        """Post an event and return the status of the answer."""
        payload = {"event_type": event_type, "Id": key, "Title": "Disk full", "Description": "/var"}
        return self._client.post(self._path, json=payload).status_code

    def post_lives(self, keys: Iterable[str]) -> list[int]:
        """Create, acknowledge and resolve an alert of each key; return the statuses."""
        return [self.post(event_type, key) for key in keys for event_type in KINDS]

    def wait_until_delivered(self) -> None:
        """Wait until nothing is owed."""
        wait_for("all to be delivered", lambda: not self.owed(), patience=PATIENCE)

    def examine(self) -> dict[str, tuple[str, str]]:
        """Return what the doctor says: the level and the words, by what it is about."""
        arguments = ["webhook-alerts", "doctor", "--json"]
        found = json.loads(self.app.test_cli_runner().invoke(args=arguments).stdout)["findings"]
        return {finding["about"]: (finding["level"], finding["words"]) for finding in found}

    def owed(self) -> list[int]:
        """Return the ids of the events that are not delivered, dead ones too."""
        event = alerts.AlertEvent
        return self._ids(event.delivered_at.is_(None))

    def calls(self) -> list[Call]:
        """Return what the receivers wrote down, in order."""
        return [
            Call(line["receiver"], line["event_id"], line["alert_id"])
            for line in read_lines(self._journal)
        ]

    def told(self) -> set[tuple[str, int]]:
        """Return which receiver was told of which event."""
        return {(call.receiver, call.event) for call in self.calls()}

    def expected(self) -> set[tuple[str, int]]:
        """Return what :meth:`told` must be if nothing was lost, and nothing made up."""
        return {(receiver.__name__, event) for receiver in RECEIVERS for event in self._ids()}

    def _ids(self, *conditions: sa.ColumnElement[bool]) -> list[int]:
        event = alerts.AlertEvent
        with self.app.app_context():
            return list(db.session.scalars(sa.select(event.id).where(*conditions)))

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    @staticmethod
    def _command(command: str, *options: str) -> list[str]:
        app = ("-A", "tests.contrib.celery_host")
        return [sys.executable, "-m", "celery", *app, command, "--loglevel=INFO", *options]


class Worker:
    """A worker with its processes."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str]) -> None:
        gossip = ["--without-gossip", "--without-mingle", f"--hostname={log.stem}@%h"]
        self._log = log
        self._program = Program([*command, *gossip], log=log, env=env)
        self._starts = 0

    def start(self) -> None:
        """Start it, for the first time or again, and wait until it is ready."""
        self._starts += 1
        self._program.start(lambda: self._log.read_text().count(" ready.") >= self._starts)

    def kill(self) -> None:
        """Kill it and its processes, without a word."""
        pids = children(self._program.pid) if self._program.is_running else []
        with no_survivors(pids):
            self._program.end(signal.SIGKILL)
