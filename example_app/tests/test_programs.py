"""What the shop's program may do, and nobody else."""

from __future__ import annotations

import typing as t

import pytest
from flask import Flask

from example_app.programs import PROGRAM
from flask_webhook_alerts.testing import AlertSender

HEADERS = {"Authorization": "Bearer out-of-the-settings"}


@pytest.fixture
def desk(desk: Flask) -> Flask:
    """A desk that knows a token."""
    desk.config.update(API_TOKEN="out-of-the-settings")
    return desk


def test_a_program_lists_acknowledges_and_resolves(desk: Flask, send_alert: AlertSender) -> None:
    client = desk.test_client()
    send_alert(Id="disk-full", Title="Disk full")

    listed = t.cast(t.Any, client.get("/api/v1/alerts?status=open", headers=HEADERS).json)
    path = f"/api/v1/alerts/{listed['alerts'][0]['id']}"
    outcomes = [
        t.cast(t.Any, client.post(f"{path}/{step}", headers=HEADERS).json)["outcome"]
        for step in ("acknowledge", "resolve")
    ]
    told = t.cast(t.Any, client.get(path, headers=HEADERS).json)

    assert outcomes == ["acknowledged", "resolved"]
    assert [event["by"] for event in told["events"]] == [None, PROGRAM, PROGRAM]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"Authorization": "Bearer guessed"}, 403), ({"Authorization": "Bearer "}, 403)],
)
def test_nobody_else_gets_in(desk: Flask, headers: dict[str, str], status: int) -> None:
    assert desk.test_client().get("/api/v1/alerts", headers=headers).status_code == status


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_in_the_settings_nobody_does(desk: Flask, token: str | None) -> None:
    desk.config["API_TOKEN"] = token

    for shown in ("", "None", "out-of-the-settings"):
        headers = {"Authorization": f"Bearer {shown}"}
        assert desk.test_client().get("/api/v1/alerts", headers=headers).status_code == 403


def test_a_token_of_digits_is_a_token(desk: Flask) -> None:
    desk.config["API_TOKEN"] = 12345  # as FLASK_API_TOKEN=12345 arrives
    headers = {"Authorization": "Bearer 12345"}

    assert desk.test_client().get("/api/v1/alerts", headers=headers).status_code == 200
