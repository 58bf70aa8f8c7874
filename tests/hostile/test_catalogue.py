"""Send everything that is hostile to every database; nothing may break, nothing may get lost."""

from __future__ import annotations

import collections
import json
import typing as t

import pytest

from flask_webhook_alerts.decoding import clean
from tests.hostile.catalogue import BODIES
from tests.hostile.catalogue import encoded
from tests.hostile.catalogue import hostile_bodies
from tests.hostile.catalogue import payload
from tests.hostile.catalogue import TEXTS
from tests.hostile.catalogue import VALUES
from tests.hosts import Host

JSON = {"content_type": "application/json"}


@pytest.mark.parametrize("strict", [True, False])
def test_no_hostile_body_breaks_anything(host: Host, strict: bool) -> None:
    integration_id = host.create_integration(strict=strict, capture_additional_data=True)
    url, client = f"/integration/{integration_id}", host.client

    answers = collections.Counter(
        client.post(url, data=body, **JSON).status_code for body in hostile_bodies()
    )

    assert set(answers) == {200, 400, 413, 422}
    assert answers.total() > 1_700
    assert client.post(url, data=encoded(payload("after"))).status_code == 415
    assert client.post(url, data=encoded(payload("after")), **JSON).status_code == 200


@pytest.mark.parametrize("field", ["Title", "Description"])
def test_accepted_text_is_read_back_equal(host: Host, field: str) -> None:
    url, client = f"/integration/{host.create_integration()}", host.client
    sent: dict[int, str] = {}

    for number, text in enumerate(TEXTS):
        answer = client.post(url, data=encoded({**payload(str(number)), field: text}), **JSON)
        if answer.status_code == 200:
            sent[answer.get_json()["alert"]["id"]] = text

    stored = {alert.id: getattr(alert, field.lower()) for alert in host.stored_alerts()}
    assert stored == {alert_id: clean(text) for alert_id, text in sent.items()}
    assert len(stored) > 80


def test_accepted_values_are_read_back_equal(host: Host) -> None:
    url = f"/integration/{host.create_integration(capture_additional_data=True)}"
    client = host.client
    sent: dict[int, t.Any] = {}

    for number, value in enumerate((*TEXTS, *VALUES)):
        body = encoded({**payload(str(number)), "Meta": {"value": value}, "extra": value})
        sent[client.post(url, data=body, **JSON).get_json()["alert"]["id"]] = clean(value)

    for alert in host.stored_alerts():
        assert alert.meta == {"value": sent[alert.id]}
        assert alert.additional_data == {"extra": sent[alert.id]}


def test_accepted_ids_are_read_back_to_the_byte(host: Host) -> None:
    url, client = f"/integration/{host.create_integration()}", host.client

    accepted = [
        text
        for text in dict.fromkeys(TEXTS)
        if client.post(url, data=encoded(payload(text)), **JSON).status_code == 200
    ]

    assert [alert.thirdparty_id for alert in host.stored_alerts()] == accepted
    assert len(accepted) > 80


def test_answers_are_strict_json_whatever_was_sent(sqlite_host: Host) -> None:
    url, client = f"/integration/{sqlite_host.create_integration(strict=False)}", sqlite_host.client

    for body in (*BODIES, *(encoded(payload(text)) for text in TEXTS)):
        answer = client.post(url, data=body, **JSON)
        text = answer.get_data().decode("ascii")
        assert isinstance(json.loads(text, parse_constant=pytest.fail), dict)
