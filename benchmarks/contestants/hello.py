"""HELLO: what Flask alone costs. A view that answers fixed JSON and reads nothing."""

from __future__ import annotations

from flask import Flask
from flask import Response

from benchmarks.traffic import OPERATIONS

_ANSWER = b'{"outcome": "created", "alert": {"id": 1, "status": "open", "occurrences": 1}}'


class Hello:
    """Answer the same to everybody."""

    def __init__(self, url: str) -> None:
        self.app = Flask(__name__)
        self.app.add_url_rule("/integration/<integration_id>", view_func=answer, methods=["POST"])

    def prepare(self) -> dict[str, str]:
        return dict.fromkeys(OPERATIONS, "/integration/int_hello")


def answer(integration_id: str) -> Response:
    return Response(_ANSWER, content_type="application/json")
