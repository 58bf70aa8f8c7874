"""Stand between a host and its database, and cut their connections where it hurts."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import typing as t
from collections.abc import Iterator

MAX_PACKET: t.Final = 65_536
NEVER: t.Final = -1


class CuttingProxy:
    """A TCP proxy that forwards packets, but for the one it was told to drop.

    :param port: where the database listens, on the loopback interface.
    :param at: where the proxy listens; 0 is any free port.
    """

    def __init__(self, port: int, *, at: int = 0) -> None:
        self._database = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", at))
        self._peers: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._packets_left = NEVER
        self.cuts = 0

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def cut_at(self, packet: int) -> None:
        """Drop this packet, counted from now and from 1, and the connection that it is on."""
        self._packets_left = packet

    def serve(self, is_over: threading.Event) -> None:
        """Forward packets, one at a time, until ``is_over``."""
        while not is_over.is_set():
            for key, _events in self._selector.select(timeout=0.1):
                source = t.cast(socket.socket, key.fileobj)
                if source is self._listener:
                    self._connect()
                elif source in self._peers:
                    self._forward(source)

    def close(self) -> None:
        for end in list(self._peers):
            end.close()
        self._listener.close()
        self._selector.close()

    def _connect(self) -> None:
        host, _address = self._listener.accept()
        database = socket.create_connection(self._database)
        self._peers |= {host: database, database: host}
        for end in (host, database):
            self._selector.register(end, selectors.EVENT_READ)

    def _forward(self, source: socket.socket) -> None:
        packet = b""
        with contextlib.suppress(OSError):
            packet = source.recv(MAX_PACKET)
        if not packet:
            self._disconnect(source)
            return

        self._packets_left -= 1
        if self._packets_left == 0:
            self.cuts += 1
            self._disconnect(source)
            return

        with contextlib.suppress(OSError):
            self._peers[source].sendall(packet)

    def _disconnect(self, source: socket.socket) -> None:
        for end in (source, self._peers[source]):
            self._selector.unregister(end)
            del self._peers[end]
            end.close()


@contextlib.contextmanager
def cutting_proxy(port: int, *, at: int = 0) -> Iterator[CuttingProxy]:
    """Run a proxy before the database at ``port``."""
    proxy = CuttingProxy(port, at=at)
    is_over = threading.Event()
    thread = threading.Thread(target=proxy.serve, args=(is_over,))
    thread.start()
    try:
        yield proxy
    finally:
        is_over.set()
        thread.join()
        proxy.close()
