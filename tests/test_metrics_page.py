"""The page about metrics tells what a scrape does; ``test_docs`` runs its blocks."""

from __future__ import annotations

import re
from collections.abc import Callable

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from flask_webhook_alerts import alert_created
from flask_webhook_alerts.contrib.metrics import Metrics
from flask_webhook_alerts.contrib.metrics import OUTCOMES
from tests.hosts import Host
from tests.pages.recognised import ROOT
from tests.test_metrics import EVENT
from tests.test_metrics import fail
from tests.test_prometheus import alerts
from tests.test_reference import rows_of

PAGE = ROOT / "docs/metrics.md"


def test_the_table_of_metrics_is_what_a_scrape_tells(
    sqlite_host: Host, connect: Callable[..., None]
) -> None:
    registry = CollectorRegistry()
    Metrics(sqlite_host.app, registry=registry)
    connect(alert_created, fail)
    sqlite_host.post(sqlite_host.create_integration(), EVENT)
    text = prometheus_client.generate_latest(registry).decode()
    found = {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in text_string_to_metric_families(text)
        if not family.name.endswith("_created")
    }

    told = {
        name: (kind, set(re.findall(r"\w+", labels)))
        for name, kind, labels, _ in rows_of(PAGE, "metric")
    }

    assert told == found


def test_the_page_names_every_outcome() -> None:
    (about,) = (row[3] for row in rows_of(PAGE, "metric") if "requests_total" in row[0])

    assert re.findall(r"`(\w+)", about) == list(OUTCOMES)


def test_the_page_counts_the_alerts_right() -> None:
    words = ("six", "seven", "eight", "nine", "ten")

    assert f"has {words[len(alerts()) - 6]} alerts" in PAGE.read_text("utf-8")
