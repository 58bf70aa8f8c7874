"""Look for tokens, traces and forged lines in everything that leaves the extension."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import request_rejected
from tests.hostile.catalogue import encoded
from tests.hostile.catalogue import payload
from tests.hostile.catalogue import TEXTS
from tests.hosts import Host

TOKEN = "s3cret-t0ken-0123456789"
HEADERS = {"pagertree-token": TOKEN}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, as it would stand in a file."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def fail(_app: object, **_extra: object) -> None:
    raise RuntimeError("the receiver fails")


def test_no_token_leaves_the_extension(
    host: Host, log: io.StringIO, connect: Callable[..., None]
) -> None:
    connect(alert_created, fail)
    told: list[str] = []

    def note(_app: object, **facts: object) -> None:
        told.append(repr(facts))

    connect(request_rejected, note)
    integration_id = host.create_integration(token=TOKEN)
    seen = [
        host.post(integration_id, payload("a"), headers=HEADERS),
        host.post(integration_id, payload("a"), headers={"pagertree-token": TOKEN + "x"}),
        host.post(integration_id, {**payload("a"), "Title": 1}, headers=HEADERS),
        host.post("int_unknown", payload("a"), headers=HEADERS),
    ]
    with host.app.app_context():
        integration = host.db.session.get(host.alerts.Integration, integration_id)
        told.append(repr(integration) + repr(host.app.extensions["webhook_alerts"]))
        host.db.session.rollback()
        host.db.drop_all()
    seen.append(host.post(integration_id, payload("b"), headers=HEADERS))

    assert [answer.status_code for answer in seen] == [200, 403, 422, 404, 503]
    everything = log.getvalue() + "".join(told)
    everything += "".join(str(answer.headers) + answer.get_data(as_text=True) for answer in seen)
    assert TOKEN not in everything
    assert "the receiver fails" in everything


def test_an_answer_never_shows_a_trace_or_sql(host: Host) -> None:
    integration_id = host.create_integration()
    with host.app.app_context():
        host.db.drop_all()

    text = host.post(integration_id, payload("a")).get_data(as_text=True)

    for word in ("Traceback", "SELECT", "INSERT", "webhook_alert ", "sqlalchemy"):
        assert word not in text


def test_a_token_that_cannot_be_stored_is_not_in_the_error(sqlite_host: Host) -> None:
    with sqlite_host.app.app_context(), pytest.raises(ValueError, match="ASCII") as caught:
        sqlite_host.alerts.create_integration("a", token=TOKEN + "é")

    assert TOKEN not in "".join(traceback.format_exception(caught.value, limit=0))


def test_no_text_forges_a_log_line(sqlite_host: Host, log: io.StringIO) -> None:
    integration_id = sqlite_host.create_integration()
    url, client = f"/integration/{integration_id}", sqlite_host.client

    for text in TEXTS:
        log.truncate(0)
        log.seek(0)
        body = encoded({**payload(text), "Title": 1, "Urgency": text, text: text})
        client.post(url, data=body, content_type="application/json")
        lines = log.getvalue().splitlines()
        assert [line.split()[0] for line in lines] == ["INFO"]
        assert all(character.isprintable() for line in lines for character in line)


@pytest.mark.parametrize("path", ["int_\x1b[2J", "int_a%0AERROR forged", "int_%00", "x" * 5_000])
def test_no_path_forges_a_log_line(sqlite_host: Host, log: io.StringIO, path: str) -> None:
    assert sqlite_host.client.post(f"/integration/{path}", json={}).status_code == 404

    (line,) = log.getvalue().splitlines()
    assert line.isprintable()
    assert len(line) < 400


def test_values_do_not_reach_the_log_of_a_failure(sqlite_host: Host, log: io.StringIO) -> None:
    integration_id = sqlite_host.create_integration()
    with sqlite_host.app.app_context():
        sqlite_host.db.session.execute(sa.text("DROP TABLE webhook_alert_event"))
        sqlite_host.db.session.commit()

    sqlite_host.post(integration_id, {**payload("a"), "Title": "private\x1b[2J"})

    assert "\x1b" not in log.getvalue()
