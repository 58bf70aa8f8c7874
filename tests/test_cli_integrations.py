"""The commands that manage senders."""

from __future__ import annotations

import re
import shlex
import typing as t

import pytest

from tests.conftest import PostEvent
from tests.hosts import Host
from tests.hosts import on_both
from tests.hosts import running_host
from tests.test_cli import execute
from tests.test_cli import host_with_notes
from tests.test_cli import run
from tests.test_cli import run_json
from tests.test_cli import unprepared_host

EVENT = {"event_type": "create", "Id": "1", "Title": "Disk full", "Description": "/var"}


def stored_integrations(host: Host) -> list[t.Any]:
    return host._all(host.alerts.Integration)


@on_both
def test_create_says_where_to_post_and_how(host: Host) -> None:
    result = run(host, "integrations", "create", "Zabbix")

    (integration,) = stored_integrations(host)
    assert result.exit_code == 0
    assert f"Endpoint              http://localhost/integration/{integration.id}" in result.stdout
    assert f"\n  curl http://localhost/integration/{integration.id} -H" in result.stdout
    assert "Token needed          no" in result.stdout
    assert (integration.name, integration.strict, integration.enabled) == ("Zabbix", True, True)


def test_without_a_server_name_a_hint_says_that_the_url_is_guessed(sqlite_url: str) -> None:
    with running_host(sqlite_url) as host:
        guessed = run(host, "integrations", "create", "a sender")
    with running_host(sqlite_url, config={"SERVER_NAME": "desk.example"}) as host:
        known = run(host, "integrations", "create", "a sender")

    assert "Hint: SERVER_NAME is not set" in guessed.stderr
    assert known.stderr == ""
    assert "Endpoint              http://desk.example/integration/int_" in known.stdout


@pytest.mark.parametrize(
    "command", ["show", "update --name x", "rotate-token", "enable", "disable"]
)
def test_wherever_a_guessed_url_is_shown_the_hint_says_so(sqlite_host: Host, command: str) -> None:
    name, *options = command.split()

    result = run(sqlite_host, "integrations", name, sqlite_host.create_integration(), *options)

    assert "Endpoint              http://localhost/" in result.stdout
    assert result.stderr.count("Hint: SERVER_NAME is not set") == 1


def test_create_takes_every_option(host: Host) -> None:
    record = run_json(
        host, "integrations", "create", "Kuma", "--token", "s3cret", "--capture-additional-data",
        "--compatible", "--wrapper-key", "body.data", "--title-template", "{{ payload.Title }}!",
        "--description-template", "from {{ integration.name }}",
    )  # fmt: skip

    (integration,) = stored_integrations(host)
    assert record["id"] == integration.id
    assert record["token"] == "s3cret"
    assert record["created_at"].endswith("+00:00")
    assert (record["strict"], record["capture_additional_data"]) == (False, True)
    assert record["wrapper_key"] == integration.wrapper_key == "body.data"
    assert record["title_template"] == "{{ payload.Title }}!"
    assert record["description_template"] == "from {{ integration.name }}"
    assert not any("hash" in name for name in record)


def test_the_curl_line_is_ready_to_paste(sqlite_host: Host) -> None:
    record = run_json(sqlite_host, "integrations", "create", "a sender", "--token", "it's $HOME")
    command, url, *rest = shlex.split(record["curl"])

    assert (command, url) == ("curl", record["endpoint_url"])
    flags, values = rest[::2], rest[1::2]
    assert flags == ["-H", "-H", "-d"]
    headers = dict(value.split(": ", 1) for value in values[:2])
    assert headers["pagertree-token"] == "it's $HOME"
    response = sqlite_host.client.post(url, headers=headers, data=values[2])
    assert response.status_code == 200


def test_a_made_token_is_shown_once(sqlite_host: Host) -> None:
    result = run(sqlite_host, "integrations", "create", "a sender", "--generate-token")
    (integration,) = stored_integrations(sqlite_host)
    shown = run(sqlite_host, "integrations", "show", integration.id)

    match = re.search(r"Token +(\S{43})  \(shown only now", result.stdout)
    assert match is not None
    assert match[1] not in shown.output
    headers = {"pagertree-token": match[1]}
    assert sqlite_host.post(integration.id, EVENT, headers=headers).status_code == 200
    assert sqlite_host.post(integration.id, EVENT).status_code == 403


def test_two_ways_to_a_token_are_one_too_many(sqlite_host: Host) -> None:
    result = run(sqlite_host, "integrations", "create", "x", "--token", "t", "--generate-token")

    assert result.exit_code == 2
    assert "Give --token or --generate-token, not both." in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--token", ""], "A token is printable ASCII text and not blank"),
        (["--token", "schlüssel"], "A token is printable ASCII text"),
        (["--wrapper-key", "a["], "The wrapper key is not a JMESPath expression."),
        (["--title-template", "{{"], "template"),
    ],
)
def test_an_option_that_cannot_be_stored_is_refused_in_words(
    sqlite_host: Host, options: list[str], words: str
) -> None:
    result = run(sqlite_host, "integrations", "create", "a sender", *options)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert words in result.stderr
    assert stored_integrations(sqlite_host) == []


def test_list_shows_all_integrations_in_one_table(host: Host) -> None:
    first = host.create_integration("first", token="t")
    second = host.create_integration("evil \x1b[2J", strict=False)
    host.post(second, EVENT)

    result = run(host, "integrations", "list")

    assert result.stdout.splitlines() == [
        "ID                  ENABLED  TOKEN  MODE        ACTIVE ALERTS  NAME",
        f"{first}  yes      yes    strict      0              first",
        f"{second}  yes      no     compatible  1              evil \\x1b[2J",
    ]


def test_list_prints_json_for_programs(host: Host) -> None:
    integration_id = host.create_integration("a sender", token="t")

    (record,) = run_json(host, "integrations", "list")

    assert record["id"] == integration_id
    assert (record["has_token"], record["active_alerts"]) == (True, 0)
    assert record["endpoint_url"] == f"http://localhost/integration/{integration_id}"
    assert not record.keys() & {"token", "token_hash", "previous_token_hash"}


def test_an_empty_list_says_how_to_begin(sqlite_host: Host) -> None:
    result = run(sqlite_host, "integrations", "list")

    assert result.exit_code == 0
    assert "There are no integrations. Make one: flask webhook-alerts" in result.stderr


def test_show_names_what_is_not_set_with_a_dash(host: Host, post_event: PostEvent) -> None:
    post_event()
    (integration,) = stored_integrations(host)

    result = run(host, "integrations", "show", integration.id)

    assert "Wrapper key           -" in result.stdout
    assert "Alerts                1, 1 active" in result.stdout


def test_an_id_in_another_letter_case_is_not_found(host: Host) -> None:
    wrong_id = host.create_integration().swapcase()

    for command in (["show"], ["enable"], ["rotate-token"], ["delete", "--yes"]):
        result = run(host, "integrations", command[0], wrong_id, *command[1:])
        assert result.exit_code == 1
        assert result.stderr == f"Error: There is no integration '{wrong_id}'.\n"


def test_without_a_registered_endpoint_show_says_what_to_do(sqlite_url: str) -> None:
    host = unprepared_host(sqlite_url, register_blueprint=False)
    with host.app.app_context():
        host.db.create_all()

    result = run(host, "integrations", "create", "a sender")

    assert result.exit_code == 0
    assert "Endpoint              none: the doctor says why" in result.stdout
    assert "curl" not in result.stdout


@on_both
def test_update_changes_only_what_is_given(host: Host) -> None:
    integration_id = host.create_integration("a sender", wrapper_key="body")

    record = run_json(
        host, "integrations", "update", integration_id, "--name", "renamed", "--compatible",
        "--capture-additional-data", "--token", "t",
    )  # fmt: skip

    (integration,) = stored_integrations(host)
    assert (integration.name, integration.strict, integration.wrapper_key) == (
        "renamed",
        False,
        "body",
    )
    assert integration.capture_additional_data
    assert record["token"] == "t"
    assert integration.updated_at > integration.created_at


def test_update_takes_back_what_was_set(host: Host) -> None:
    integration_id = host.create_integration(
        "a sender", token="t", strict=False, capture_additional_data=True, wrapper_key="body",
        title_template="x", description_template="y",
    )  # fmt: skip

    record = run_json(
        host, "integrations", "update", integration_id, "--no-compatible", "--token", "",
        "--no-capture-additional-data", "--wrapper-key", "", "--title-template", "",
        "--description-template", "",
    )  # fmt: skip

    (integration,) = stored_integrations(host)
    assert integration.strict
    assert not integration.capture_additional_data
    assert not integration.has_token
    assert "token" not in record
    texts = (
        integration.wrapper_key,
        integration.title_template,
        integration.description_template,
    )
    assert texts == (None, None, None)


def test_update_refuses_a_blank_name(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration()

    result = run(sqlite_host, "integrations", "update", integration_id, "--name", "")

    assert result.exit_code == 1
    assert "An integration's name has 1 to 255 characters" in result.stderr


def test_update_without_options_is_a_usage_error(sqlite_host: Host) -> None:
    result = run(sqlite_host, "integrations", "update", sqlite_host.create_integration())

    assert result.exit_code == 2
    assert "Nothing to change: give at least one option." in result.stderr


@on_both
def test_rotate_token_keeps_the_old_one_for_a_while(host: Host) -> None:
    integration_id = host.create_integration(token="old")

    record = run_json(
        host, "integrations", "rotate-token", integration_id, "--token", "new", "--keep-for", "1h"
    )

    assert record["token"] == "new"
    assert record["previous_token_expires_at"].endswith("+00:00")
    for token in ("old", "new"):
        response = host.post(integration_id, EVENT, headers={"pagertree-token": token})
        assert response.status_code == 200


def test_rotate_token_makes_one_if_none_is_given(sqlite_host: Host) -> None:
    record = run_json(sqlite_host, "integrations", "rotate-token", sqlite_host.create_integration())

    assert len(record["token"]) == 43
    assert record["previous_token_expires_at"] is None


def test_a_bad_duration_is_a_usage_error(sqlite_host: Host) -> None:
    result = run(sqlite_host, "integrations", "rotate-token", "int_x", "--keep-for", "soon")

    assert result.exit_code == 2
    assert "'soon' is not a duration. Write a whole number and a unit" in result.stderr


def test_a_disabled_integration_takes_nothing_until_it_is_enabled(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration()

    assert run_json(sqlite_host, "integrations", "disable", integration_id)["enabled"] is False
    assert sqlite_host.post(integration_id, EVENT).status_code == 405
    assert (
        "Enabled               yes"
        in run(sqlite_host, "integrations", "enable", integration_id).stdout
    )
    assert sqlite_host.post(integration_id, EVENT).status_code == 200


def test_delete_asks_first(sqlite_host: Host) -> None:
    integration_id = sqlite_host.create_integration("a \x1bsender")

    refused = run(sqlite_host, "integrations", "delete", integration_id, input="n\n")
    left = len(stored_integrations(sqlite_host))
    agreed = run(sqlite_host, "integrations", "delete", integration_id, input="y\n")

    assert "Delete 'a \\x1bsender' and its 0 alerts, for ever?" in refused.stderr
    assert (refused.exit_code, left) == (1, 1)
    assert agreed.stdout.endswith(f"Deleted {integration_id} and 0 alerts.\n")
    assert stored_integrations(sqlite_host) == []


@on_both
def test_delete_wants_to_be_told_that_alerts_go_too(host: Host) -> None:
    integration_id = host.create_integration()
    host.post(integration_id, EVENT)

    refused = run(host, "integrations", "delete", integration_id, "--yes")
    record = run_json(host, "integrations", "delete", integration_id, "--with-alerts", "--yes")

    assert refused.exit_code == 1
    assert "Error: The integration has 1 alert. Add --with-alerts" in refused.stderr
    assert record == {"id": integration_id, "deleted_alerts": 1}
    assert host.stored_alerts() == host.stored_events() == stored_integrations(host) == []


def test_delete_says_so_if_rows_of_the_host_are_in_the_way(database_url: str) -> None:
    with host_with_notes(database_url) as host:
        integration_id = host.create_integration()
        host.post(integration_id, EVENT)
        execute(host, "INSERT INTO note SELECT id FROM webhook_alert")

        result = run(host, "integrations", "delete", integration_id, "--with-alerts", "--yes")

        assert result.exit_code == 1
        assert "Error: Rows of your app refer to these alerts" in result.stderr
        assert len(host.stored_alerts()) == len(host.stored_events()) == 1
