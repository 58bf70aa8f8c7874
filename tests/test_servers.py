"""The same on every server: what is sent, answered, stored and signalled, by real processes."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import itertools
import json
import re
import sys
import threading
import typing as t
import uuid
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from flask_webhook_alerts import tokens
from tests import smoke_host
from tests.faults.processes import wait_for
from tests.faults.web import ROOT
from tests.faults.web import WebServer
from tests.hosts import Host
from tests.hosts import running_host

LIMIT = 524_288
TOKEN = "t0ken"
BOTH = ("coroutine", "plain")
CONFIGURATION = re.compile(r"<!-- file: gunicorn\.conf\.py -->\s+```python\n(.*?)```", re.DOTALL)


def gunicorn(*options: str) -> Callable[[int], list[str]]:
    target = "tests.smoke_host:create_app()"
    return lambda port: [
        *(sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", *options, target)
    ]


def waitress(port: int) -> list[str]:
    listen = f"--listen=127.0.0.1:{port}"
    return [sys.executable, "-m", "waitress", listen, "--call", "tests.smoke_host:create_app"]


def uvicorn(factory: str, *options: str) -> Callable[[int], list[str]]:
    target = f"tests.smoke_host:{factory}"
    return lambda port: [
        *(sys.executable, "-m", "uvicorn", "--factory", f"--port={port}", *options, target)
    ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setup:
    """A server, and what it runs on.

    :ivar is_serial: it serves one request at a time.
    :ivar connects_early: the host connects before the workers are forked, as docs/hosting.md knows.
    """

    command: Callable[[int], Sequence[str]]
    database: str
    wiring: str = "flask-sqlalchemy"
    receivers: Sequence[str] = BOTH
    is_serial: bool = False
    connects_early: bool = False


SYNC = gunicorn("--workers=2")
THREADS = gunicorn("--workers=2", "--threads=4")
PRELOADED = gunicorn("--workers=2", "--threads=4", "--preload")
GEVENT = gunicorn("--worker-class=gevent")

SETUPS = {
    "gunicorn sync": Setup(command=SYNC, database="postgresql"),
    "gunicorn gthread": Setup(command=THREADS, database="mariadb"),
    "gunicorn preloaded": Setup(command=PRELOADED, database="postgresql", wiring="lite"),
    "gunicorn preloaded and connected": Setup(
        command=THREADS, database="mariadb", connects_early=True
    ),
    # Coroutines of several greenlets cannot run in one thread.
    "gunicorn gevent psycopg": Setup(command=GEVENT, database="postgresql", receivers=["plain"]),
    "gunicorn gevent pymysql": Setup(command=GEVENT, database="mariadb", receivers=["plain"]),
    "waitress": Setup(command=waitress, database="mariadb", wiring="lite"),
    "uvicorn a2wsgi": Setup(
        command=uvicorn("create_threaded_asgi", "--workers=2"), database="postgresql"
    ),
    "uvicorn asgiref": Setup(
        command=uvicorn("create_serial_asgi"), database="mariadb", is_serial=True
    ),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Server:
    """A running server, and a host beside it that looks into the same database."""

    port: int
    setup: Setup
    host: Host
    integration_id: str

    def send(self, event_type: str, key: str, **headers: str) -> Answer:
        payload = {"event_type": event_type, "Id": key, "Title": "Disk full", "Description": "/var"}
        return self.post(json.dumps(payload).encode(), **headers)

    def post(self, body: t.Any, **headers: str) -> Answer:
        """Post a body; an iterable of bytes goes in chunks."""
        headers = {"pagertree-token": TOKEN, "Content-Type": "application/json", **headers}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            # A server may have answered and gone before all of a refused body was sent.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                path = f"/integration/{self.integration_id}"
                connection.request("POST", path, body, headers, encode_chunked=True)
            response = connection.getresponse()
            return Answer(status=response.status, content=json.loads(response.read()))

    def alerts(self, key: str) -> list[tuple[str, int]]:
        """Return the status and the count of the alerts with an Id."""
        stored = [alert for alert in self.host.stored_alerts() if alert.thirdparty_id == key]
        return [(alert.status, alert.occurrences) for alert in stored]

    def heard(self, key: str) -> list[tuple[str, str]]:
        """Return the receivers that have heard of an Id, and what, sorted by both."""
        heard = smoke_host.Heard
        found = [row for row in self.host._all(heard) if row.thirdparty_id == key]
        return sorted((row.receiver, row.kind) for row in found)

    def as_heard(self, *kinds: str) -> list[tuple[str, str]]:
        """Return what :meth:`heard` returns if each receiver was called once for each kind."""
        return sorted((receiver, kind) for receiver in self.setup.receivers for kind in kinds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server answered."""

    status: int
    content: Mapping[str, t.Any]


@pytest.fixture(scope="module", params=SETUPS)
def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _server_databases: Callable[[str], str],
) -> Iterator[Server]:
    """Run each server once, for all tests of this module."""
    setup = SETUPS[request.param]
    url = _server_databases(setup.database)
    wiring = smoke_host.wiring
    env = {
        "PYTHONPATH": str(ROOT),
        "HOST_DATABASE_URL": url,
        "HOST_RECEIVERS": json.dumps(setup.receivers),
        "HOST_WIRING": setup.wiring,
    }
    folder = tmp_path_factory.mktemp("server")
    if setup.connects_early:
        env |= {"HOST_CONNECTS_EARLY": "true"} | configured_gunicorn(folder)
    web = WebServer(folder, env, setup.command)
    with running_host(url, db=wiring.db, alerts=wiring.alerts) as host:
        integration_id = host.create_integration(token=TOKEN)
        try:
            web.start()
            yield Server(port=web.port, setup=setup, host=host, integration_id=integration_id)
        finally:
            web.stop()


def configured_gunicorn(folder: Path) -> dict[str, str]:
    """Return the environment in which gunicorn is set up as the documentation says."""
    page = (ROOT / "docs" / "hosting.md").read_text("utf-8")
    (block,) = CONFIGURATION.findall(page)
    (folder / "gunicorn.conf.py").write_text(block, "utf-8")
    return {"GUNICORN_CMD_ARGS": f"--config={folder / 'gunicorn.conf.py'}"}


@pytest.fixture
def key() -> str:
    """An Id that no other test uses."""
    return uuid.uuid4().hex


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 8_192):
        yield body[start : start + 8_192]


def test_an_alert_lives_a_whole_life(server: Server, key: str) -> None:
    types = ["create", "create", "acknowledge", "resolve", "resolve"]
    answers = [server.send(event_type, key) for event_type in types]

    assert {answer.status for answer in answers} == {200}
    assert [answer.content["outcome"] for answer in answers] == [
        "created", "repeated", "acknowledged", "resolved", "ignored",
    ]  # fmt: skip
    assert server.alerts(key) == [("resolved", 2)]
    assert server.heard(key) == server.as_heard("created", "acknowledged", "resolved")


def test_a_body_may_come_in_chunks(server: Server, key: str) -> None:
    payload = {"event_type": "create", "Id": key, "Title": "Disk full", "Description": "/var"}
    body = json.dumps(payload).encode().ljust(LIMIT)

    assert server.post(chunks(body)).status == 200
    assert server.alerts(key) == [("open", 1)]


@pytest.mark.parametrize("size", [LIMIT + 1, 4 * LIMIT])
def test_a_body_in_chunks_that_is_too_large_is_refused(server: Server, key: str, size: int) -> None:
    payload = {"event_type": "create", "Id": key, "Title": "Disk full", "Description": "/var"}
    answer = server.post(chunks(json.dumps(payload).encode().ljust(size)))

    assert (answer.status, answer.content["status"]) == (413, 413)
    assert server.alerts(key) == []


def test_what_is_wrong_is_refused(server: Server, key: str) -> None:
    refused = [
        server.send("create", key, **{"Content-Type": "text/plain"}),
        server.send("create", key, **{"pagertree-token": "wr0ng"}),
        server.post(b"{}"),
    ]

    assert [answer.status for answer in refused] == [415, 403, 422]
    assert [answer.content["status"] for answer in refused] == [415, 403, 422]
    assert server.alerts(key) == []


def test_many_creates_of_one_id_at_once_open_one_alert(server: Server, key: str) -> None:
    ways = 16
    start = threading.Barrier(ways)

    def send(_: int) -> str:
        start.wait()
        answer = server.send("create", key)
        return f"{answer.status} {answer.content.get('outcome')}"

    with ThreadPoolExecutor(ways) as pool:
        answers = Counter(pool.map(send, range(ways)))

    assert answers == {"200 created": 1, "200 repeated": ways - 1}
    assert server.alerts(key) == [("open", ways)]
    assert server.heard(key) == server.as_heard("created")


BLOCKED = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'",
    # Not innodb_trx, which shows who asks often what it showed before.
    "mariadb": "SELECT count(*) FROM information_schema.processlist"
    " WHERE db = database() AND info LIKE 'UPDATE webhook_alert SET %'",
}


CONCURRENT = [name for name, setup in SETUPS.items() if not setup.is_serial]


def beyond(key: str) -> str:
    """Return another Id, one that the index has above ``key``.

    MariaDB's UPDATE of an alert also keeps the gap below the row for which it waits.
    """
    others = (f"other {number} {key}" for number in itertools.count())
    digest = tokens.digest_thirdparty_id
    return next(other for other in others if digest(other) > digest(key))


@pytest.mark.parametrize("server", CONCURRENT, indirect=True, scope="module")
def test_a_request_that_waits_for_a_lock_holds_up_no_other(server: Server, key: str) -> None:
    alert_id = server.send("create", key).content["alert"]["id"]
    with server.host.app.app_context():
        engine = server.host.db.engine

    def is_blocked() -> bool:
        with engine.connect() as observer:
            return bool(observer.scalar(sa.text(BLOCKED[server.setup.database])))

    with ThreadPoolExecutor(1) as pool, engine.connect() as locker:
        lock = "SELECT id FROM webhook_alert WHERE id = :id FOR UPDATE"
        locker.execute(sa.text(lock), {"id": alert_id})
        waiting = pool.submit(server.send, "acknowledge", key)
        wait_for("the request to wait for the lock", is_blocked)
        meanwhile = server.send("create", beyond(key))
        was_waiting = not waiting.done()
        locker.rollback()

    assert (meanwhile.status, was_waiting) == (200, True)
    assert waiting.result().content["outcome"] == "acknowledged"
    assert server.heard(key) == server.as_heard("created", "acknowledged")
