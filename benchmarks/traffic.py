"""Make requests and put them to an app, as a WSGI server would and nothing more."""

from __future__ import annotations

import io
import json
import sys
import time
import typing as t
from collections.abc import Iterable

from flask import Flask

TOKEN = "a-token-of-32-characters-or-more"  # noqa: S105 - it opens nothing
OPERATIONS = ("create", "repeat", "acknowledge", "resolve")


class UnexpectedAnswer(Exception):
    """An app did not do what was measured."""


def body(operation: str, key: str) -> bytes:
    """Return what a sender would send; a create is of an ordinary size."""
    if operation in {"acknowledge", "resolve"}:
        return json.dumps({"event_type": operation, "Id": key}).encode()

    payload = {
        "event_type": "create",
        "Id": key,
        "Title": "Disk space is low on db-7",
        "Description": "/var/lib/postgresql is 91 % full and grows by 2 GiB an hour.",
        "Urgency": "high",
        "Tags": ["disk", "database", "prod"],
        "Meta": {"host": "db-7.example.com", "used": 0.91, "runbook": "https://example.com/disk"},
    }
    return json.dumps(payload).encode()


def environ(path: str, content: bytes) -> dict[str, t.Any]:
    """Return a WSGI environ, as small as servers make them."""
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "benchmark",
        "HTTP_PAGERTREE_TOKEN": TOKEN,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def environs(path: str, operation: str, keys: Iterable[str]) -> list[dict[str, t.Any]]:
    """Return one environ for each key."""
    return [environ(path, body(operation, key)) for key in keys]


def put(app: Flask, requests: list[dict[str, t.Any]]) -> list[float]:
    """Put requests to ``app``, one after the other; return how long each took, in seconds.

    :raises UnexpectedAnswer: one was not answered by 200.
    """
    statuses: list[str] = []
    walls: list[float] = []
    clock = time.perf_counter

    def start_response(status: str, _headers: t.Any, _exc_info: t.Any = None) -> t.Any:
        statuses.append(status)

    for request in requests:
        started = clock()
        answer = app(request, start_response)
        content = b"".join(answer)
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        walls.append(clock() - started)
        if statuses[-1] != "200 OK":
            raise UnexpectedAnswer(f"{statuses[-1]}: {content[:500]!r}")
    return walls
