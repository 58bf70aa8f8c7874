"""The OpenAPI document: made from what runs, valid, and served with the paths of the app."""

from __future__ import annotations

import copy
import typing as t

from openapi_spec_validator import validate

from flask_webhook_alerts.api.document import shipped
from flask_webhook_alerts.events import Outcome
from tests.api.hosts import add_api
from tests.api.hosts import body
from tests.api.hosts import call
from tests.hosts import Host
from tests.hosts import running_host
from tests.pages.recognised import ROOT
from tests.test_reference import rows_of
from tools import openapi


def operations(document: t.Any) -> dict[str, t.Any]:
    return {
        operation["operationId"]: operation
        for item in document["paths"].values()
        for operation in item.values()
    }


def test_the_shipped_document_is_what_the_code_says_now() -> None:
    assert openapi.TARGET.read_text() == openapi.text_of(openapi.build()), "Run make openapi."


def test_the_document_is_valid() -> None:
    validate(t.cast(t.Any, shipped()))

    assert shipped()["openapi"].startswith("3.1")


def test_the_document_is_served_with_the_paths_of_the_app(sqlite_url: str) -> None:
    config = {"WEBHOOK_ALERTS_URL_PREFIX": "/hooks", "WEBHOOK_ALERTS_TOKEN_HEADER": "X-Token"}
    with running_host(sqlite_url, config=config) as host:
        add_api(host, url_prefix="/ops/alerts-api")
        answer = host.client.get(
            "/ops/alerts-api/openapi.json", base_url="http://localhost/mounted",
            headers={"Authorization": "Bearer a-token-of-the-deploy-bot"},
        )  # fmt: skip

    document = body(answer)
    validate(document)
    assert "/hooks/{integration_id}" in document["paths"]
    assert "/ops/alerts-api/alerts/{alert_id}" in document["paths"]
    assert document["servers"] == [{"url": "/mounted"}]
    assert document["components"]["securitySchemes"]["token"]["name"] == "X-Token"
    assert operations(document).keys() == operations(shipped()).keys()


def test_serving_leaves_the_document_as_it_is(sqlite_api_host: Host) -> None:
    before = copy.deepcopy(shipped())
    answer = call(sqlite_api_host, "GET", "/openapi.json")
    again = call(
        sqlite_api_host, "GET", "/openapi.json", headers={"If-None-Match": answer.headers["ETag"]}
    )

    assert body(answer)["paths"] == before["paths"]
    assert again.status_code == 304
    assert shipped() == before


def test_every_operation_tells_what_it_does() -> None:
    for name, operation in operations(shipped()).items():
        assert operation["summary"].endswith("."), name
        assert {"401", "403", "503"} <= operation["responses"].keys() or name == "receive_event"


def test_texts_as_long_as_the_document_allows_are_taken(sqlite_api_host: Host) -> None:
    told = shipped()["components"]["schemas"]["NewIntegration"]["properties"]
    texts = {name: "a" * told[name]["maxLength"] for name in told if "maxLength" in told[name]}

    made = call(sqlite_api_host, "POST", "/integrations", json=texts)

    assert {"wrapper_key", "title_template", "description_template"} <= texts.keys()
    assert texts.items() <= body(made).items()


def test_the_webhook_endpoint_is_described_too() -> None:
    told = operations(shipped())["receive_event"]
    schemas = shipped()["components"]["schemas"]

    outcomes = {*schemas["StoredEvent"]["properties"]["outcome"]["enum"], "ignored"}
    assert outcomes == set(Outcome) - {"reopened", "noted"}
    assert schemas["CreateEvent"]["required"] == ["event_type", "Id", "Title", "Description"]
    refusals = {row[0] for row in rows_of(ROOT / "docs/reference/answers.md", "status")}
    assert told["responses"].keys() == {"200", *refusals}
    assert told["security"] == [{}, {"token": []}]
