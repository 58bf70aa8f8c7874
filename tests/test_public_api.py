"""What users may rely on: the names, their documentation, and what an installation brings."""

from __future__ import annotations

import ast
import dataclasses
import importlib.metadata
import inspect
import itertools
import re
import subprocess
import sys
import tomllib
import typing as t
from importlib import resources
from pathlib import Path

import blinker
import pytest

import flask_webhook_alerts
from flask_webhook_alerts import errors
from flask_webhook_alerts import events
from flask_webhook_alerts import models
from flask_webhook_alerts import Receipt
from flask_webhook_alerts import signals
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts import WebhookAlertsError

ROOT = Path(__file__).parent.parent
SIGNALS = [
    "alert_acknowledged",
    "alert_created",
    "alert_reopened",
    "alert_repeated",
    "alert_resolved",
    "request_rejected",
]
OPTIONAL = [
    "apprise",
    "celery",
    "flask_migrate",
    "flask_wtf",
    "limits",
    "playwright",
    "prometheus_client",
    "psycopg",
    "pymysql",
]
CALLS = {
    "__init__": "(db, app=None, *, alert_model=None, integration_model=None, event_model=None,"
    " register_blueprint=True)",
    "init_app": "(app)",
    "create_integration": "(name, *, token=None, capture_additional_data=False, strict=True,"
    " wrapper_key=None, title_template=None, description_template=None)",
    "endpoint_url": "(integration)",
    "receive": "(integration, payload)",
    "acknowledge": "(alert, by=None)",
    "resolve": "(alert, by=None)",
    "reopen": "(alert, by=None)",
    "add_note": "(alert, text, by=None)",
    "rotate_token": "(integration, *, token=None, keep_for=datetime.timedelta(days=1))",
    "deliver_pending": "(limit=None)",
}


def defined_in(module: t.Any) -> dict[str, type]:
    """Return the public classes that a module itself defines."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and name[0] != "_"
    }


ERRORS = [name for name, error in defined_in(errors).items() if issubclass(error, Exception)]
ENUMS = ["AlertStatus", "EventKind", "EventType", "Outcome", "Severity", "Urgency"]
MIXINS = ["AlertEventMixin", "AlertMixin", "IntegrationMixin"]


# --- Names --------------------------------------------------------------------------------------


def test_all_is_sorted_and_names_what_is_there() -> None:
    names = flask_webhook_alerts.__all__

    assert list(names) == sorted(set(names))
    assert all(hasattr(flask_webhook_alerts, name) for name in names)


@pytest.mark.parametrize(
    "name", ["WebhookAlerts", "Receipt", "__version__", *MIXINS, *ENUMS, *SIGNALS, *ERRORS]
)
def test_what_the_contract_names_is_importable_from_the_top(name: str) -> None:
    assert name in flask_webhook_alerts.__all__


def test_the_lists_above_are_complete() -> None:
    enums = {name for name, value in defined_in(events).items() if hasattr(value, "__members__")}
    own_signals = {name for name, value in vars(signals).items() if is_signal(value)}

    assert enums == set(ENUMS)
    # No host has a class of its own for refusals.
    assert set(defined_in(models)) == {*MIXINS, "RejectionMixin"}
    assert own_signals == set(SIGNALS)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_one_root(name: str) -> None:
    assert issubclass(getattr(errors, name), WebhookAlertsError)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_takes_what_the_contract_says(call: str) -> None:
    signature = inspect.signature(getattr(WebhookAlerts, call))
    _self, *parameters = signature.parameters.values()

    plain = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]

    assert str(inspect.Signature(plain)) == CALLS[call]


def test_a_receipt_is_plain_and_frozen() -> None:
    names = [field.name for field in dataclasses.fields(Receipt) if field.name[0] != "_"]
    receipt = Receipt(
        outcome=events.Outcome.IGNORED,
        alert_id=None,
        thirdparty_id="a",
        status=None,
        occurrences=None,
    )

    assert names == [
        "outcome", "alert_id", "thirdparty_id", "status", "occurrences", "reason"
    ]  # fmt: skip
    assert receipt.alert is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        receipt.outcome = events.Outcome.CREATED  # type: ignore[misc]


# --- Documentation ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", sorted(set(flask_webhook_alerts.__all__) - {*SIGNALS, "__version__"})
)
def test_a_public_name_is_documented(name: str) -> None:
    value = getattr(flask_webhook_alerts, name)

    assert is_sentence(value.__dict__["__doc__"])


def test_the_package_says_what_it_is() -> None:
    assert is_sentence(flask_webhook_alerts.__doc__)


@pytest.mark.parametrize(
    "name", sorted(set(flask_webhook_alerts.__all__) - {*SIGNALS, "__version__"})
)
def test_what_a_public_class_offers_is_documented(name: str) -> None:
    members = vars(getattr(flask_webhook_alerts, name))
    offered = {
        member: value
        for member, value in members.items()
        if member[0] != "_" and (inspect.isfunction(value) or isinstance(value, property))
    }

    undocumented = [member for member, value in offered.items() if not is_sentence(value.__doc__)]

    assert undocumented == []


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_documented_under_its_assignment(name: str) -> None:
    body = ast.parse(inspect.getsource(signals)).body
    documented = {
        node.target.id: following.value.value
        for node, following in itertools.pairwise(body)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
    }

    assert is_sentence(str(documented[name]))


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_a_signal_named_like_its_variable(name: str) -> None:
    signal = getattr(flask_webhook_alerts, name)

    assert is_signal(signal)
    assert signal.name == name.replace("_", "-")


def is_signal(value: object) -> bool:
    return isinstance(value, blinker.NamedSignal)


def is_sentence(text: str | None) -> bool:
    """Tell whether a docstring begins with a sentence, and is not one that a dataclass made."""
    first = (text or "").strip().partition("\n\n")[0]
    return bool(re.match("[A-Z]", first)) and first.endswith((".", ":"))


# --- The installation ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pyproject() -> dict[str, t.Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The modules that a fresh process has after it imported the package."""
    script = "import sys, flask_webhook_alerts; print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(process.stdout.split())


@pytest.mark.parametrize("name", OPTIONAL)
def test_importing_the_package_imports_nothing_optional(imported: set[str], name: str) -> None:
    assert name not in imported
    assert "flask_webhook_alerts.extension" in imported


@pytest.mark.parametrize("part", ["dashboard", "api", "celery", "metrics", "ratelimit", "outgoing"])
def test_importing_the_package_imports_no_optional_part(imported: set[str], part: str) -> None:
    ours = {name for name in imported if name.startswith("flask_webhook_alerts.")}

    assert not any(part in name.split(".") for name in ours)


def test_the_version_is_a_release_and_the_installed_one() -> None:
    version = flask_webhook_alerts.__version__

    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc|\.dev)\d+)?", version)
    assert importlib.metadata.version("Flask-Webhook-Alerts") == version


def test_the_core_needs_five_libraries(pyproject: dict[str, t.Any]) -> None:
    names = [re.split("[^a-z0-9-]", need)[0] for need in pyproject["project"]["dependencies"]]

    assert sorted(names) == ["blinker", "flask", "flask-sqlalchemy", "jmespath", "marshmallow"]


def test_every_requirement_has_a_lower_bound_and_no_upper_one(pyproject: dict[str, t.Any]) -> None:
    project = pyproject["project"]
    extras, groups = project["optional-dependencies"], pyproject["dependency-groups"]
    needs = [
        need
        for listed in (
            project["dependencies"],
            pyproject["build-system"]["requires"],
            *extras.values(),
            *groups.values(),
        )
        for need in listed
        if isinstance(need, str)
    ]

    assert len(needs) > 5
    bounded = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,]+\])?>=[0-9.]+")
    assert [need for need in needs if not bounded.fullmatch(need)] == []
    assert re.fullmatch(r">=3\.\d+", project["requires-python"])


def test_the_licence_is_an_spdx_expression_with_its_text(pyproject: dict[str, t.Any]) -> None:
    project = pyproject["project"]

    assert project["license"] == "BSD-3-Clause"
    assert [(ROOT / name).is_file() for name in project["license-files"]] == [True]
    # Beside an SPDX expression a licence classifier is refused by package indexes.
    assert not [name for name in project["classifiers"] if name.startswith("License")]


def test_the_package_says_that_it_is_typed() -> None:
    assert resources.files("flask_webhook_alerts").joinpath("py.typed").is_file()


def test_the_distribution_has_one_package(pyproject: dict[str, t.Any]) -> None:
    wheel = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert pyproject["project"]["name"] == "Flask-Webhook-Alerts"
    assert wheel["packages"] == ["flask_webhook_alerts"]
