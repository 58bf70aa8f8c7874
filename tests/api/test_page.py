"""The page about the API tells what document and code say; ``test_docs`` runs its blocks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from flask_webhook_alerts import api
from flask_webhook_alerts.api import refusals
from flask_webhook_alerts.api.document import API_PREFIX
from flask_webhook_alerts.api.document import shipped
from flask_webhook_alerts.store.search import WINDOW
from tests.api.test_document import operations
from tests.pages.blocks import find_blocks
from tests.pages.recognised import ROOT
from tests.test_reference import rows_of

PAGE = ROOT / "docs/rest.md"
PACKAGE = Path(api.__file__).parent


def test_the_page_has_every_operation_in_the_words_of_the_document() -> None:
    told = [tuple(row[:2]) for row in rows_of(PAGE, "operation")]
    documented = [
        (f"{method.upper()} {path.removeprefix(API_PREFIX)}", operation["summary"])
        for path, item in shipped()["paths"].items()
        for method, operation in item.items()
    ]

    assert [(name, words.removesuffix(" |")) for name, words in told] == [
        (name, words) for name, words in documented
    ]


def test_the_page_has_every_filter() -> None:
    parameters = operations(shipped())["list_alerts"]["parameters"]

    told = [row[0] for row in rows_of(PAGE, "parameter")]

    assert sorted(told) == sorted(parameter["name"] for parameter in parameters)
    assert f"through\n{WINDOW:,} alerts at most" in PAGE.read_text("utf-8")


def test_the_page_has_every_code_with_its_status() -> None:
    told = {(int(row[0]), row[1]) for row in rows_of(PAGE, "status")}
    known = set(refusals._KNOWN.values())
    aborted = {(401, "unauthorized"), (403, "forbidden")}

    assert told == known | aborted | set(codes_in_calls())


def codes_in_calls() -> Iterator[tuple[int, str]]:
    """Yield what the package's calls of Declined and Problem spell out."""
    for path in PACKAGE.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
                by_name = {keyword.arg: keyword.value for keyword in call.keywords}
                places: dict[str, list[ast.expr | None]] = {
                    "Declined": [*call.args[:2]],
                    "Problem": [by_name.get("status"), by_name.get("code")],
                }
                values = [getattr(node, "value", None) for node in places.get(call.func.id, [])]
                if [type(value) for value in values] == [int, str]:
                    yield t.cast(tuple[int, str], tuple(values))


def test_the_client_is_typed_and_a_dozen_lines(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="Only those who check types have it.")
    (client,) = (block for block in find_blocks(PAGE) if block.comments.get("file") == "client.py")
    (tmp_path / "client.py").write_text(client.text, "utf-8")

    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "client.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert checked.returncode == 0, checked.stdout
    functions = client.text[client.text.index("def alerts") :].splitlines()
    assert len([line for line in functions if line.strip()]) <= 12
    assert not re.search(r"\bAny\b|type: ignore", client.text)
