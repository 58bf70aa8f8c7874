"""What the reference says is what the code does: each table is compared with its source."""

from __future__ import annotations

import ast
import dataclasses
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from docs_builder import commands
from docs_builder import diagrams
from docs_builder import markers
from docs_builder import places
from docs_builder import settings

import flask_webhook_alerts
from flask_webhook_alerts import AlertStatus
from flask_webhook_alerts import cli
from flask_webhook_alerts import decoding
from flask_webhook_alerts import errors
from flask_webhook_alerts import fields
from flask_webhook_alerts import Outcome
from flask_webhook_alerts import payload
from flask_webhook_alerts import Severity
from flask_webhook_alerts import Urgency
from flask_webhook_alerts.config import Settings
from flask_webhook_alerts.mapping import table_of
from tests.conftest import SIGNALS
from tests.hosts import Host
from tests.pages.recognised import ROOT

ORDER = ["alert", "integration", "event", "status", "reason"]
DOCS = ROOT / "docs"
PACKAGE = Path(flask_webhook_alerts.__file__).parent


def rows_of(path: Path, head: str) -> list[list[str]]:
    """Return the cells of the page's table whose first heading is ``head``, without backticks."""
    (table,) = re.findall(
        rf"^\| {head} \|.*\n\|[ |-]+\n((?:\|.*\n)+)", path.read_text("utf-8"), re.MULTILINE
    )
    return [
        [cell.strip().strip("`") for cell in row.strip("|").split(" | ")]
        for row in table.splitlines()
    ]


def words_of(path: Path, head: str) -> list[str]:
    """Return the first column of a table."""
    return [cells[0].strip("| `") for cells in rows_of(path, head)]


# --- Payload and answers ------------------------------------------------------------------------


def test_the_payload_has_the_fields_that_are_read() -> None:
    assert words_of(DOCS / "reference/payload.md", "field") == sorted(
        payload._SPELLINGS, key=words_of(DOCS / "reference/payload.md", "field").index
    )
    in_readme = " ".join(words_of(ROOT / "README.md", "field"))
    assert set(re.findall(r"\w+", in_readme)) == set(payload._SPELLINGS)


def test_the_payload_has_the_words_that_are_known() -> None:
    text = (DOCS / "reference/payload.md").read_text("utf-8")

    (urgencies,) = re.findall(r"^\| `Urgency` .*$", text, re.MULTILINE)
    (severities,) = re.findall(r"^\| `incident_severity` .*$", text, re.MULTILINE)

    assert re.findall(r"`([a-z]+)`", urgencies) == [*Urgency]
    assert list(re.findall(r"`(SEV-\w+)`", severities))[:6] == [*Severity]


def test_the_limits_are_those_in_force() -> None:
    limits = {row[0]: row[1] for row in rows_of(DOCS / "reference/payload.md", "what")}

    numbers = [int(re.findall(r"[\d,]+", limit)[0].replace(",", "")) for limit in limits.values()]

    assert numbers == [
        Settings.max_content_length,
        decoding.MAX_DEPTH,
        decoding.MAX_VALUES,
        decoding.MAX_NUMBER_LENGTH,
        fields.MAX_ID_LENGTH,
    ]


def test_the_answers_have_every_outcome_and_status() -> None:
    answers = DOCS / "reference/answers.md"

    of_people = words_of(answers, "outcome for people")
    assert words_of(answers, "outcome") + of_people == [*Outcome]
    assert words_of(answers, "status of an alert") == [*AlertStatus]


def test_the_answers_have_every_code_with_its_status() -> None:
    rows = {
        (int(row[0].strip("| ")), row[1])
        for row in rows_of(DOCS / "reference/answers.md", "status")
    }
    raised = set(codes_of_the_package())

    undocumented = [
        one
        for one in raised
        if not any(re.fullmatch(one[1], code) and one[0] == status for status, code in rows)
    ]
    invented = [
        row
        for row in rows
        if not any(re.fullmatch(code, row[1]) and row[0] == status for status, code in raised)
    ]

    assert (undocumented, invented) == ([], [])
    assert len(raised) > 10


def codes_of_the_package() -> Iterator[tuple[int, str]]:
    """Yield the status and the code of every refusal in the package's source.

    The REST API has codes and a page of its own.
    """
    for path in {*PACKAGE.rglob("*.py")} - {*PACKAGE.glob("api/*.py")}:
        calls = [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)
        ]
        passed_on = [
            keywords["status"]
            for keywords in map(keywords_of, calls)
            if is_named(keywords.get("code"))
        ]
        for call in calls:
            keywords = keywords_of(call)
            if "code" in keywords and not is_named(keywords["code"]) and "status" in keywords:
                yield number_of(keywords["status"]), pattern_of(keywords["code"])
            elif (
                isinstance(call.func, ast.Name)
                and call.func.id == "_rejected"
                and len(call.args) == 2
            ):
                yield number_of(passed_on[0]), pattern_of(call.args[0])


def keywords_of(call: ast.Call) -> dict[str, ast.expr]:
    return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}


def is_named(node: ast.expr | None) -> bool:
    """Tell whether an argument is only passed on, so that another place says what it is."""
    return isinstance(node, (ast.Name, ast.Attribute))


def number_of(node: ast.expr) -> int:
    assert isinstance(node, ast.Constant)
    return t.cast(int, node.value)


def pattern_of(node: ast.expr) -> str:
    """Return the text of a literal; of an f-string, with anything where a value stands."""
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in node.values
        )

    assert isinstance(node, ast.Constant)
    return str(node.value)


# --- Signals, errors, tables --------------------------------------------------------------------


def test_the_signals_come_with_the_arguments_that_the_table_has(
    sqlite_host: Host, connect: Callable[..., None]
) -> None:
    seen: dict[str, list[str]] = {}
    for signal in SIGNALS:
        connect(signal, recorder(seen, signal.name.replace("-", "_")), weak=False)
    integration_id = sqlite_host.create_integration()
    event = {"Id": "a", "Title": "b", "Description": "c"}

    for event_type in ("create", "create", "acknowledge", "resolve", "nonsense"):
        sqlite_host.post(integration_id, {"event_type": event_type, **event})
    with sqlite_host.app.app_context():
        sqlite_host.alerts.reopen(1)

    rows = rows_of(DOCS / "reference/signals.md", "signal")
    assert {row[0].strip("| `"): re.findall(r"\w+", row[2]) for row in rows} == seen


def recorder(seen: dict[str, list[str]], name: str) -> Callable[..., None]:
    def record(_app: object, **arguments: object) -> None:
        seen[name] = sorted(arguments, key=ORDER.index)

    record.__qualname__ = name
    return record


def test_the_errors_are_all_listed() -> None:
    text = (DOCS / "reference/errors.md").read_text("utf-8")
    known = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    ]

    assert sorted(re.findall(r"autoexception:: (\w+)", text)) == sorted(known)


@pytest.mark.parametrize("model", ["Integration", "Alert", "AlertEvent", "Rejection"])
def test_the_tables_have_the_columns_that_are_there(model: str, sqlite_host: Host) -> None:
    table: sa.Table = table_of(getattr(sqlite_host.alerts, model))
    text = (DOCS / "reference/tables.md").read_text("utf-8")

    section = text.partition(f"## {table.name}\n")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == table.columns.keys()


def test_the_python_interface_has_every_public_name() -> None:
    text = "".join(path.read_text("utf-8") for path in (DOCS / "reference").glob("*.md"))
    documented = set(re.findall(r"auto(?:class|exception):: (\w+)", text))

    signals = {signal.name.replace("-", "_") for signal in SIGNALS}
    assert documented | signals | {"__version__"} == set(flask_webhook_alerts.__all__)


# --- What is generated --------------------------------------------------------------------------


def test_every_setting_is_in_the_table_with_its_default_and_a_meaning() -> None:
    rows = re.findall(
        r"^\| `(WEBHOOK_ALERTS_\w+)` \| (.+) \| ([A-Z].+\.) \|$", settings.table(), re.MULTILINE
    )

    assert [key.removeprefix("WEBHOOK_ALERTS_").lower() for key, _, _ in rows] == [
        field.name for field in dataclasses.fields(Settings)
    ]
    assert ("WEBHOOK_ALERTS_URL_PREFIX", "`/integration`") in [row[:2] for row in rows]


def test_every_command_is_there_with_every_option_in_words() -> None:
    text = commands.reference()
    context = click.Context(cli.group, info_name="flask webhook-alerts")

    for command, inner in commands.walk(cli.group, context):
        section = text.partition(f"```text\n{inner.command_path}")[2].partition("\n## ")[0]
        options = [param for param in command.params if isinstance(param, click.Option)]
        assert [
            one.name
            for one in options
            if not re.search(rf"\| `.*{one.opts[0]}\b.*` \| \S", section)
        ] == []
    assert text.count("\n```text\n") >= 15


def test_every_line_of_the_map_is_found() -> None:
    text = places.add_lines((DOCS / "explanation.md").read_text("utf-8"))

    found = re.findall(r"`[\w.]+` <br> ([\w/]+\.py):(\d+)", text)

    assert len(found) >= 19
    for path, line in found:
        source = (PACKAGE / path).read_text().splitlines()[int(line) - 1]
        assert int(line) == 1 or re.match(r"\s*(def|class|@)", source)


def test_a_line_of_the_map_that_is_gone_is_an_error() -> None:
    with pytest.raises(AttributeError):
        places.add_lines("| step | where |\n| --- | --- |\n| 1 | `webhook.moon` |")


@pytest.mark.parametrize("draw", [diagrams.request, diagrams.lifecycle])
def test_a_drawing_says_what_it_shows(draw: Callable[[], str]) -> None:
    svg = draw()

    assert re.search(r'<svg [^>]*role="img" aria-labelledby="(\w+)-title \1-desc"', svg)
    assert re.search(r"<title id=.*>[A-Z].+</title>", svg)
    assert re.search(r"<desc id=.*>.{60,}</desc>", svg)
    assert "\n\n" not in svg  # a blank line would end the block of HTML that it stands in


def test_what_only_tests_read_is_not_built() -> None:
    text = "# A\n\n<!-- hidden\nsecret\n-->\n\n<!-- file: a.py -->\n\n```python\n1\n```\n"

    built = markers.prepare(text, pages=[])

    assert "secret" not in built
    assert "<!--" not in built
    assert len(built.splitlines()) == len(text.splitlines())


def test_pages_that_nobody_names_are_listed_by_themselves() -> None:
    text = "```{toctree}\nquickstart\n```\n\n<!-- generated: rest -->\n"

    built = markers.prepare(text, pages=["index", "quickstart", "celery", "howto/a"])

    assert re.findall(r"^\w+$", built, re.MULTILINE) == ["quickstart", "celery"]


def test_nothing_is_left_where_every_page_is_named() -> None:
    assert markers.prepare("a\n<!-- generated: rest -->\n", pages=["index", "a"]).strip() == "a"
