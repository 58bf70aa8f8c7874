"""No integration sends more than the limit, and no alert is lost over its limiter."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import math
import re
import socket
import sys
import threading
import time
import typing as t
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from limits.strategies import MovingWindowRateLimiter
from werkzeug.test import TestResponse

from flask_webhook_alerts import ConfigError
from flask_webhook_alerts import request_rejected
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.config import Settings
from flask_webhook_alerts.contrib import ratelimit
from flask_webhook_alerts.contrib.ratelimit import Circuit
from flask_webhook_alerts.contrib.ratelimit import RateLimiter
from tests.faults.host_app import create_app
from tests.faults.host_app import db as host_app_db
from tests.faults.web import ThreadedGunicorn
from tests.hosts import Host
from tests.hosts import running_host
from tests.redis_server import RedisServer
from tests.redis_server import running_redis
from tests.test_cli_doctor import examine

EVENT = {"event_type": "create", "Id": "disk-full", "Title": "Disk full", "Description": "/var"}
KEY = "WEBHOOK_ALERTS_RATE_LIMIT"
STORAGE = "WEBHOOK_ALERTS_RATE_LIMIT_STORAGE"
FAILS = re.compile("The rate limiter's storage .* fails, so events are let in without a limit")
BACK = re.compile("The rate limiter's storage .* answers again")

Limited = Callable[..., Host]


class Clock:
    """The time that the library and ours ask for."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.25

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock.time)
    return clock


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
def storage(request: pytest.FixtureRequest) -> str:
    """The URL of an empty storage, of each kind in turn."""
    if request.param == "memory":
        return "memory://"

    server: RedisServer = request.getfixturevalue("redis_server")
    with contextlib.closing(server.client()) as client:
        client.flushall()
    return server.url


@pytest.fixture
def limited(sqlite_url: str) -> Iterator[Limited]:
    """Return a maker of hosts with a limit."""
    with contextlib.ExitStack() as hosts:

        def make(limit: str, storage: str = "memory://", url: str = sqlite_url) -> Host:
            config = {KEY: limit, STORAGE: storage}
            return hosts.enter_context(running_host(url, config=config))

        yield make


def post(host: Host, integration_id: str, times: int = 1, **options: t.Any) -> list[int]:
    """Post an event so many times, and return the answers' statuses."""
    return [host.post(integration_id, EVENT, **options).status_code for _ in range(times)]


def wait_of(response: TestResponse) -> int:
    return int(response.headers["Retry-After"])


# --- The limit ------------------------------------------------------------------------------------


def test_the_limit_passes_and_no_more(limited: Limited, storage: str) -> None:
    host = limited("3 per minute", storage)
    integration_id = host.create_integration()

    assert post(host, integration_id, 5) == [200, 200, 200, 429, 429]
    assert [alert.occurrences for alert in host.stored_alerts()] == [3]


def test_a_refusal_says_when_to_come_again(limited: Limited, storage: str, clock: Clock) -> None:
    host = limited("1 per minute", storage)
    integration_id = host.create_integration()
    post(host, integration_id)

    clock.now += 17.5
    response = host.post(integration_id, EVENT)

    assert response.status_code == 429
    assert response.headers["Retry-After"] == "43"
    assert response.content_type == "application/problem+json"
    assert response.json == {
        "type": "urn:problem-type:webhook-alerts:rate-limited",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "This integration may send 1 per minute. Nothing was stored; send it again in"
        " 43 s.",
    }


def test_each_integration_has_a_limit_of_its_own(limited: Limited, storage: str) -> None:
    host = limited("1 per minute", storage)
    first, second = host.create_integration("first"), host.create_integration("second")

    assert post(host, first, 2) == [200, 429]
    assert post(host, second, 2) == [200, 429]


def test_no_window_of_the_time_holds_more_than_the_limit(
    limited: Limited, storage: str, clock: Clock
) -> None:
    host = limited("4 per 10 seconds", storage)
    integration_id = host.create_integration()
    passed = []
    for _ in range(100):
        clock.now += 0.7
        if post(host, integration_id) == [200]:
            passed.append(clock.now)

    busiest = max(sum(at - 10 < other <= at for other in passed) for at in passed)
    assert busiest == 4
    assert len(passed) == math.ceil(100 * 0.7 / 10) * 4


@pytest.mark.parametrize("limit", ["1 per 7 seconds", "3 per minute", "5/hour", "2 per day"])
def test_who_waits_as_told_gets_in_and_who_comes_a_second_sooner_does_not(
    limited: Limited, storage: str, clock: Clock, limit: str
) -> None:
    host = limited(limit, storage)
    integration_id = host.create_integration()
    while (response := host.post(integration_id, EVENT)).status_code == 200:
        clock.now += 0.61

    clock.now += wait_of(response) - 1
    assert post(host, integration_id) == [429]

    clock.now += 1
    assert post(host, integration_id) == [200]


def test_a_sender_that_obeys_is_served_by_the_real_clock(limited: Limited, storage: str) -> None:
    host = limited("2 per second", storage)
    integration_id = host.create_integration()
    while (response := host.post(integration_id, EVENT)).status_code == 200:
        pass

    threading.Event().wait(wait_of(response))

    assert wait_of(response) == 1
    assert post(host, integration_id) == [200]


def test_a_window_that_emptied_meanwhile_is_worth_a_try_in_a_second(
    limited: Limited, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    host = limited("1 per day")
    integration_id = host.create_integration()
    post(host, integration_id)
    look = MovingWindowRateLimiter.get_window_stats

    def look_late(*arguments: t.Any) -> t.Any:
        clock.now += 100_000
        return look(*arguments)

    monkeypatch.setattr(MovingWindowRateLimiter, "get_window_stats", look_late)

    assert wait_of(host.post(integration_id, EVENT)) == 1


def test_threads_together_pass_exactly_the_limit(limited: Limited, storage: str) -> None:
    host = limited("20 per hour", storage)
    integration_id = host.create_integration()

    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda _: post(host, integration_id)[0], range(60))

    assert Counter(answers) == {200: 20, 429: 40}


# --- Where the check stands -----------------------------------------------------------------------


def test_who_shows_no_token_uses_nothing_up(limited: Limited) -> None:
    host = limited("1 per hour")
    integration_id = host.create_integration(token="s3cret-t0ken")
    wrong, right = {"pagertree-token": "wrong"}, {"pagertree-token": "s3cret-t0ken"}

    assert post(host, integration_id, 3, headers=wrong) == [403] * 3
    assert post(host, integration_id, 2, headers=right) == [200, 429]
    assert post(host, integration_id, headers=wrong) == [403]


def test_the_body_is_not_read_for_a_refusal(limited: Limited) -> None:
    host = limited("1 per hour")
    url = f"/integration/{host.create_integration()}"
    bad = {"data": b"not JSON", "content_type": "text/plain"}

    statuses = [host.client.post(url, **bad).status_code for _ in range(2)]

    # A bad event counts too: it is a request to answer. Then not even its type is looked at.
    assert statuses == [415, 429]


def test_other_methods_do_not_count(limited: Limited) -> None:
    host = limited("1 per hour")
    integration_id = host.create_integration()
    for method in ("GET", "OPTIONS", "PUT"):
        host.client.open(f"/integration/{integration_id}", method=method)

    assert post(host, integration_id, 2) == [200, 429]


def test_an_id_that_nobody_has_is_not_counted(limited: Limited, redis_server: RedisServer) -> None:
    host = limited("1 per hour", redis_server.url)
    with contextlib.closing(redis_server.client()) as client:
        client.flushall()

        assert post(host, "int_00000000000000", 3) == [404] * 3
        assert client.keys() == []


def test_host_code_has_no_limit(limited: Limited) -> None:
    host = limited("1 per hour")
    integration_id = host.create_integration()

    with host.app.app_context():
        receipts = [host.alerts.receive(integration_id, EVENT) for _ in range(3)]

    assert receipts[-1].occurrences == 3
    assert post(host, integration_id) == [200]


def test_a_refusal_is_announced_like_any_other(
    limited: Limited, connect: Callable[..., None]
) -> None:
    host = limited("1 per hour")
    integration_id = host.create_integration("Uptime Kuma")
    heard = []

    def listen(app: Flask, *, integration: t.Any, status: int, reason: str, **extra: t.Any) -> None:
        heard.append((integration.name, status, reason))

    connect(request_rejected, listen)
    post(host, integration_id, 2)

    [(name, status, reason)] = heard
    assert (name, status) == ("Uptime Kuma", 429)
    assert reason.startswith("This integration may send 1 per hour.")


def test_two_apps_do_not_share_a_limit(limited: Limited, storage: str, tmp_path: Path) -> None:
    hosts = [limited("1 per hour", storage, f"sqlite:///{tmp_path}/{name}.db") for name in "ab"]
    ids = [host.create_integration() for host in hosts]

    answers = [post(host, id_, 2) for host, id_ in zip(hosts, ids, strict=True)]

    assert answers == [[200, 429], [200, 429]]


def test_two_processes_of_one_app_share_what_is_in_redis(
    limited: Limited, redis_server: RedisServer
) -> None:
    first, second = (limited("3 per hour", redis_server.url) for _ in range(2))
    integration_id = first.create_integration()

    answers = [post(host, integration_id)[0] for host in (first, second, first, second)]

    assert answers == [200, 200, 200, 429]


# --- Settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limit", ["600 per minute", "600/minute", "10000 PER 12 Hours", " 1 per second ", "05 per day"]
)
def test_what_may_be_written_is_what_the_library_reads(limited: Limited, limit: str) -> None:
    host = limited(limit)

    assert post(host, host.create_integration()) == [200]


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:port/0",
        "redis://:pass/word@127.0.0.1/0",
        "redis://[::1/0",
        "redis://:pass@127.0.0.1/0?no_such_option=1",
        "redis://127.0.0.1/0?socket_timeout=soon",
    ],
)
def test_a_url_that_the_client_cannot_read_is_an_error_at_start(limited: Limited, url: str) -> None:
    with pytest.raises(ConfigError, match=STORAGE) as caught:
        limited("1 per hour", url)

    assert 'such as "redis://:password@127.0.0.1:6379/0"' in str(caught.value)
    assert "pass@" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:hidden@127.0.0.1:6379/2?password=hidden", "redis://127.0.0.1:6379/2"),
        ("rediss://:hidden@redis.example.com", "rediss://redis.example.com"),
        ("redis+unix://:hidden@/run/redis.sock?db=1", "redis+unix:///run/redis.sock"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    settings = Settings.from_config({KEY: "1 per hour", STORAGE: url})

    assert RateLimiter("1 per hour", url).storage == shown
    assert "hidden" not in repr(settings)
    assert settings.rate_limit_storage == url


@pytest.mark.parametrize("library", ["limits", "redis"])
def test_without_the_extra_a_limit_is_an_error_that_names_it(
    limited: Limited, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.delitem(sys.modules, "flask_webhook_alerts.contrib.ratelimit")
    monkeypatch.delattr("flask_webhook_alerts.contrib.ratelimit")
    monkeypatch.setitem(sys.modules, library, None)

    with pytest.raises(ConfigError) as caught:
        limited("600 per minute")

    assert str(caught.value) == (
        "WEBHOOK_ALERTS_RATE_LIMIT is '600 per minute'. Rate limits need the extra: install"
        " Flask-Webhook-Alerts[ratelimit]. Or remove the setting."
    )


def test_without_a_limit_the_library_is_not_even_imported(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "flask_webhook_alerts.contrib.ratelimit")

    with running_host(sqlite_url, config={STORAGE: "redis://127.0.0.1:1/0"}) as host:
        assert post(host, host.create_integration(), 2) == [200, 200]

    assert "flask_webhook_alerts.contrib.ratelimit" not in sys.modules


def test_neither_a_connection_nor_a_thread_is_made_at_start(sqlite_url: str) -> None:
    threads = {*threading.enumerate()}
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for storage in (f"redis://127.0.0.1:{server.getsockname()[1]}/0", "memory://"):
            app = Flask("host")
            app.config.update({KEY: "1 per hour", STORAGE: storage})
            app.config["SQLALCHEMY_DATABASE_URI"] = sqlite_url
            WebhookAlerts(SQLAlchemy(app), app)

        with pytest.raises(BlockingIOError):
            server.accept()
    # One that an earlier test has left may end meanwhile.
    assert {*threading.enumerate()} <= threads


# --- A storage that fails -------------------------------------------------------------------------


def test_events_come_in_while_redis_is_away_and_are_counted_when_it_is_back(
    limited: Limited, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setattr(ratelimit, "PAUSE", 0.0)
    with running_redis(tmp_path) as server:
        host = limited("2 per hour", server.url)
        integration_id = host.create_integration()
        before = post(host, integration_id, 3)
        server.stop()
        away = post(host, integration_id, 3)
        server.start()
        back = post(host, integration_id, 3)

    assert (before, away, back) == ([200, 200, 429], [200, 200, 200], [200, 200, 429])
    lines = [r for r in caplog.records if r.name == ratelimit.__name__]
    assert [bool(FAILS.match(line.message)) for line in lines] == [True, False]
    assert BACK.match(lines[-1].message)
    assert server.url in lines[0].message


def test_a_redis_that_hangs_holds_nobody_up(limited: Limited, tmp_path: Path) -> None:
    with running_redis(tmp_path) as server:
        host = limited("1 per hour", server.url)
        integration_id = host.create_integration()
        post(host, integration_id)
        server.freeze()
        # Without time-outs this would wait for ever.
        hanging = post(host, integration_id, 5)
        server.thaw()

    assert hanging == [200] * 5


def test_a_server_that_answers_nothing_is_asked_once(limited: Limited) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        host = limited("1 per hour", f"redis://127.0.0.1:{server.getsockname()[1]}/0")

        assert post(host, host.create_integration(), 5) == [200] * 5

        server.accept()[0].close()
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_connection_that_was_closed_while_idle_is_opened_again(
    limited: Limited, redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    host = limited("1 per hour", redis_server.url)
    integration_id = host.create_integration()
    post(host, integration_id)
    with contextlib.closing(redis_server.client()) as client:
        client.client_kill_filter(_type="normal", skipme=True)

    assert post(host, integration_id) == [429]
    assert not any(FAILS.match(message) for message in caplog.messages)


def test_what_goes_wrong_in_the_library_lets_the_event_in(
    limited: Limited, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    host = limited("1 per hour")
    integration_id = host.create_integration()

    def hit(*_arguments: t.Any) -> bool:
        raise TypeError("hit() got what it does not know")

    monkeypatch.setattr(MovingWindowRateLimiter, "hit", hit)

    assert post(host, integration_id, 3) == [200] * 3
    [line] = [message for message in caplog.messages if FAILS.match(message)]
    assert "hit() got what it does not know" in line


class Instant:
    """A monotonic clock that stands still until it is moved."""

    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> Instant:
    instant = Instant()
    monkeypatch.setattr(time, "monotonic", instant.monotonic)
    return instant


def test_a_storage_that_failed_is_left_alone_but_for_one_request_in_a_while(
    instant: Instant,
) -> None:
    circuit = Circuit("somewhere")
    assert [circuit.may_try() for _ in range(3)] == [True] * 3

    circuit.failed(OSError())
    assert [circuit.may_try() for _ in range(3)] == [False] * 3

    instant.now += ratelimit.PAUSE
    assert [circuit.may_try() for _ in range(3)] == [True, False, False]

    circuit.succeeded()
    assert [circuit.may_try() for _ in range(3)] == [True] * 3


def test_a_storage_that_fails_is_in_the_log_once_a_minute(
    instant: Instant, caplog: pytest.LogCaptureFixture
) -> None:
    circuit = Circuit("somewhere")
    for _ in range(61):
        circuit.failed(OSError("nobody is there"))
        instant.now += 1.0

    lines = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(lines) == 2
    assert "somewhere" in lines[0].message
    assert "nobody is there" in lines[0].message


# --- Several processes ----------------------------------------------------------------------------


@pytest.fixture
def serve(tmp_path: Path, sqlite_url: str) -> Iterator[Callable[..., tuple[ThreadedGunicorn, str]]]:
    """Return a function that serves the host by two gunicorn workers, and makes an integration."""
    with contextlib.ExitStack() as running:

        def serve(storage: str) -> tuple[ThreadedGunicorn, str]:
            app = create_app({"SQLALCHEMY_DATABASE_URI": sqlite_url})
            with app.app_context():
                host_app_db.create_all()
                alerts = app.extensions["webhook_alerts"]
                integration_id = str(alerts.integrations.create("a sender", {}).id)
                host_app_db.engine.dispose()
            env = {
                "HOST_SQLALCHEMY_DATABASE_URI": sqlite_url,
                "HOST_RECEIVERS_JOURNAL": str(tmp_path / "journal"),
                f"HOST_{KEY}": "30 per hour",
                f"HOST_{STORAGE}": storage,
                # Who answered, in the log: the only way to know that both did.
                "GUNICORN_CMD_ARGS": "--access-logfile=- --access-logformat='%(m)s by %(p)s'",
            }
            server = ThreadedGunicorn(tmp_path, env, workers=2, threads=4)
            server.start()
            running.callback(server.stop)
            return server, integration_id

        yield serve


def post_to(server: ThreadedGunicorn, integration_id: str, times: int) -> Counter[int]:
    """Post from eight threads, each event by a connection of its own."""

    def post_one(_number: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        with contextlib.closing(connection):
            path = f"/integration/{integration_id}"
            connection.request("POST", path, json.dumps(EVENT), headers)
            return connection.getresponse().status

    with ThreadPoolExecutor(8) as threads:
        return Counter(threads.map(post_one, range(times)))


def workers_in(folder: Path) -> set[str]:
    """Return the process ids of the workers that have answered a post."""
    return set(re.findall(r"POST by <?(\d+)", (folder / "web.log").read_text()))


def test_two_workers_count_together_in_redis(
    serve: Callable[..., tuple[ThreadedGunicorn, str]], redis_server: RedisServer, tmp_path: Path
) -> None:
    server, integration_id = serve(redis_server.url)

    answers = post_to(server, integration_id, 120)
    while len(workers_in(tmp_path)) < 2:
        answers += post_to(server, integration_id, 8)

    assert answers[200] == 30
    assert set(answers) == {200, 429}
    assert "is counted by each process" not in (tmp_path / "web.log").read_text()


def test_two_workers_count_each_for_itself_in_memory_and_say_so_once(
    serve: Callable[..., tuple[ThreadedGunicorn, str]], tmp_path: Path
) -> None:
    server, integration_id = serve("memory://")

    answers = post_to(server, integration_id, 120)
    while len(workers_in(tmp_path)) < 2:
        answers += post_to(server, integration_id, 8)

    log = (tmp_path / "web.log").read_text()
    assert 30 < answers[200] <= 60
    assert log.count("WEBHOOK_ALERTS_RATE_LIMIT is counted by each process of this server") == 2
    assert "Set WEBHOOK_ALERTS_RATE_LIMIT_STORAGE to the URL of a Redis" in log


@pytest.mark.parametrize(
    ("storage", "multiprocess", "lines"),
    [("memory", True, 1), ("memory", False, 0), ("redis", True, 0)],
    indirect=["storage"],
)
def test_memory_with_several_workers_is_warned_of_once(
    limited: Limited, storage: str, multiprocess: bool, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    host = limited("600 per minute", storage)
    integration_id = host.create_integration()

    post(host, integration_id, 3, environ_overrides={"wsgi.multiprocess": multiprocess})

    said = [record for record in caplog.records if "by each process" in record.message]
    assert len(said) == lines


# --- The doctor -----------------------------------------------------------------------------------


def test_the_doctor_says_nothing_of_a_limit_that_is_not_set(sqlite_host: Host) -> None:
    assert "rate limit" not in examine(sqlite_host)


def test_the_doctor_notes_that_memory_is_not_shared(limited: Limited) -> None:
    host = limited("600 per minute")

    words = (
        "600 per minute for each integration, counted by each process for itself. If the server"
        " runs several, set WEBHOOK_ALERTS_RATE_LIMIT_STORAGE to the URL of a Redis."
    )
    assert examine(host)["rate limit"] == ("note", words)


def test_the_doctor_asks_redis(limited: Limited, redis_server: RedisServer) -> None:
    host = limited("600 per minute", redis_server.url)

    words = f"600 per minute for each integration, counted in {redis_server.url}."
    assert examine(host)["rate limit"] == ("ok", words)


def test_a_redis_that_is_away_is_a_problem(limited: Limited) -> None:
    host = limited("600 per minute", "redis://:hidden@127.0.0.1:1/0")

    level, words = examine(host, exit_code=1)["rate limit"]

    assert level == "problem"
    assert words.startswith("redis://127.0.0.1:1/0 does not answer, so events are let in without")


def test_a_redis_that_wants_a_password_lets_in_and_tells_the_doctor(
    limited: Limited, tmp_path: Path
) -> None:
    with running_redis(tmp_path) as server:
        with contextlib.closing(server.client()) as client:
            client.config_set("requirepass", "another")
        host = limited("1 per hour", server.url.replace("127", ":wrong@127"))

        assert post(host, host.create_integration(), 2) == [200, 200]
        assert examine(host, exit_code=1)["rate limit"][0] == "problem"


def test_keys_do_not_stay_in_redis_for_ever(limited: Limited, redis_server: RedisServer) -> None:
    host = limited("5 per minute", redis_server.url)
    with contextlib.closing(redis_server.client()) as client:
        client.flushall()
        integration_id = host.create_integration()
        post(host, integration_id)
        keys = t.cast("list[bytes]", client.keys())

        assert [integration_id in key.decode() for key in keys] == [True]
        assert 0 < client.ttl(keys[0]) <= 60
