"""The tables of docs/testing.md name all there is; its blocks are run with those of all pages."""

from __future__ import annotations

import re
from pathlib import Path

from flask_webhook_alerts import testing
from flask_webhook_alerts.testing import clients

ROOT = Path(__file__).parents[2]


def test_the_tables_name_every_fixture_and_every_builder() -> None:
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    plugin = (ROOT / "pytest_webhook_alerts.py").read_text("utf-8")
    named = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    fixtures = set(re.findall(r"^@pytest\.fixture\ndef (\w+)", plugin, re.MULTILINE))

    assert named == fixtures | set(clients.__all__) - {"Payload"}
    assert set(clients.__all__) <= set(testing.__all__)


def test_the_page_has_every_public_name() -> None:
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")

    documented = re.findall(r"^\.\. auto(?:class|function):: (\w+)$", page, re.MULTILINE)

    assert sorted(documented) == sorted(set(testing.__all__) - {"Payload"})
