"""The dashboard and the rules ask only for what a scrape tells, and a real Prometheus understands.

The drawing of the dashboard is Grafana's; here stand what it asks and where it puts the answers.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import subprocess
import typing as t
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from tests.faults.processes import free_port
from tests.faults.processes import Program
from tests.faults.processes import wait_for
from tests.faults.web import ThreadedGunicorn
from tests.hosts import Host
from tests.hosts import running_host
from tests.redis_server import require_program
from tests.test_metrics import EVENT
from tests.test_metrics import get_metrics

ROOT = Path(__file__).parent.parent
DASHBOARD = ROOT / "docs" / "grafana-dashboard.json"
RULES = ROOT / "docs" / "prometheus-rules.yml"

Panel = dict[str, t.Any]


def dashboard() -> dict[str, t.Any]:
    loaded: dict[str, t.Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return loaded


def panels() -> list[Panel]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> dict[str, str]:
    """Return what the panels ask, with Grafana's variables filled in."""
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        .replace("$__rate_interval", "30s")
        .replace("$flask_app", ".*")
        for panel in panels()
        for target in panel["targets"]
    }


def alerts() -> dict[str, str]:
    """Return the expressions of the alerts, by name."""
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


# --- The files ------------------------------------------------------------------------------------


def test_the_dashboard_asks_one_data_source_that_its_reader_chooses() -> None:
    variables = {variable["name"]: variable for variable in dashboard()["templating"]["list"]}
    sources = [thing["datasource"] for panel in panels() for thing in (panel, *panel["targets"])]
    chosen = {"type": "prometheus", "uid": "${datasource}"}

    assert variables["datasource"]["query"] == "prometheus"
    assert all(source == chosen for source in [*sources, variables["flask_app"]["datasource"]])


def test_no_panel_covers_another() -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in dashboard()["panels"]]
    ids = [panel["id"] for panel in dashboard()["panels"]]

    assert len(ids) == len(set(ids))
    assert all(place["x"] + place["w"] <= 24 for _, place in places)
    for (name, one), (another, other) in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, f"{name} and {another}"


def test_every_panel_says_what_it_shows_and_in_which_unit() -> None:
    for panel in panels():
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in {"short", "s", "reqps", "ops"}


def test_every_query_heeds_the_chosen_app() -> None:
    for panel in panels():
        for target in panel["targets"]:
            selectors = re.findall(r"webhook_alerts_\w+(?:\{(.*?)\})?", target["expr"])
            assert selectors
            assert all('flask_app=~"$flask_app"' in selector for selector in selectors)


def test_what_every_process_tells_alike_is_never_added_up() -> None:
    stored = r"(?:active_alerts|events_owed|events_dead|delivery_late_seconds|database_up)"
    for name, query in {**queries(), **alerts()}.items():
        for function in re.findall(rf"(\w+) by \([\w, ]+\) \(webhook_alerts_{stored}\b", query):
            assert function in {"max", "min"}, name


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    for rule in (rule for group in groups for rule in group["rules"]):
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith(".")


@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "docs/prometheus-rules.yml"],
        ["test", "rules", "tests/prometheus_rules_test.yml"],
    ],
    ids=" ".join,
)
def test_prometheus_own_tool_finds_no_fault_in_the_rules(command: list[str]) -> None:
    require_program("promtool")

    done = subprocess.run(
        ["promtool", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "SUCCESS" in done.stdout


def test_every_alert_is_tried_both_ways() -> None:
    trials = (ROOT / "tests" / "prometheus_rules_test.yml").read_text("utf-8")

    assert [name for name in alerts() if trials.count(name) < 2] == []


# --- A real Prometheus ----------------------------------------------------------------------------


class Prometheus:
    """A server that scrapes one host every half second.

    :param folder: where its data and its log are.
    """

    def __init__(self, folder: Path, target: int) -> None:
        self._port = free_port()
        config = {
            "global": {"scrape_interval": "500ms", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [
                {"job_name": "shop", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}
            ],
        }
        (folder / "prometheus.yml").write_text(json.dumps(config))
        self._program = Program(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
            ],
            log=folder / "prometheus.log",
        )

    def start(self) -> None:
        self._program.start(lambda: bool(self.get("status/buildinfo")))

    def stop(self) -> None:
        self._program.end()

    def query(self, expression: str) -> list[t.Any]:
        """Return the series that an expression has now."""
        answer = self.get(f"query?query={urllib.parse.quote(expression)}")
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        found: list[t.Any] = answer["data"]["result"]
        return found

    def get(self, path: str) -> dict[str, t.Any]:
        url = f"http://127.0.0.1:{self._port}/api/v1/{path}"
        with contextlib.suppress(requests.RequestException):  # while it starts, it speaks no JSON
            return t.cast("dict[str, t.Any]", requests.get(url, timeout=10).json())
        return {}


@pytest.fixture(scope="module")
def busy_host(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ThreadedGunicorn, Host, str]]:
    """Two workers, the same database from outside, and an integration."""
    folder = tmp_path_factory.mktemp("busy")
    (folder / "multiprocess").mkdir()
    url = f"sqlite:///{folder / 'host.db'}"
    environment = {
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "multiprocess"),
        "HOST_SQLALCHEMY_DATABASE_URI": url,
    }
    with running_host(url) as host:
        server = ThreadedGunicorn(
            folder, environment, workers=2, threads=2, app="tests.metrics_host:serve()"
        )
        server.start()
        try:
            yield server, host, host.create_integration()
        finally:
            server.stop()


@pytest.fixture(scope="module")
def prometheus(
    busy_host: tuple[ThreadedGunicorn, Host, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    require_program("prometheus")
    server, _host, integration_id = busy_host
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), server.port)
    try:
        prometheus.start()
        numbers = itertools.count()

        def is_filled() -> bool:
            make_traffic(server, integration_id, next(numbers))
            return all(map(prometheus.query, queries().values()))

        # What a panel shows of a rate needs two scrapes with something between them.
        with contextlib.suppress(TimeoutError):  # the tests say which panel stayed empty
            wait_for("all panels", is_filled, patience=60)
        yield prometheus
    finally:
        prometheus.stop()


def make_traffic(server: ThreadedGunicorn, integration_id: str, number: int) -> None:
    """Send an alert through its life, and what is refused."""
    for kind in ("create", "create", "acknowledge", "resolve", "resolve"):
        send(server, integration_id, {**EVENT, "Id": str(number), "event_type": kind})
    send(server, integration_id, {"event_type": "create"})
    send(server, "int_00000000000000", EVENT)


def send(server: ThreadedGunicorn, integration_id: str, payload: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{server.port}/integration/{integration_id}"
    requests.post(url, json=payload, timeout=30)


@pytest.mark.parametrize("name", queries())
def test_every_panel_has_something_to_show(prometheus: Prometheus, name: str) -> None:
    assert prometheus.query(queries()[name])


def test_the_variable_of_the_dashboard_finds_the_apps(prometheus: Prometheus) -> None:
    (variable,) = (v for v in dashboard()["templating"]["list"] if v["name"] == "flask_app")
    match = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"])
    assert match

    metric, label = match.groups()

    assert prometheus.get(f"label/{label}/values?match[]={metric}")["data"] == ["shop"]


def test_every_rule_is_evaluated_without_a_fault(prometheus: Prometheus) -> None:
    def evaluated() -> list[dict[str, t.Any]]:
        groups = prometheus.get("rules")["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else []

    rules = wait_for("the rules to be evaluated", evaluated)

    assert {rule["name"]: rule["health"] for rule in rules} == dict.fromkeys(alerts(), "ok")


def test_rules_ask_for_metrics_and_labels_that_exist(
    busy_host: tuple[ThreadedGunicorn, Host, str],
) -> None:
    server, _host, integration_id = busy_host
    make_traffic(server, integration_id, -1)
    known: dict[str, set[str]] = {}
    for family in get_metrics(server).families:
        for sample in family.samples:
            known.setdefault(sample.name, set()).update(sample.labels)

    for name, query in {**alerts(), **queries()}.items():
        metrics = set(re.findall(r"webhook_alerts_\w+", query))
        selected = re.findall(r"(\w+)(?:=~|!~|!=|=)\"", query)
        grouped = [label for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(", ")]
        assert metrics <= known.keys(), name
        for metric in metrics:
            assert {*selected, *grouped} <= known[metric], name
