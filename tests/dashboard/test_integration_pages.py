"""Making, setting up, changing and deleting integrations."""

from __future__ import annotations

import datetime as dt
import html
import json
import re
import secrets
import subprocess
import sys
import typing as t

import pytest
from flask import request
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import clock
from flask_webhook_alerts import Refused
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.dashboard import Dashboard
from flask_webhook_alerts.dashboard import recipes
from flask_webhook_alerts.dashboard import senders
from tests.dashboard.people import EVENT
from tests.dashboard.people import notice_of
from tests.dashboard.people import Person
from tests.dashboard.people import words_of
from tests.hosts import running_host
from tests.serving import serving

SENDERS = [sender.key for sender in senders.SENDERS]


def make(person: Person, **fields: str) -> tuple[str, str]:
    """Make an integration by the form; return its id, and the page that tells about it."""
    response = person.press("/integrations", {"name": "Backups", "sender": "curl", **fields})
    place = response.headers["Location"]
    found = re.search(r"int_\w+", place)
    assert found is not None, place
    return found[0], person.see(place.removeprefix("/alerts"))


def token_of(page: str) -> str:
    """Return the token that the page shows."""
    return html.unescape(re.findall(r'id="token"[^>]*value="([^"]+)"', page)[0])


def address_of(page: str) -> str:
    """Return the endpoint that the page shows."""
    return html.unescape(re.findall(r'id="address"[^>]*value="([^"]+)"', page)[0])


def codes_of(page: str) -> list[str]:
    """Return what there is to paste."""
    return [
        html.unescape(one)
        for one in re.findall(r'id="step\d+"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    ]


@pytest.mark.parametrize("sender", senders.SENDERS, ids=SENDERS)
def test_the_choice_of_a_sender_sets_the_mode_and_shows_its_set_up(
    person: Person, sender: senders.Sender
) -> None:
    integration_id, page = make(person, sender=sender.key, with_token="1")

    with person.host.app.app_context():
        row: t.Any = person.host.db.session.get(person.host.alerts.Integration, integration_id)
        assert row.strict is sender.strict
    assert sender.about in html.unescape(page)
    assert address_of(page) == f"http://localhost/integration/{integration_id}"
    assert any(integration_id in code for code in codes_of(page))


@pytest.mark.parametrize("sender", SENDERS)
def test_without_a_token_no_sender_is_told_of_one(person: Person, sender: str) -> None:
    integration_id, page = make(person, sender=sender)

    codes = "\n".join(codes_of(page))

    assert integration_id in codes
    assert "token" not in codes.lower()


def test_a_token_is_shown_once_and_filled_in(person: Person) -> None:
    integration_id, page = make(person, with_token="1")
    token = token_of(page)

    response = person.host.post(integration_id, EVENT, headers={"pagertree-token": token})

    assert response.status_code == 200
    assert token in codes_of(page)[0]
    again = person.see(f"/integrations/{integration_id}?setup=curl")
    assert token not in again
    assert recipes.PLACEHOLDER in codes_of(again)[0]
    assert "Only its hash is stored" in again


def test_the_python_snippet_runs_as_it_stands(person: Person, tmp_path: t.Any) -> None:
    _, page = make(person, sender="script", with_token="1")
    with serving(person.host.app) as url:
        (code,) = codes_of(page)
        code = code.replace("http://localhost", url)
        subprocess.run([sys.executable, "-c", code], check=True, timeout=30, cwd=tmp_path)

    (alert,) = person.host.stored_alerts()
    assert (alert.thirdparty_id, alert.status) == ("backup-db-7", "resolved")


def test_the_curl_lines_are_one_shell_command_each(person: Person) -> None:
    integration_id, page = make(person, sender="curl", with_token="1")
    printer = "import json, sys; print(json.dumps(sys.argv[1:]))"

    for code, event_type in zip(codes_of(page), ("create", "resolve"), strict=True):
        line = code.replace("curl ", f"{sys.executable} -c '{printer}' ", 1)
        done = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True)
        url, *options = json.loads(done.stdout)
        assert url.endswith(integration_id)
        assert options[:2] == ["-H", "Content-Type: application/json"]
        assert json.loads(options[-1])["event_type"] == event_type


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_takes_the_address_and_posts_what_we_want(person: Person) -> None:
    import shlex

    from apprise import Apprise

    integration_id, page = make(person, sender="apprise", with_token="1")
    *_, address = shlex.split(codes_of(page)[0].replace("\\\n", " "))
    plugin: t.Any = Apprise.instantiate(address)

    assert plugin is not None
    assert plugin.fullpath == f"/integration/{integration_id}"
    assert plugin.headers == {"pagertree-token": token_of(page)}
    assert plugin.payload_extras == {
        "title": "Title", "message": "Description", "event_type": "create", "Id": "backup-db-7",
    }  # fmt: skip


def test_alertmanagers_payload_is_yaml_with_our_fields(person: Person) -> None:
    _, page = make(person, sender="alertmanager", with_token="1")

    (code, *_) = codes_of(page)

    assert "send_resolved: true" in code
    assert "event_type: '{{ if eq .Status \"firing\" }}create{{ else }}resolve{{ end }}'" in code
    assert token_of(page) in code
    assert "'...'" in code


def test_a_sender_that_cannot_send_a_token_is_said_to(person: Person) -> None:
    integration_id, page = make(person, sender="uptime-kuma", with_token="1")

    assert "can send no header" in words_of(page)
    person.press(f"/integrations/{integration_id}/token", {"action": "remove"})
    assert "can send no header" not in person.see(
        f"/integrations/{integration_id}?setup=uptime-kuma"
    )


def test_a_strict_integration_says_which_sender_needs_compatible(person: Person) -> None:
    integration_id, _ = make(person, sender="curl")

    page = person.see(f"/integrations/{integration_id}?setup=librenms")

    assert "needs the mode “compatible”, and this endpoint is strict:" in words_of(page)
    assert '<a href="#strict">' in page
    assert '<select id="strict"' in page


@pytest.mark.parametrize("sender", senders.SENDERS, ids=SENDERS)
def test_what_is_said_about_a_sender_is_true_of_every_endpoint(
    person: Person, sender: senders.Sender
) -> None:
    strict, _ = make(person, sender="curl")

    page = person.see(f"/integrations/{strict}?setup={sender.key}")

    assert "endpoint is compatible" not in page
    assert ("this endpoint is strict" in page) is not sender.strict


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "\x00"])
def test_a_name_that_cannot_be_stored_is_shown_beside_its_field(person: Person, name: str) -> None:
    response = person.press("/integrations", {"name": name})

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.text
    assert 'id="name-problem"' in response.text


def test_the_list_shows_integrations_and_what_was_sent_astray(person: Person) -> None:
    assert "No integrations yet" in person.see("/integrations")
    integration_id, _ = make(person, name="<b>Backups</b>")
    person.host.post(integration_id, EVENT)
    person.press(f"/integrations/{integration_id}/enabled", {"enabled": "0"})
    person.host.post("int_mistyped", EVENT, buffered=True)

    words = words_of(person.see("/integrations"))

    assert "<b>Backups</b>" in words
    assert "Disabled Strict None 1" in words
    assert "404 There is no integration with this id." in words


# Whether anything has come


def test_the_page_waits_until_the_first_event_comes(person: Person) -> None:
    integration_id, page = make(person)
    assert "Waiting for first event…" in page
    status = f"/alerts/integrations/{integration_id}/status"
    first = person.client.get(status)
    headers = {"If-None-Match": first.headers["ETag"]}
    assert person.client.get(status, headers=headers).status_code == 304

    person.host.post(integration_id, EVENT)

    came = person.client.get(status, headers=headers)
    assert came.status_code == 200
    assert "First event received" in came.text
    assert "/alerts/1" in came.text


def test_a_page_that_is_paused_does_not_say_that_it_looks(person: Person) -> None:
    integration_id, page = make(person)
    assert "It looks for ten minutes." in words_of(page)
    person.press("/preferences", {"live": "off"})

    words = words_of(person.see(f"/integrations/{integration_id}"))

    assert "ten minutes" not in words
    assert "Paused: this line changes when the page is loaded again." in words


def test_refusals_are_told_in_words_until_an_event_comes(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration_id, page = make(person, with_token="1")
    token = {"pagertree-token": token_of(page)}
    monkeypatch.setattr("flask_webhook_alerts.rejections.SECONDS", 0)
    person.host.post(integration_id, EVENT, buffered=True)
    bare = {"event_type": "create", "Id": "1"}
    person.host.post(integration_id, bare, headers=token, buffered=True)

    page = person.see(f"/integrations/{integration_id}")

    words = words_of(page)
    assert "Events come, and are refused" in words
    assert "403 The token is missing." in words
    assert re.search(r"422 .*Title", words)
    assert token["pagertree-token"] not in page
    person.host.post(integration_id, EVENT, headers=token)
    assert "First event received" in words_of(person.see(f"/integrations/{integration_id}"))


def test_a_disabled_integration_is_not_waited_for(person: Person) -> None:
    integration_id, _ = make(person)

    page = person.press_and_see(f"/integrations/{integration_id}/enabled", {"enabled": "0"})

    assert "It is disabled: every event is refused with 405." in words_of(page)
    page = person.press_and_see(f"/integrations/{integration_id}/enabled", {"enabled": "1"})
    assert notice_of(page) == "It takes events again."


def test_a_test_alert_goes_through_the_real_endpoint(person: Person) -> None:
    integration_id, _ = make(person)

    page = person.press_and_see(f"/integrations/{integration_id}/test", {"what": "create"})

    (alert,) = person.host.stored_alerts()
    assert notice_of(page) == f"Created: alert {alert.id}."
    assert (alert.status, alert.tags) == ("open", ["test"])
    assert alert.description == "Sent by hand by Amara."


def test_a_round_leaves_nothing_open(person: Person) -> None:
    integration_id, page = make(person, with_token="1")
    data = {"what": "round", "token": token_of(page)}

    page = person.press_and_see(f"/integrations/{integration_id}/test", data)

    assert notice_of(page) == "Created: alert 1. Acknowledged: alert 1. Resolved: alert 1."
    assert person.host.stored_alerts()[0].status == "resolved"
    assert token_of(page) == data["token"]


@pytest.mark.parametrize(
    ("token", "words"),
    [("wrong", "Refused with 403: The token is wrong."), ("é", "printable ASCII"), ("", "missing")],
)
def test_a_test_alert_that_is_refused_says_why(person: Person, token: str, words: str) -> None:
    integration_id, _ = make(person, with_token="1")

    page = person.press_and_see(f"/integrations/{integration_id}/test", {"token": token})

    assert words in notice_of(page)
    assert "shown only now" not in page  # it is not the integration's


@pytest.mark.parametrize(("length", "is_tried"), [(1_000, True), (1_001, False), (6_000, False)])
def test_a_token_that_fits_into_no_cookie_is_not_tried(
    person: Person, length: int, is_tried: bool
) -> None:
    token = secrets.token_urlsafe(length)[:length]
    integration_id = person.host.create_integration(token=token)

    response = person.press(f"/integrations/{integration_id}/test", {"token": token})
    page = person.see(f"/integrations/{integration_id}")

    assert max(map(len, response.headers.getlist("Set-Cookie"))) < 4_000
    assert (token in page) is is_tried
    assert len(person.host.stored_alerts()) == int(is_tried)
    if not is_tried:
        words = f"A token of {length:,} characters is not tried here, only up to 1,000."
        assert notice_of(page) == words


@pytest.mark.parametrize("words", ["Sign in", {"error": "Sign in"}])
def test_a_before_request_of_the_host_that_answers_first_is_named(
    person: Person, words: t.Any
) -> None:
    integration_id, _ = make(person)
    token = person.token()

    def answer_first() -> t.Any:
        return None if request.path.startswith("/alerts") else words

    person.host.app.before_request_funcs.setdefault(None, []).append(answer_first)
    response = person.client.post(
        f"/alerts/integrations/{integration_id}/test", data={"_csrf": token}, follow_redirects=True
    )

    assert "The app answered 200 OK, and not the endpoint" in notice_of(response.text)


@pytest.mark.parametrize("has_values", [True, False])
def test_an_app_without_the_endpoint_says_so_and_how_to_get_one(
    sqlite_url: str, has_values: bool
) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    dashboard = Dashboard(alerts, authorize=lambda: "Amara")
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        if has_values:
            host.app.register_blueprint(alerts.blueprint, url_prefix="/<tenant>/hooks")
        dashboard.init_app(host.app)
        person = Person(host, host.client)
        integration_id, page = make(person)
        advice = "app.url_defaults" if has_values else "Register alerts.blueprint on the app"

        words = words_of(page)
        assert "This app takes no events." in words
        assert advice in words
        assert "Send a test alert" not in words
        assert codes_of(page) == []
        tried = person.press_and_see(f"/integrations/{integration_id}/test")
        assert notice_of(tried) == "This app takes no events. It says why under Address."
        assert advice in words_of(person.see("/help"))


def test_help_says_where_the_endpoint_is_in_this_app(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, register_blueprint=False)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.register_blueprint(alerts.blueprint, url_prefix="/hooks")
        Dashboard(alerts, host.app, authorize=lambda: "Amara")

        words = words_of(Person(host, host.client).see("/help", base_url="https://shop.example"))

    assert "Endpoint https://shop.example/hooks/ID" in words


# Settings


def settings(**changes: str) -> dict[str, str]:
    return {"name": "Backups", "strict": "1", "wrapper_key": "", **changes}


def test_settings_are_saved_and_count_at_once(person: Person) -> None:
    integration_id, _ = make(person)
    data = settings(
        name="New name", strict="0", capture_additional_data="1", wrapper_key="data.alert",
        title_template="{{ payload.Title | upper }}", description_template="a\r\nb",
    )  # fmt: skip

    page = person.press_and_see(f"/integrations/{integration_id}/settings", data)

    assert notice_of(page) == "The settings are saved. They count for the next event."
    assert "New name" in page
    person.host.post(integration_id, {"data": {"alert": {**EVENT, "Extra": 1}}})
    (alert,) = person.host.stored_alerts()
    assert (alert.title, alert.description) == ("DISK FULL", "a\nb")
    assert alert.additional_data == {"Extra": 1}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("wrapper_key", "[[[", "not a JMESPath expression"),
        ("wrapper_key", "length(@)", "uses a function"),
        ("title_template", "{{ x", "title_template"),
        ("description_template", "{% if %}", "description_template"),
        ("name", " ", "1 to 255"),
    ],
)
def test_a_setting_that_cannot_be_stored_is_shown_beside_its_field(
    person: Person, field: str, value: str, words: str
) -> None:
    integration_id, _ = make(person)

    response = person.press(
        f"/integrations/{integration_id}/settings", settings(**{"name": "Other", field: value})
    )

    assert response.status_code == 422
    assert f'id="{field}-problem"' in response.text
    if field != words:
        assert words in html.unescape(response.text)
    assert "Other" not in person.see("/integrations")


def test_what_no_database_holds_is_not_blamed_on_the_name(person: Person) -> None:
    integration_id, _ = make(person)
    data = settings(title_template="a\0{{ payload.Title }}")

    page = person.press_and_see(f"/integrations/{integration_id}/settings", data)

    assert "name-problem" not in page
    assert 'value="a\ufffd{{ payload.Title }}"' in page


@pytest.mark.parametrize(
    ("key", "body", "words"),
    [
        ("data.alert", '{"data": {"alert": {"Id": "1"}}}', '"Id": "1"'),
        ("data.none", '{"data": {}}', "It finds no object, so the body itself is the payload"),
        ("data", "{'a'}", "The body is not taken"),
        ("", '{"a": 1}', "Write a wrapper key first"),
        ("[[[", '{"a": 1}', "not a JMESPath expression"),
    ],
)
def test_a_wrapper_key_is_tried_before_it_is_stored(
    person: Person, key: str, body: str, words: str
) -> None:
    integration_id, _ = make(person)
    data = settings(wrapper_key=key, body=body)

    response = person.press(f"/integrations/{integration_id}/try", data)

    assert response.status_code == 200
    assert words in html.unescape(response.text)
    with person.host.app.app_context():
        row: t.Any = person.host.db.session.get(person.host.alerts.Integration, integration_id)
        assert row.wrapper_key is None


def test_a_key_may_find_half_a_character(person: Person) -> None:
    integration_id, _ = make(person)
    data = settings(wrapper_key="found", body=r'{"found": {"a": "\ud800"}}')

    response = person.press(f"/integrations/{integration_id}/try", data)

    assert response.status_code == 200
    assert "\ufffd" in response.text


@pytest.mark.parametrize(("keep_for", "is_kept"), [("24h", True), ("0", False), ("x", True)])
def test_a_new_token_is_shown_once_and_the_old_one_stays_for_a_while(
    person: Person, keep_for: str, is_kept: bool
) -> None:
    integration_id, page = make(person, with_token="1")
    old = token_of(page)
    data = {"action": "rotate", "keep_for": keep_for}

    page = person.press_and_see(f"/integrations/{integration_id}/token", data)

    new = token_of(page)
    statuses = [
        person.host.post(integration_id, EVENT, headers={"pagertree-token": token}).status_code
        for token in (new, old)
    ]
    assert new != old
    assert statuses == [200, 200 if is_kept else 403]
    assert ("An older token stays valid until" in page) is True


def test_a_token_can_be_taken_away(person: Person) -> None:
    integration_id, _ = make(person, with_token="1")

    page = person.press_and_see(f"/integrations/{integration_id}/token", {"action": "remove"})

    assert "without a token" in notice_of(page)
    assert person.host.post(integration_id, EVENT).status_code == 200


def test_only_who_types_the_name_deletes(person: Person) -> None:
    integration_id, _ = make(person)
    person.host.post(integration_id, EVENT)
    path = f"/integrations/{integration_id}/delete"

    wrong = person.press(path, {"typed": "backups"})
    with_alerts = person.press(path, {"typed": "Backups"})
    gone = person.press_and_see(path, {"typed": "Backups", "alerts": "1"})

    assert (wrong.status_code, with_alerts.status_code) == (422, 422)
    assert "That is not its name" in wrong.text
    assert "has 1 alert." in with_alerts.text
    assert notice_of(gone) == "“Backups” and 1 alert are deleted."
    assert "There is no such page" in person.see(f"/integrations/{integration_id}", 404)


def test_rows_of_the_host_that_need_the_alerts_stop_a_deletion(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration_id, _ = make(person)

    def refuse(*_args: object, **_options: object) -> t.NoReturn:
        raise Refused("FOREIGN KEY constraint failed")

    monkeypatch.setattr("flask_webhook_alerts.integrations.Integrations.delete", refuse)
    data = {"typed": "Backups", "alerts": "1"}
    response = person.press(f"/integrations/{integration_id}/delete", data)

    assert response.status_code == 409
    assert "FOREIGN KEY constraint failed. Shorten what is too long" in response.text
    assert "rows of your app that refer to what would be deleted must go first" in response.text


def test_an_event_of_long_ago_is_the_last_event(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration_id, _ = make(person)
    person.host.post(integration_id, EVENT)
    person.host.post(integration_id, EVENT)
    later = clock.now() + dt.timedelta(hours=5)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert "Last event received 5 h ago" in words_of(person.see(f"/integrations/{integration_id}"))
