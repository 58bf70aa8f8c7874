"""The dashboard's page in the documentation says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from flask_webhook_alerts.dashboard.headers import CONTENT_SECURITY_POLICY
from flask_webhook_alerts.store.rejections import KEPT
from tests.dashboard.people import Person

PAGE = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text("utf-8")
STATIC = Path(__file__).parents[2] / "flask_webhook_alerts" / "dashboard" / "static"


def test_the_policy_is_the_one_that_is_sent() -> None:
    (told,) = re.findall(r"<!-- policy -->\n\n```text\n(.*?)```", PAGE, re.DOTALL)

    assert " ".join(told.split()) == CONTENT_SECURITY_POLICY


def test_the_table_has_the_keys_of_the_sheet_and_of_the_script(person: Person, sender: str) -> None:
    sheet = re.findall(r"<kbd>([^<]+)</kbd>", person.see())
    table = re.findall(r"`([^`]+)`", " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)))
    script = (STATIC / "dashboard.js").read_text("utf-8")
    (keys,) = re.findall(r"const KEYS = \{(.*?)\n\}", script, re.DOTALL)

    assert set(table) == set(sheet)
    single = set(re.findall(r'^  "?(.)"?: ', keys, re.MULTILINE))
    assert single | {"Enter", "g", "o"} == set(table)


def test_as_many_refusals_are_kept_as_it_says() -> None:
    assert f"{KEPT} at most of each" in PAGE
