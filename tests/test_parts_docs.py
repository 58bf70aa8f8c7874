"""The pages about rate limits and metrics do what they say, and their tables are complete."""

from __future__ import annotations

import doctest
import re
import typing as t
from collections.abc import Callable
from pathlib import Path

import prometheus_client
import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.config import Settings
from flask_webhook_alerts.contrib.metrics import Metrics
from flask_webhook_alerts.contrib.metrics import OUTCOMES
from tests.hosts import Host
from tests.test_metrics import EVENT
from tests.test_metrics import fail
from tests.test_prometheus import alerts

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("ratelimit.md", "metrics.md")
BLOCK = re.compile(r"(<!-- config -->\n)?^```(python|pycon)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def rows(page: str) -> list[list[str]]:
    """Return the cells of a page's tables whose first one is code."""
    lines = (DOCS / page).read_text("utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]


def codes(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_does_what_it_says(page: str) -> None:
    names: dict[str, t.Any] = {"__name__": "page"}

    for config, language, text in BLOCK.findall((DOCS / page).read_text("utf-8")):
        if config:
            start_with(text)
        elif language == "python":
            exec(text, names)  # noqa: S102 - our own pages
        else:
            examine(text, names)

    for db in (value for value in names.values() if isinstance(value, SQLAlchemy)):
        with names["app"].app_context():
            db.engine.dispose()


def start_with(text: str) -> None:
    config: dict[str, t.Any] = {}
    exec(text, config)  # noqa: S102 - our own pages
    app = Flask("host")
    app.config.update({key: value for key, value in config.items() if key.isupper()})
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    WebhookAlerts(SQLAlchemy(app), app)


def examine(text: str, names: dict[str, t.Any]) -> None:
    test = doctest.DocTestParser().get_doctest(text, names, "page", None, 0)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test, out=said.append, clear_globs=False).failed == 0, "".join(said)
    names.update(test.globs)


def test_the_table_of_settings_has_each_with_its_default() -> None:
    settings = Settings()
    defaults = {
        f"WEBHOOK_ALERTS_{name.upper()}": getattr(settings, name)
        for name in ("rate_limit", "rate_limit_storage")
    }

    told = {codes(key)[0]: codes(default)[0] for key, default, _ in rows("ratelimit.md")[:2]}

    assert {key: default.strip('"') for key, default in told.items()} == {
        key: str(default) for key, default in defaults.items()
    }


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
        codes(name)[0]: (kind, set(codes(labels))) for name, kind, labels, _ in rows("metrics.md")
    }

    assert told == found


def test_the_page_names_every_outcome() -> None:
    (about,) = (row[3] for row in rows("metrics.md") if "requests_total" in row[0])

    assert codes(about) == list(OUTCOMES)


def test_the_page_counts_the_alerts_right() -> None:
    words = ("six", "seven", "eight", "nine", "ten")
    page = (DOCS / "metrics.md").read_text("utf-8")

    assert f"has {words[len(alerts()) - 6]} alerts" in page


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (DOCS / page).read_text("utf-8"))

    assert [link for link in links if not (DOCS / link).exists()] == []
