"""The builders: what each known client posts is taken by an integration with its options."""

from __future__ import annotations

import typing as t

import pytest

from flask_webhook_alerts.testing import Alertmanager
from flask_webhook_alerts.testing import Apprise
from flask_webhook_alerts.testing import clients
from flask_webhook_alerts.testing import Healthchecks
from flask_webhook_alerts.testing import LibreNMS
from flask_webhook_alerts.testing import PagerTree
from flask_webhook_alerts.testing import Peekaping
from flask_webhook_alerts.testing import Plain
from flask_webhook_alerts.testing import UptimeKuma
from tests.hosts import Host
from tests.kit.conftest import sender_to

CLIENTS: list[t.Any] = [
    Alertmanager,
    Apprise,
    Healthchecks,
    LibreNMS,
    PagerTree,
    Peekaping,
    Plain,
    UptimeKuma,
]
EACH_CLIENT = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)


def test_the_list_above_is_complete() -> None:
    assert {client.__name__ for client in CLIENTS} == set(clients.__all__) - {"Payload"}


@EACH_CLIENT
def test_what_a_client_creates_is_taken(client: t.Any, sqlite_host: Host) -> None:
    sender = sender_to(sqlite_host, **client.options)

    assert sender(client().create()).outcome == "created"
    assert sender(client().create()).outcome == "repeated"


@pytest.mark.parametrize(
    "client", [Alertmanager, Apprise, Healthchecks, LibreNMS, Plain, UptimeKuma]
)
def test_what_a_client_resolves_is_resolved(client: t.Any, sqlite_host: Host) -> None:
    sender = sender_to(sqlite_host, **client.options)
    sender(client().create())

    assert sender(client().resolve()).outcome == "resolved"


@pytest.mark.parametrize("client", [Apprise, LibreNMS, Plain])
def test_what_a_client_acknowledges_is_acknowledged(client: t.Any, sqlite_host: Host) -> None:
    sender = sender_to(sqlite_host, **client.options)
    sender(client().create())

    assert sender(client().acknowledge()).outcome == "acknowledged"


@pytest.mark.parametrize("client", [LibreNMS, UptimeKuma])
def test_the_test_button_of_a_client_opens_an_alert_of_its_own(
    client: t.Any, sqlite_host: Host
) -> None:
    sender = sender_to(sqlite_host, **client.options)

    assert [sender(client().create()).alert_id, sender(client().test()).alert_id] == [1, 2]


@pytest.mark.parametrize("client", [LibreNMS, UptimeKuma])
def test_a_client_that_needs_it_is_refused_by_a_strict_integration(
    client: t.Any, sqlite_host: Host
) -> None:
    sender_to(sqlite_host)(client().create(), expect=422)


def test_two_things_that_are_watched_are_two_alerts(sqlite_host: Host) -> None:
    sender = sender_to(sqlite_host, strict=False)
    payloads = [
        *(Plain(key=key).create() for key in "ab"),
        *(UptimeKuma(monitor_id=number).create() for number in (1, 2)),
        *(LibreNMS(alert_id=number).create() for number in (3, 4)),
        *(Peekaping(monitor_id=key).create() for key in "cd"),
        *(Healthchecks(code=key).create() for key in "ef"),
        *(Apprise(key=key).create() for key in "gh"),
        *(PagerTree(key=key).create() for key in "ij"),
    ]

    assert {sender(payload).outcome for payload in payloads} == {"created"}


def test_the_wrapper_key_of_alertmanager_takes_the_half_that_fits(sqlite_host: Host) -> None:
    sender = sender_to(sqlite_host, **Alertmanager.options)

    alert = sender(Alertmanager(key="disk/db-2", instance="db-2").create()).alert

    assert (alert.thirdparty_id, alert.title) == ("disk/db-2", "Disk full (db-2)")
    assert alert.description == "/var is at 97 %."


def test_the_longer_example_of_pagertree_is_an_incident(sqlite_host: Host) -> None:
    alert = sender_to(sqlite_host)(PagerTree().incident()).alert

    assert (alert.incident, alert.incident_severity, alert.tags) == (True, "SEV-1", ["a", "b", "c"])


def test_the_pagertree_integration_of_healthchecks_is_refused(sqlite_host: Host) -> None:
    answer = sender_to(sqlite_host, strict=False)(Healthchecks().trigger(), expect=422)

    assert answer.errors.keys() == {"event_type", "Id"}
