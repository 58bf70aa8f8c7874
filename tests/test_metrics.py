"""What a scrape tells is what has happened, however many apps and processes there are."""

from __future__ import annotations

import contextlib
import gc
import http.client
import importlib
import json
import logging
import os
import subprocess
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import prometheus_client
import pytest
from flask import abort
from flask import Flask
from flask import request
from flask.typing import ResponseReturnValue
from flask_sqlalchemy import SQLAlchemy
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_repeated
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.contrib.metrics import Metrics
from flask_webhook_alerts.contrib.metrics import OUTCOMES
from tests.faults.web import ThreadedGunicorn
from tests.hosts import Host
from tests.hosts import running_host
from tests.redis_server import require_program
from tests.test_cli import execute

ROOT = Path(__file__).parent.parent
EVENT = {"event_type": "create", "Id": "disk-full", "Title": "Disk full", "Description": "/var"}

Connect = Callable[..., None]
Labels = Mapping[str, str]


class Scrape:
    """What a scrape answered."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        self._samples = [sample for family in self.families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the sum of the samples with these labels, at least; None if there are none."""
        values = [
            sample.value
            for sample in self._samples
            if sample.name == f"webhook_alerts_{name}" and labels.items() <= sample.labels.items()
        ]
        return sum(values) if values else None

    def values(self, name: str, label: str, **labels: str) -> dict[str, float]:
        """Return the values above zero, by a label."""
        return {
            sample.labels[label]: sample.value
            for sample in self._samples
            if sample.name == f"webhook_alerts_{name}"
            and labels.items() <= sample.labels.items()
            and sample.value
        }


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> Metrics:
    return Metrics(registry=registry)


@pytest.fixture
def counted(host: Host, metrics: Metrics) -> Host:
    """A host on every kind of database, with metrics."""
    metrics.init_app(host.app)
    return host


@pytest.fixture
def sqlite_counted(sqlite_host: Host, metrics: Metrics) -> Host:
    metrics.init_app(sqlite_host.app)
    return sqlite_host


def scrape(registry: CollectorRegistry) -> Scrape:
    return Scrape(prometheus_client.generate_latest(registry).decode())


def page(_app: Flask, **_facts: t.Any) -> None: ...


def fail(_app: Flask, **_facts: t.Any) -> None:
    raise RuntimeError("The pager is out of order.")


# --- What happens -----------------------------------------------------------------------------


def test_requests_are_counted_by_outcome(sqlite_counted: Host, registry: CollectorRegistry) -> None:
    integration_id = sqlite_counted.create_integration()
    for kind in ("create", "create", "create", "acknowledge", "acknowledge", "resolve", "resolve"):
        sqlite_counted.post(integration_id, {**EVENT, "event_type": kind})
    sqlite_counted.post(integration_id, {})

    seen = scrape(registry)

    assert seen.values("requests_total", "outcome", flask_app="host", integration="") == {
        "created": 1,
        "repeated": 2,
        "acknowledged": 1,
        "unchanged": 1,
        "resolved": 1,
        "ignored": 1,
        "refused": 1,
    }
    assert seen.values("answer_seconds_count", "outcome") == seen.values(
        "requests_total", "outcome"
    )
    assert 0 < (seen.value("answer_seconds_sum") or 0) < 60


def test_every_outcome_is_there_from_the_start(
    sqlite_counted: Host, registry: CollectorRegistry
) -> None:
    seen = scrape(registry)

    for outcome in OUTCOMES:
        assert seen.value("requests_total", outcome=outcome) == 0
    # What pages people must be seen to rise, hence begin at zero.
    assert seen.value("refusals_total", status="503", code="unavailable") == 0


def test_refusals_are_counted_by_status_and_name(
    sqlite_counted: Host, registry: CollectorRegistry
) -> None:
    host = sqlite_counted
    guarded, plain = host.create_integration(token="s3cret-t0ken"), host.create_integration()
    host.post(guarded, EVENT)
    host.post(guarded, EVENT, headers={"pagertree-token": "wrong"})
    host.post(guarded, EVENT, headers={"pagertree-token": "wrong too"})
    host.client.post(f"/integration/{plain}", data=b"{", content_type="application/json")
    host.post("int_00000000000000", EVENT)

    seen = scrape(registry)

    assert seen.values("refusals_total", "code", integration="") == {
        "token_missing": 1,
        "token_wrong": 2,
        "not_json": 1,
        "integration_unknown": 1,
    }
    assert seen.values("refusals_total", "status", code="token_wrong") == {"403": 2}
    assert seen.value("requests_total", outcome="refused") == 5


def test_receivers_are_counted_and_timed_by_name(
    sqlite_counted: Host, registry: CollectorRegistry, connect: Connect
) -> None:
    connect(alert_created, page)
    connect(alert_repeated, page)
    connect(alert_created, fail)
    integration_id = sqlite_counted.create_integration()
    for _ in range(3):
        sqlite_counted.post(integration_id, EVENT)

    seen = scrape(registry)

    ours, failing = f"{__name__}:page", f"{__name__}:fail"
    assert seen.values("receiver_seconds_count", "receiver") == {ours: 3, failing: 1}
    assert seen.value("receiver_failures_total", receiver=failing) == 1
    assert seen.value("receiver_failures_total", receiver=ours) == 0
    assert 0 < (seen.value("receiver_seconds_sum", receiver=ours) or 0) < 60


def test_integrations_are_told_apart_if_the_host_wants(
    sqlite_host: Host, registry: CollectorRegistry
) -> None:
    Metrics(sqlite_host.app, registry=registry, by_integration=True)
    first, second = sqlite_host.create_integration("first"), sqlite_host.create_integration("next")
    for integration_id in (first, second, second, "int_00000000000000", "int_0000000000000x"):
        sqlite_host.post(integration_id, EVENT)
    sqlite_host.post(second, {})

    seen = scrape(registry)

    assert seen.values("requests_total", "integration", outcome="created") == {first: 1, second: 1}
    assert seen.values("refusals_total", "integration", status="422") == {second: 1}
    # Ids that nobody has are in senders' hands: they make no series.
    assert seen.values("refusals_total", "integration", status="404") == {"": 2}


# --- What is stored -------------------------------------------------------------------------------


def test_alerts_are_counted_in_the_database(counted: Host, registry: CollectorRegistry) -> None:
    integration_id = counted.create_integration()
    for key, kinds in {"a": "c", "b": "c", "c": "ca", "d": "cr", "e": "car"}.items():
        for kind in kinds:
            word = {"c": "create", "a": "acknowledge", "r": "resolve"}[kind]
            counted.post(integration_id, {**EVENT, "Id": key, "event_type": word})

    seen = scrape(registry)

    assert seen.values("active_alerts", "status") == {"open": 2, "acknowledged": 1}
    assert seen.value("database_up", flask_app="host") == 1


def test_events_owed_and_dead_are_counted_in_the_database(
    counted: Host, registry: CollectorRegistry, connect: Connect
) -> None:
    connect(alert_created, fail)
    integration_id = counted.create_integration()
    for key in "abc":
        counted.post(integration_id, {**EVENT, "Id": key})

    # Each has failed once, and is not due before some seconds.
    seen = scrape(registry)
    assert [seen.value(name) for name in GAUGES] == [3, 0, 0]

    execute(
        counted,
        "UPDATE webhook_alert_event SET next_attempt_at = NULL WHERE id = 1",
        "UPDATE webhook_alert_event SET next_attempt_at = '2020-01-01 00:00:00.000000'"
        " WHERE id = 2",
    )
    owed, dead, late = (scrape(registry).value(name) for name in GAUGES)
    assert (owed, dead) == (2, 1)
    assert (late or 0) > 365 * 24 * 3600


GAUGES = ("events_owed", "events_dead", "delivery_late_seconds")


def test_what_is_stored_is_read_in_three_statements_and_no_more_than_read(
    counted: Host, registry: CollectorRegistry
) -> None:
    with counted.app.app_context():
        engine = counted.db.engine
    statements: list[str] = []

    def note(_connection: t.Any, _cursor: t.Any, statement: str, *_rest: t.Any) -> None:
        statements.append(statement.split()[0])

    event.listen(engine, "before_cursor_execute", note)
    scrape(registry)
    event.remove(engine, "before_cursor_execute", note)

    assert statements == ["SELECT"] * 3


def test_neither_metrics_nor_apps_ask_the_database_before_a_scrape(sqlite_url: str) -> None:
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = sqlite_url
    db = SQLAlchemy(app)
    WebhookAlerts(db, app)

    Metrics(app, registry=CollectorRegistry(auto_describe=True))

    assert not Path(sqlite_url.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_database_a_scrape_tells_what_it_knows(
    counted: Host, registry: CollectorRegistry, metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    counted.app.add_url_rule("/metrics", view_func=metrics.view)
    integration_id = counted.create_integration()
    counted.post(integration_id, EVENT)
    with counted.app.app_context():
        counted.db.drop_all()
    counted.post(integration_id, EVENT)

    response = counted.client.get("/metrics")
    counted.client.get("/metrics")

    seen = Scrape(response.text)
    assert response.status_code == 200
    assert seen.value("database_up") == 0
    assert seen.value("active_alerts") is None
    assert seen.values("requests_total", "outcome") == {"created": 1, "refused": 1}
    assert seen.value("refusals_total", code="unavailable") == 1
    lines = [r for r in caplog.records if r.message == "The metrics of 'host' cannot be read"]
    assert [(line.levelno, line.__dict__["action"]) for line in lines] == [
        (logging.ERROR, "metrics_read_failed")
    ]

    with counted.app.app_context():
        counted.db.create_all()
    assert scrape(registry).value("database_up") == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
        "mysql+pymysql://nobody@127.0.0.1:1/nothing",
        "sqlite:////no/such/folder/host.db",
    ],
)
def test_a_database_that_nobody_serves_is_no_error_of_the_scrape(
    url: str, registry: CollectorRegistry
) -> None:
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    WebhookAlerts(SQLAlchemy(app), app)
    Metrics(app, registry=registry)

    seen = scrape(registry)

    assert seen.value("database_up") == 0
    assert seen.value("requests_total") == 0


# --- Apps and registries --------------------------------------------------------------------------


@contextlib.contextmanager
def two_hosts(tmp_path: Path, names: tuple[str, str], metrics: Metrics) -> Iterator[list[Host]]:
    with contextlib.ExitStack() as stack:
        hosts = []
        for number, name in enumerate(names):
            host = stack.enter_context(running_host(f"sqlite:///{tmp_path}/{number}.db"))
            metrics.init_app(host.app, name=name)
            hosts.append(host)
        yield hosts


def test_two_apps_share_a_registry_and_do_not_collide(
    tmp_path: Path, registry: CollectorRegistry, metrics: Metrics
) -> None:
    with two_hosts(tmp_path, ("shop", "depot"), metrics) as (shop, depot):
        for host, times in ((shop, 2), (depot, 3)):
            integration_id = host.create_integration()
            for number in range(times):
                host.post(integration_id, {**EVENT, "Id": str(number)})

        seen = scrape(registry)

    assert seen.values("requests_total", "flask_app") == {"shop": 2, "depot": 3}
    assert seen.values("active_alerts", "flask_app") == {"shop": 2, "depot": 3}
    assert seen.values("database_up", "flask_app") == {"shop": 1, "depot": 1}


def test_of_two_apps_with_one_name_the_last_ones_database_is_read(
    tmp_path: Path, registry: CollectorRegistry, metrics: Metrics
) -> None:
    with two_hosts(tmp_path, ("shop", "shop"), metrics) as (first, second):
        first.post(first.create_integration(), EVENT)
        for _ in range(2):
            second.post(second.create_integration(), EVENT)

        seen = scrape(registry)

    assert seen.value("active_alerts", flask_app="shop") == 2
    assert seen.value("requests_total", flask_app="shop") == 3


def test_a_registry_hears_only_of_its_own_apps(tmp_path: Path) -> None:
    registries = [CollectorRegistry(), CollectorRegistry()]
    with contextlib.ExitStack() as stack:
        for number, registry in enumerate(registries):
            host = stack.enter_context(running_host(f"sqlite:///{tmp_path}/{number}.db"))
            Metrics(host.app, registry=registry)
            host.post(host.create_integration(), EVENT)

        assert [scrape(registry).value("requests_total") for registry in registries] == [1, 1]


def test_objects_on_one_registry_share_its_metrics(
    tmp_path: Path, registry: CollectorRegistry
) -> None:
    with running_host(f"sqlite:///{tmp_path}/a.db") as first:
        Metrics(first.app, registry=registry)
        with running_host(f"sqlite:///{tmp_path}/b.db") as second:
            Metrics(registry=registry).init_app(second.app, name="second")

            assert scrape(registry).values("database_up", "flask_app") == {"host": 1, "second": 1}


def test_the_hosts_default_registry_is_the_librarys(sqlite_host: Host) -> None:
    Metrics(sqlite_host.app)

    seen = scrape(prometheus_client.REGISTRY)

    assert seen.value("database_up", flask_app="host") == 1


def test_an_app_that_is_gone_is_gone_from_the_scrape(
    tmp_path: Path, registry: CollectorRegistry, metrics: Metrics
) -> None:
    with running_host(f"sqlite:///{tmp_path}/a.db") as host:
        metrics.init_app(host.app)
        assert scrape(registry).value("database_up") == 1

    del host
    gc.collect()
    assert scrape(registry).value("database_up") is None


def test_an_app_is_counted_once(sqlite_counted: Host, metrics: Metrics) -> None:
    with pytest.raises(RuntimeError, match="Metrics count the app 'host' already"):
        metrics.init_app(sqlite_counted.app)


def test_an_app_without_alerts_cannot_be_counted(metrics: Metrics) -> None:
    with pytest.raises(RuntimeError, match=r"Call alerts\.init_app\(app\)"):
        metrics.init_app(Flask("host"))


def test_without_the_extra_the_import_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "flask_webhook_alerts.contrib.metrics")
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    with pytest.raises(ImportError, match=r"install Flask-Webhook-Alerts\[metrics\]\."):
        importlib.import_module("flask_webhook_alerts.contrib.metrics")


# --- The view -------------------------------------------------------------------------------------


def test_the_view_speaks_what_the_scraper_asks_for(sqlite_counted: Host, metrics: Metrics) -> None:
    sqlite_counted.app.add_url_rule("/metrics", view_func=metrics.view)
    client = sqlite_counted.client

    plain = client.get("/metrics")
    modern = client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )
    few = client.get("/metrics?name[]=webhook_alerts_database_up")

    assert plain.mimetype == "text/plain"
    assert modern.mimetype == "application/openmetrics-text"
    assert modern.text.endswith("# EOF\n")
    assert [family.name for family in Scrape(few.text).families] == ["webhook_alerts_database_up"]


def test_there_is_no_view_until_the_host_makes_one(sqlite_counted: Host) -> None:
    rules = [rule.rule for rule in sqlite_counted.app.url_map.iter_rules()]

    assert not [rule for rule in rules if "metrics" in rule]


def test_the_host_guards_the_view_as_it_likes(sqlite_counted: Host, metrics: Metrics) -> None:
    @sqlite_counted.app.get("/internal/metrics")
    def guarded() -> ResponseReturnValue:
        if request.authorization is None or request.authorization.token != "scraper":
            abort(401)
        return metrics.view()

    client = sqlite_counted.client
    answers = [
        client.get("/internal/metrics").status_code,
        client.get("/internal/metrics", headers={"Authorization": "Bearer scraper"}).status_code,
    ]

    assert answers == [401, 200]


def test_names_and_texts_keep_the_conventions(
    sqlite_counted: Host, registry: CollectorRegistry, connect: Connect
) -> None:
    require_program("promtool")
    connect(alert_created, fail)
    sqlite_counted.post(sqlite_counted.create_integration(), EVENT)
    text = "".join(
        line + "\n"
        for line in prometheus_client.generate_latest(registry).decode().splitlines()
        if "_created" not in line  # the library's own, which it adds to each counter
    )

    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- Several processes ----------------------------------------------------------------------------


@pytest.fixture
def environment(tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    """The environment of all processes of one host."""
    folder = tmp_path / "multiprocess"
    folder.mkdir()
    return {
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
        "HOST_SQLALCHEMY_DATABASE_URI": sqlite_url,
        "HOST_WEBHOOK_ALERTS_DELIVERY": "manual",
    }


def test_with_several_processes_what_is_stored_is_told_beside_what_they_counted(
    sqlite_counted: Host, metrics: Metrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite_counted.app.add_url_rule("/metrics", view_func=metrics.view)
    sqlite_counted.post(sqlite_counted.create_integration(), EVENT)
    # This process keeps its counters to itself, as it did not begin with the variable.
    (tmp_path / "multiprocess").mkdir()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "multiprocess"))

    seen = Scrape(sqlite_counted.client.get("/metrics").text)

    assert seen.values("active_alerts", "status") == {"open": 1}
    assert seen.value("requests_total") is None


def test_two_workers_and_a_deliverer_tell_one_story(
    environment: dict[str, str], tmp_path: Path, sqlite_url: str
) -> None:
    with running_host(sqlite_url) as host:
        integration_id = host.create_integration()
        server = ThreadedGunicorn(
            tmp_path, environment, workers=2, threads=4, app="tests.metrics_host:serve()"
        )
        server.start()
        try:
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(lambda n: post_to(server, integration_id, n), range(40)))
            before = [get_metrics(server) for _ in range(6)]
            deliver(environment)
            after = get_metrics(server)
        finally:
            server.stop()

    # Whichever worker answers tells of both, and each series is there once.
    assert {seen.value("requests_total", outcome="created") for seen in before} == {40}
    assert {seen.value("events_owed") for seen in before} == {40}
    assert all(
        text.count("\nwebhook_alerts_database_up{") == 1 for text in (s.text for s in before)
    )
    assert after.value("events_owed") == 0
    assert after.value("receiver_seconds_count", receiver="tests.metrics_host:page_someone") == 40
    counting = {path.name for path in Path(environment["PROMETHEUS_MULTIPROC_DIR"]).iterdir()}
    assert len([name for name in counting if name.startswith("counter_")]) >= 3


def post_to(server: ThreadedGunicorn, integration_id: str, number: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        body = json.dumps({**EVENT, "Id": str(number)})
        headers = {"Content-Type": "application/json", "Connection": "close"}
        connection.request("POST", f"/integration/{integration_id}", body, headers)
        assert connection.getresponse().status == 200


def get_metrics(server: ThreadedGunicorn) -> Scrape:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/metrics", headers={"Connection": "close"})
        return Scrape(connection.getresponse().read().decode())


def deliver(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "flask", "--app", "tests.metrics_host:serve"]
    subprocess.run(
        [*command, "webhook-alerts", "deliver"],
        env={**os.environ, **environment}, cwd=ROOT, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
