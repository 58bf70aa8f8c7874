"""Post events to an endpoint, with nothing but the standard library: a sender to copy from."""

from __future__ import annotations

import http.client
import json
import urllib.parse

from .traffic import Payload

_HEADERS = {"Content-Type": "application/json"}


class NotSent(Exception):
    """The endpoint did not take an event. The message says why and what to do."""


def send(url: str, payload: Payload) -> str:
    """Post one event and return its outcome, such as ``created``; or raise :exc:`NotSent`."""
    status, answer = _post(url, json.dumps(payload).encode())
    if status != http.HTTPStatus.OK:
        raise NotSent(f"{url} answered {status}: {answer.get('detail', 'no reason given')}")

    return str(answer["outcome"])


def _post(url: str, body: bytes) -> tuple[int, dict[str, object]]:
    place = urllib.parse.urlsplit(url)
    connection = _connect(place)
    try:
        connection.request("POST", place.path, body, _HEADERS)
        response = connection.getresponse()
        return response.status, _read_json(response)
    except (OSError, http.client.HTTPException) as error:
        raise NotSent(f"Nobody answers at {place.netloc}: {error}. Is the desk running?") from error
    finally:
        connection.close()


def _connect(place: urllib.parse.SplitResult) -> http.client.HTTPConnection:
    secure = place.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    return kind(place.hostname or "", place.port, timeout=10)


def _read_json(response: http.client.HTTPResponse) -> dict[str, object]:
    try:
        answer = json.loads(response.read())
    except ValueError:
        return {}

    return answer if isinstance(answer, dict) else {}
