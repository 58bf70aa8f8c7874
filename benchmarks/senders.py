"""Send requests over HTTP as fast as they are answered: with wrk, else by a generator of ours."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import shutil
import socket
import subprocess
import threading
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

from benchmarks import figures
from benchmarks import traffic

_SCRIPT = Path(__file__).with_name("wrk.lua")
_ANSWER = 65_536


@dataclasses.dataclass(frozen=True, kw_only=True)
class Load:
    """What a generator saw."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def generator() -> str:
    """Return the name of the generator that :func:`send_for` uses."""
    return "wrk" if shutil.which("wrk") else "own"


def send_for(port: int, path: str, tag: str, *, seconds: float, connections: int) -> Load:
    """Send creates for some time, each with an id of its own.

    :param tag: what makes the ids differ from those of other calls.
    """
    if generator() == "wrk":
        return _send_by_wrk(port, path, tag, seconds, connections)

    until = time.monotonic() + seconds

    def creates(name: str) -> Iterator[bytes]:
        number = 0
        while time.monotonic() < until:
            number += 1
            yield traffic.body("create", f"{name}-{number}")

    return in_another_process(port, path, tag, connections, creates)


def send_lives(port: int, path: str, tag: str, *, requests: int, connections: int) -> Load:
    """Send a number of requests: creates, repetitions, acknowledges and resolves in turn."""
    each = requests // connections

    def lives(name: str) -> Iterator[bytes]:
        operations = traffic.OPERATIONS
        for number in range(each):
            key = f"{name}-{number // len(operations)}"
            yield traffic.body(operations[number % len(operations)], key)

    return in_another_process(port, path, tag, connections, lives)


def in_another_process(
    port: int, path: str, tag: str, connections: int, bodies: Callable[[str], Iterator[bytes]]
) -> Load:
    """Send from a process of its own, so that our threads and the caller's do not meet."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(
        target=lambda: sender.send(_send(port, path, tag, connections, bodies))
    )
    process.start()
    sender.close()
    try:
        return t.cast(Load, receiver.recv())
    finally:
        process.join()


def _send_by_wrk(port: int, path: str, tag: str, seconds: float, connections: int) -> Load:
    template = traffic.body("create", "@KEY@").decode()
    command = [
        *("wrk", "--threads", "1", "--connections", str(connections)),
        *("--duration", f"{max(1, round(seconds))}s", "--script", str(_SCRIPT)),
        *(f"http://127.0.0.1:{port}{path}", "--", tag, traffic.TOKEN, template),
    ]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return Load(**json.loads(result.stdout.splitlines()[-1]))


def _send(
    port: int, path: str, tag: str, connections: int, bodies: Callable[[str], Iterator[bytes]]
) -> Load:
    senders = [Sender(port, path, bodies(f"{tag}-{number}")) for number in range(connections)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    walls = [wall for sender in senders for wall in sender.walls]
    return Load(
        requests=len(walls),
        seconds=seconds,
        p50_ms=figures.percentile(walls, 50) * 1000,
        p99_ms=figures.percentile(walls, 99) * 1000,
        errors=sum(sender.errors for sender in senders),
    )


class Sender:
    """One connection, kept alive."""

    def __init__(self, port: int, path: str, bodies: Iterator[bytes]) -> None:
        self.errors = 0
        self.walls: list[float] = []
        self._port = port
        self._bodies = bodies
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n"
            f"Content-Type: application/json\r\npagertree-token: {traffic.TOKEN}\r\n"
            "Content-Length: "
        ).encode()
        self._socket: socket.socket | None = None

    def run(self) -> None:
        for body in self._bodies:
            request = self._head + str(len(body)).encode() + b"\r\n\r\n" + body
            started = time.perf_counter()
            self.errors += not self._is_taken(request)
            self.walls.append(time.perf_counter() - started)
        self._close()

    def _is_taken(self, request: bytes) -> bool:
        try:
            head = self._exchange(request)
        except OSError:
            self._close()
            return False

        if b"\r\nConnection: close\r\n" in head:
            self._close()
        return head.startswith(b"HTTP/1.1 200 ")

    def _exchange(self, request: bytes) -> bytes:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        answer = self._more()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        head = answer[: end + 2]
        length = int(head.lower().partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
        while len(answer) < end + 4 + length:
            answer += self._more()
        return head

    def _more(self) -> bytes:
        part = t.cast(socket.socket, self._socket).recv(_ANSWER)
        if not part:
            raise ConnectionError("The server hung up.")

        return part

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
