"""Serve an app for the time of a test."""

from __future__ import annotations

import contextlib
import threading
import typing as t
from collections.abc import Iterator

from flask import Flask
from werkzeug.serving import make_server


@contextlib.contextmanager
def serving(app: Flask, **options: t.Any) -> Iterator[str]:
    """Serve an app on a port of its own, in threads, and say where.

    :param options: what ``make_server`` is told besides.
    """
    server = make_server("127.0.0.1", 0, app, threaded=True, **options)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
