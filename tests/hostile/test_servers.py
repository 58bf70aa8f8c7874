"""Speak to the servers that hosts run, byte for byte: what they make of a body must harm nobody."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.faults.processes import children
from tests.faults.processes import free_port
from tests.faults.processes import no_survivors
from tests.faults.processes import Program
from tests.faults.web import ROOT
from tests.hostile.catalogue import encoded
from tests.hostile.catalogue import payload
from tests.hostile.server_host import alerts
from tests.hostile.server_host import create_app
from tests.hostile.server_host import db

LIMIT = 10_000
FACTORY = "tests.hostile.server_host:create_app"
COMMANDS = {
    "dev": ("flask", "--app", FACTORY, "run", "--port", "{port}"),
    "gthread": ("gunicorn", "--bind=127.0.0.1:{port}", "--threads=2", f"{FACTORY}()"),
    "sync": ("gunicorn", "--bind=127.0.0.1:{port}", f"{FACTORY}()"),
    "gevent": ("gunicorn", "--bind=127.0.0.1:{port}", "--worker-class=gevent", f"{FACTORY}()"),
    "waitress": ("waitress", "--listen=127.0.0.1:{port}", "--call", FACTORY),
}


class Server:
    """A server that runs the host over one SQLite file."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._port = free_port()
        settings = {
            "HOST_SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'host.db'}",
            "HOST_WEBHOOK_ALERTS_MAX_CONTENT_LENGTH": str(LIMIT),
        }
        with pytest.MonkeyPatch.context() as patch:
            for key, value in settings.items():
                patch.setenv(key, value)
            self._app = create_app()
        with self._app.app_context():
            self.path: str = f"/integration/{alerts.create_integration('servers').id}"
        command = [part.format(port=self._port) for part in COMMANDS[name]]
        self._program = Program(
            [sys.executable, "-m", *command],
            log=folder / "log",
            env={**os.environ, **settings, "PYTHONPATH": str(ROOT), "XDG_RUNTIME_DIR": str(folder)},
        )

    def start(self) -> None:
        self._program.start(lambda: self.is_alive)

    def stop(self) -> None:
        with no_survivors(children(self._program.pid)):
            self._program.end()

    @property
    def is_alive(self) -> bool:
        with contextlib.suppress(OSError):
            return 200 in self.send(b"GET /alive HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        return False

    def post(self, body: bytes, *headers: str) -> list[int]:
        """Send a POST with only these headers besides the necessary; return the statuses."""
        lines = [f"POST {self.path} HTTP/1.1", "Host: h", "Content-Type: application/json"]
        head = "\r\n".join([*lines, "Connection: close", *headers]) + "\r\n\r\n"
        return self.send(head.encode() + body)

    def send(self, request: bytes) -> list[int]:
        """Send bytes and an end, and return the status of each answer."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=20) as connection:
            with contextlib.suppress(OSError):  # a server that has answered may hang up at once
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
            answer = b"".join(received(connection))
        return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]

    def stored(self) -> list[str]:
        """Return the Ids of all alerts, and forget them."""
        with self._app.app_context(), db.engine.begin() as connection:
            ids = list(connection.scalars(sa.select(alerts.Alert.thirdparty_id)))
            for model in (alerts.AlertEvent, alerts.Alert):
                connection.execute(sa.delete(model))
        return ids


def received(connection: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            yield part


@pytest.fixture(scope="module", params=COMMANDS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    server = Server(request.param, tmp_path_factory.mktemp(request.param))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def _still_serving(server: Server) -> Iterator[None]:
    """After each test the server takes a good event in, and nothing else is there."""
    yield
    assert server.stored() == []
    assert server.post(GOOD, length(GOOD)) == [200]
    assert server.stored() == ["good"]


def length(body: bytes | int) -> str:
    return f"Content-Length: {body if isinstance(body, int) else len(body)}"


def padded(size: int, key: str = "large") -> bytes:
    return encoded(payload(key)).ljust(size)


def chunks(body: bytes, size: int = 1_000) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


CHUNKED = "Transfer-Encoding: chunked"
GOOD = encoded(payload("good"))


def test_a_body_is_taken_up_to_the_limit(server: Server) -> None:
    assert server.post(padded(LIMIT), length(LIMIT)) == [200]
    assert server.stored() == ["large"]
    assert server.post(padded(LIMIT + 1), length(LIMIT + 1)) == [413]


def test_a_chunked_body_is_taken_up_to_the_limit(server: Server) -> None:
    assert server.post(chunks(padded(LIMIT)), CHUNKED) == [200]
    assert server.stored() == ["large"]
    assert server.post(chunks(padded(LIMIT + 1)), CHUNKED) == [413]
    assert server.post(chunks(padded(LIMIT) + b"garbage" * 10_000), CHUNKED) == [413]


def test_a_body_without_a_length_is_told_to_be_empty(server: Server) -> None:
    assert server.post(GOOD) in ([400], [400, 400])


def test_a_huge_length_is_answered_before_the_body_comes(server: Server) -> None:
    assert server.post(b"{} ", length(10 * 1024**3)) == [413]


def test_a_body_that_ends_too_early_is_not_taken(server: Server) -> None:
    assert 200 not in server.post(GOOD[:-1], length(GOOD))
    assert 200 not in server.post(chunks(GOOD)[:-9], CHUNKED)


def test_what_is_left_of_a_refused_body_is_no_request(server: Server) -> None:
    smuggled = b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n%s\r\n\r\n%s" % (
        server.path.encode(),
        length(GOOD).encode(),
        GOOD,
    )
    body = smuggled * (LIMIT // len(smuggled) + 2)
    lines = [f"POST {server.path} HTTP/1.1", "Host: h", "Content-Type: application/json"]
    head = "\r\n".join([*lines, length(body), "Connection: keep-alive"]) + "\r\n\r\n"

    assert 200 not in server.send(head.encode() + body)


AMBIGUOUS = {
    "length and chunks": (chunks(GOOD), [length(3), CHUNKED]),
    "two lengths": (GOOD, [length(GOOD), length(3)]),
    "two equal lengths": (GOOD, [length(GOOD), length(GOOD)]),
    "a negative length": (GOOD, [length(-5)]),
    "a length that is none": (GOOD, ["Content-Length: five"]),
    "a length with a sign": (GOOD, [f"Content-Length: +{len(GOOD)}"]),
    "an unknown coding": (GOOD, ["Transfer-Encoding: gzip, chunked"]),
    "a chunk of no size": (b"xyz\r\n" + GOOD, [CHUNKED]),
    "a chunk of a negative size": (b"-5\r\n" + GOOD, [CHUNKED]),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_an_ambiguous_body_is_taken_whole_or_not_at_all(server: Server, name: str) -> None:
    body, headers = AMBIGUOUS[name]

    statuses = server.post(body, *headers)

    assert not any(status == 500 for status in statuses)
    assert server.stored() == ["good"] * statuses.count(200)
