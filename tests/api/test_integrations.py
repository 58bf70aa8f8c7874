"""What programs do with integrations."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.api import Api
from flask_webhook_alerts.state import get_state
from tests.api.hosts import add_api
from tests.api.hosts import authorize
from tests.api.hosts import body
from tests.api.hosts import call
from tests.api.hosts import create_alert
from tests.hosts import Host
from tests.hosts import running_host

EVENT = {"event_type": "create", "Id": "a", "Title": "b", "Description": "c"}


def create(host: Host, **options: t.Any) -> t.Any:
    return body(call(host, "POST", "/integrations", json={"name": "a sender", **options}))


def read(host: Host, integration_id: str) -> t.Any:
    return body(call(host, "GET", f"/integrations/{integration_id}"))


def etag(host: Host, integration_id: str) -> str:
    return call(host, "GET", f"/integrations/{integration_id}").headers["ETag"]


def change(host: Host, integration_id: str, version: str, **options: t.Any) -> t.Any:
    path, headers = f"/integrations/{integration_id}", {"If-Match": version}
    return call(host, "PATCH", path, json=options, headers=headers)


def post(host: Host, integration_id: str, token: str | None) -> int:
    headers = {} if token is None else {"pagertree-token": token}
    # Closed, since refusals are written when the sender has its answer.
    with host.post(integration_id, EVENT, headers=headers) as answer:
        return answer.status_code


def test_an_integration_is_made_and_found_where_the_answer_says(api_host: Host) -> None:
    answer = call(
        api_host, "POST", "/integrations",
        json={
            "name": "Kuma", "strict": False, "capture_additional_data": True, "enabled": False,
            "wrapper_key": "data", "title_template": "{{ payload.Title }}",
            "description_template": None,
        },
    )  # fmt: skip
    made = body(answer)
    found = call(api_host, "GET", answer.headers["Location"])

    assert answer.status_code == 201
    assert made.pop("token") is None
    assert body(found) == made
    assert found.headers["ETag"] == answer.headers["ETag"]
    assert (made["name"], made["strict"], made["enabled"]) == ("Kuma", False, False)
    assert (made["wrapper_key"], made["title_template"]) == ("data", "{{ payload.Title }}")
    assert made["endpoint_url"] == f"http://localhost/integration/{made['id']}"
    assert body(call(api_host, "GET", "/integrations")) == {"integrations": [made]}


def test_a_token_is_told_once(api_host: Host) -> None:
    made = create(api_host, generate_token=True)
    found = read(api_host, made["id"])

    assert post(api_host, made["id"], made["token"]) == 200
    assert post(api_host, made["id"], None) == 403
    assert found["has_token"] is True
    assert "token" not in found
    assert made["token"] not in str(body(call(api_host, "GET", "/integrations")))


def test_a_token_is_made_where_null_stands_for_none(sqlite_api_host: Host) -> None:
    made = create(sqlite_api_host, token=None, generate_token=True)

    assert post(sqlite_api_host, made["id"], None) == 403
    assert post(sqlite_api_host, made["id"], made["token"]) == 200


def test_a_given_token_is_taken(sqlite_api_host: Host) -> None:
    made = create(sqlite_api_host, token="from PagerTree", generate_token=True)

    assert made["token"] == "from PagerTree"
    assert post(sqlite_api_host, made["id"], "from PagerTree") == 200


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"name": " "}, "name"),
        ({"name": "a" * 256}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"enabled": 1}, "enabled"),
        ({"strict": "true"}, "strict"),
        ({"wrapper_key": "a ||| b"}, "wrapper_key"),
        ({"title_template": "{{ secret }}"}, "title_template"),
        ({"description_template": "{% if %}"}, "description_template"),
        ({"token": "ü"}, "token"),
        ({"token": "blank "}, "token"),
        ({"token": "line\n"}, "token"),
        ({"token_hash": "0" * 64}, "token_hash"),
        ({"id": "int_00000000000000"}, "id"),
        ({"created_at": "2026-03-01T12:00:00Z"}, "created_at"),
    ],
)
def test_what_cannot_be_set_is_named_and_nothing_is_changed(
    sqlite_api_host: Host, options: dict[str, t.Any], name: str
) -> None:
    integration_id = create(sqlite_api_host)["id"]
    before = read(sqlite_api_host, integration_id)

    made = call(sqlite_api_host, "POST", "/integrations", json={"name": "b", **options})
    changed = change(sqlite_api_host, integration_id, "*", **options)

    for answer in (made, changed):
        problem = t.cast(t.Any, answer.json)
        assert (answer.status_code, [*problem["errors"]]) == (422, [name])
    assert read(sqlite_api_host, integration_id) == before
    assert len(body(call(sqlite_api_host, "GET", "/integrations"))["integrations"]) == 1


def test_half_a_surrogate_pair_is_refused(sqlite_api_host: Host) -> None:
    answer = call(
        sqlite_api_host, "POST", "/integrations",
        data=b'{"name": "\\ud800"}', content_type="application/json",
    )  # fmt: skip

    assert (answer.status_code, t.cast(t.Any, answer.json)["type"][-14:]) == (422, "invalid-option")


def test_an_integration_is_changed_as_far_as_the_body_says(api_host: Host) -> None:
    made = create(api_host, wrapper_key="data", token="secret")

    answer = change(
        api_host, made["id"], etag(api_host, made["id"]), name="new", wrapper_key=None, token=None
    )

    changed = body(answer)
    assert (changed["name"], changed["wrapper_key"], changed["strict"]) == ("new", None, True)
    assert changed["has_token"] is False
    assert "token" not in changed
    assert read(api_host, made["id"]) == changed
    assert answer.headers["ETag"] == etag(api_host, made["id"])


def test_a_change_of_another_version_is_refused(api_host: Host) -> None:
    integration_id = create(api_host)["id"]
    old = etag(api_host, integration_id)
    change(api_host, integration_id, old, name="first")

    late = change(api_host, integration_id, old, name="second")
    either = change(
        api_host, integration_id, f"{old}, {etag(api_host, integration_id)}", strict=False
    )

    assert (late.status_code, late.json["type"][-6:]) == (412, ":stale")
    assert body(either)["name"] == "first"


@pytest.mark.parametrize("version", ["", "garbage", '"', 'W/"weak"'])
def test_a_version_that_never_was_changes_nothing(sqlite_api_host: Host, version: str) -> None:
    integration_id = create(sqlite_api_host)["id"]

    assert change(sqlite_api_host, integration_id, version, name="b").status_code == 412


def test_a_version_of_nothing_is_not_found(api_host: Host) -> None:
    integration_id = create(api_host)["id"]
    version = etag(api_host, integration_id)

    assert change(api_host, "int_00000000000000", version, name="b").status_code == 404
    assert change(api_host, integration_id.upper(), '"another"', name="b").status_code == 404


def test_a_weak_tag_of_the_right_version_changes_nothing(sqlite_api_host: Host) -> None:
    integration_id = create(sqlite_api_host)["id"]
    weak = f"W/{etag(sqlite_api_host, integration_id)}"

    assert change(sqlite_api_host, integration_id, weak, name="b").status_code == 412


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/enable"), ("POST", "/disable"), ("POST", "/rotate-token"), ("DELETE", "")],
)
def test_what_needs_no_version_heeds_one_that_is_sent(
    api_host: Host, method: str, path: str
) -> None:
    made = create(api_host)
    old = etag(api_host, made["id"])
    change(api_host, made["id"], "*", name="b")
    current = read(api_host, made["id"])

    def ask(version: str) -> int:
        url, headers = f"/integrations/{made['id']}{path}", {"If-Match": version}
        return call(api_host, method, url, headers=headers).status_code

    assert (ask(old), read(api_host, made["id"])) == (412, current)
    assert ask(etag(api_host, made["id"])) == 200


def test_a_change_names_the_version_that_it_changes(sqlite_api_host: Host) -> None:
    integration_id = create(sqlite_api_host)["id"]
    path = f"/integrations/{integration_id}"

    answer = call(sqlite_api_host, "PATCH", path, json={"name": "b"})

    assert (answer.status_code, read(sqlite_api_host, integration_id)["name"]) == (428, "a sender")


def test_of_many_changes_of_one_version_one_is_made(database_url: str) -> None:
    options: dict[str, t.Any] = {"pool_size": 30, "max_overflow": 0}
    if database_url.startswith("sqlite"):
        options["connect_args"] = {"timeout": 30}
    with running_host(database_url, config={"SQLALCHEMY_ENGINE_OPTIONS": options}) as host:
        add_api(host)
        integration_id = create(host)["id"]
        for turn in range(3):
            version, start = etag(host, integration_id), threading.Barrier(12)

            def work(
                number: int, version: str = version, start: threading.Barrier = start
            ) -> tuple[str, int]:
                start.wait(30)
                name = f"from {number}"
                return name, change(host, integration_id, version, name=name).status_code

            with ThreadPoolExecutor(12) as pool:
                answers = dict(pool.map(work, range(turn * 12, turn * 12 + 12)))

            winners = [name for name, status in answers.items() if status == 200]
            assert sorted(answers.values()) == [200] + [412] * 11
            assert winners == [read(host, integration_id)["name"]]


def test_every_change_makes_a_new_version(api_host: Host) -> None:
    integration_id = create(api_host)["id"]
    steps: list[tuple[str, t.Any]] = [
        ("rotate-token", {"token": "one"}), ("rotate-token", {"token": "two"}),
        ("disable", None), ("enable", None),
    ]  # fmt: skip
    versions = [etag(api_host, integration_id)]
    for step, options in steps:
        answer = call(api_host, "POST", f"/integrations/{integration_id}/{step}", json=options)
        versions.append(answer.headers["ETag"])

    assert len(set(versions)) == len(versions)
    assert versions[-1] == etag(api_host, integration_id)


def test_what_has_not_changed_is_not_sent_again(sqlite_api_host: Host) -> None:
    integration_id = create(sqlite_api_host)["id"]
    headers = {"If-None-Match": etag(sqlite_api_host, integration_id)}
    path = f"/integrations/{integration_id}"

    same = call(sqlite_api_host, "GET", path, headers=headers)
    change(sqlite_api_host, integration_id, "*", name="b")
    other = call(sqlite_api_host, "GET", path, headers=headers)

    assert (same.status_code, same.data) == (304, b"")
    assert body(other)["name"] == "b"


def test_a_token_is_rotated_gently(api_host: Host) -> None:
    made = create(api_host, token="old")
    path = f"/integrations/{made['id']}/rotate-token"

    gently = body(call(api_host, "POST", path))
    statuses = [post(api_host, made["id"], token) for token in ("old", gently["token"])]
    at_once = body(call(api_host, "POST", path, json={"token": "new", "keep_for_seconds": 0}))

    assert statuses == [200, 200]
    assert gently["previous_token_expires_at"] is not None
    assert at_once["token"] == "new"
    assert [post(api_host, made["id"], token) for token in (gently["token"], "new")] == [403, 200]


def test_an_integration_is_switched_off_and_on(api_host: Host) -> None:
    integration_id = create(api_host)["id"]

    off = body(call(api_host, "POST", f"/integrations/{integration_id}/disable"))
    while_off = post(api_host, integration_id, None)
    on = body(call(api_host, "POST", f"/integrations/{integration_id}/enable"))

    assert (off["enabled"], on["enabled"]) == (False, True)
    assert (while_off, post(api_host, integration_id, None)) == (405, 200)


def test_an_integration_with_alerts_is_deleted_only_with_them(api_host: Host) -> None:
    integration_id = create(api_host)["id"]
    create_alert(api_host, integration_id=integration_id)
    path = f"/integrations/{integration_id}"

    refused = call(api_host, "DELETE", path)
    deleted = body(call(api_host, "DELETE", f"{path}?with_alerts=true"))

    assert (refused.status_code, t.cast(t.Any, refused.json)["type"][-11:]) == (409, ":has-alerts")
    assert deleted == {"deleted_alerts": 1}
    assert call(api_host, "GET", path).status_code == 404


def test_refused_requests_of_a_sender_are_told(api_host: Host) -> None:
    integration_id = create(api_host, token="secret")["id"]
    post(api_host, integration_id, "wrong")

    told = body(call(api_host, "GET", f"/integrations/{integration_id}/rejections"))

    assert [(one["status"], one["reason"]) for one in told["rejections"]] == [
        (403, "The token is wrong.")
    ]
    assert call(api_host, "GET", "/integrations/int_0/rejections").status_code == 404


@pytest.mark.parametrize("integration_id", ["int_00000000000000", "ü", "a" * 5_000, "a%00b"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-token"), ("POST", "/enable"),
        ("POST", "/disable"), ("GET", "/rejections"),
    ],
)  # fmt: skip
def test_an_integration_that_is_not_there_is_not_found(
    sqlite_api_host: Host, method: str, path: str, integration_id: str
) -> None:
    answer = call(
        sqlite_api_host, method, f"/integrations/{integration_id}{path}",
        json=None if method in {"GET", "DELETE"} else {}, headers={"If-Match": "*"},
    )  # fmt: skip

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_an_id_in_another_letter_case_is_another(api_host: Host) -> None:
    integration_id = create(api_host)["id"]

    assert call(api_host, "GET", f"/integrations/{integration_id.upper()}").status_code == 404
    assert change(api_host, integration_id.upper(), "*", name="b").status_code == 404


def test_without_an_endpoint_there_is_no_url(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        add_api(host)

        assert create(host)["endpoint_url"] is None
        assert (
            "/integration/{integration_id}" not in body(call(host, "GET", "/openapi.json"))["paths"]
        )


def test_an_api_needs_the_alerts_of_its_app(sqlite_host: Host) -> None:
    api = Api(sqlite_host.alerts, authorize=authorize)
    other = Api(WebhookAlerts(SQLAlchemy()), authorize=authorize)

    for mistaken, app in [(api, Flask("bare")), (other, sqlite_host.app)]:
        with pytest.raises(RuntimeError, match=r"Call alerts\.init_app\(app\) first"):
            mistaken.init_app(app)


def test_host_code_is_not_asked_for_a_version(sqlite_api_host: Host) -> None:
    integration_id = create(sqlite_api_host)["id"]
    with sqlite_api_host.app.app_context():
        row = get_state().integrations.update(integration_id, {"name": "from the host"})

        assert row.name == "from the host"
