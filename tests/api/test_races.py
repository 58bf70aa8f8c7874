"""Programs that act at once are told what the timeline tells."""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests.api.hosts import add_api
from tests.api.hosts import AUTHORIZATION
from tests.api.hosts import body
from tests.api.hosts import call
from tests.api.hosts import create_alert
from tests.hosts import Host
from tests.hosts import running_host
from tests.serving import serving

ALERTS = 12
CHANGES = {"acknowledged", "resolved"}


def post(url: str, path: str, ids: list[int] | None, start: Barrier) -> t.Any:
    """Ask for a change at the same moment as others."""
    start.wait(30)
    json = None if ids is None else {"ids": ids}
    answer = requests.post(f"{url}/api/v1{path}", json=json, headers=AUTHORIZATION, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def timeline(host: Host, alert_id: int) -> list[str]:
    """Return what happened to an alert after its creation."""
    events = body(call(host, "GET", f"/alerts/{alert_id}"))["events"]
    return [event["kind"] for event in events[1:]]


@pytest.fixture
def options(database_url: str) -> dict[str, t.Any]:
    """Settings of an engine for many threads."""
    if database_url.startswith("sqlite"):
        return {"pool_size": 30, "max_overflow": 0, "connect_args": {"timeout": 30}}

    return {"pool_size": 30, "max_overflow": 0}


def test_two_programs_that_acknowledge_and_resolve_at_once_agree_with_the_timeline(
    database_url: str, options: dict[str, t.Any]
) -> None:
    with running_host(database_url, config={"SQLALCHEMY_ENGINE_OPTIONS": options}) as host:
        add_api(host)
        with serving(host.app) as url, ThreadPoolExecutor(4) as pool:
            for number in range(ALERTS):
                alert_id, start = create_alert(host, f"disk-{number}"), Barrier(4)
                steps = ["acknowledge", "resolve", "acknowledge", "resolve"]
                answers = [
                    pool.submit(post, url, f"/alerts/{alert_id}/{step}", None, start)
                    for step in steps
                ]
                outcomes = [answer.result()["outcome"] for answer in answers]

                kinds = timeline(host, alert_id)
                assert kinds in (["resolved"], ["acknowledged", "resolved"])
                assert sorted(set(outcomes) & CHANGES) == sorted(kinds)
                assert [outcomes.count(kind) for kind in kinds] == [1] * len(kinds)
                assert set(outcomes[1::2]) == {"resolved", "ignored"}


def test_bulk_changes_at_once_agree_with_the_timeline(
    database_url: str, options: dict[str, t.Any]
) -> None:
    with running_host(database_url, config={"SQLALCHEMY_ENGINE_OPTIONS": options}) as host:
        add_api(host)
        integration_id = host.create_integration()
        ids = [
            create_alert(host, f"disk-{number}", integration_id=integration_id)
            for number in range(ALERTS)
        ]
        start = Barrier(4)
        asked = [(step, some) for some in (ids, ids[::-1]) for step in ("acknowledge", "resolve")]
        with serving(host.app) as url, ThreadPoolExecutor(4) as pool:
            futures = [
                pool.submit(post, url, f"/alerts/{step}", some, start) for step, some in asked
            ]
            results = [result for future in futures for result in future.result()["results"]]

        for alert_id in ids:
            told = [result["outcome"] for result in results if result["id"] == alert_id]
            assert sorted(kind for kind in told if kind in CHANGES) == timeline(host, alert_id)
