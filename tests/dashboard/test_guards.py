"""The ready guards: Flask-Login and HTTP basic auth."""

from __future__ import annotations

import sys
import typing as t
from collections.abc import Iterator

import pytest
from flask_login import login_user
from flask_login import LoginManager
from flask_login import UserMixin
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from flask_webhook_alerts import ConfigError
from flask_webhook_alerts.dashboard import basic_auth
from flask_webhook_alerts.dashboard import flask_login
from flask_webhook_alerts.dashboard import guards
from tests.dashboard.people import EVENT
from tests.dashboard.people import Person
from tests.dashboard.people import with_dashboard
from tests.hosts import Host
from tests.hosts import running_host

HASH = generate_password_hash("right", "pbkdf2:sha256:1000")


class User(UserMixin):  # type: ignore[misc] # the library has no types
    def __init__(self, ident: str) -> None:
        self.id = ident


def login_host(url: str, guard: t.Any) -> t.Any:
    db, alerts, dashboard = with_dashboard(authorize=guard)
    running = running_host(url, db=db, alerts=alerts)

    class Running:
        def __enter__(self) -> Host:
            host = running.__enter__()
            manager: t.Any = LoginManager(host.app)
            manager.login_view = "login"
            manager.user_loader(User)
            host.app.add_url_rule(
                "/login/<name>", "login_as", lambda name: str(login_user(User(name)))
            )
            host.app.add_url_rule("/login", "login", lambda: "Who are you?")
            dashboard.init_app(host.app)
            return host

        def __exit__(self, *how: object) -> None:
            running.__exit__(*how)  # type: ignore[arg-type]

    return Running()


def test_who_is_not_signed_in_is_sent_to_the_login_of_the_host(sqlite_url: str) -> None:
    with login_host(sqlite_url, flask_login()) as host:
        response = host.client.get("/alerts/")

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login")


@pytest.mark.parametrize("path", ["live", "live/1", "integrations/int_1/status"])
def test_what_a_page_asks_by_itself_is_refused_and_no_login_hears_of_it(
    sqlite_url: str, path: str
) -> None:
    with login_host(sqlite_url, flask_login()) as host:
        host.app.config["USE_SESSION_FOR_NEXT"] = True
        client = host.client
        response = client.get(f"/alerts/{path}", headers={"X-Fragment": "1"})
        with client.session_transaction() as session:
            kept = dict(session)

    assert response.status_code == 403
    assert kept == {}


@pytest.mark.parametrize(
    ("guard", "name"),
    [(flask_login(), "7"), (flask_login(lambda user: f"User {user.id}"), "User 7")],
)
def test_who_is_signed_in_acts_under_his_name(sqlite_url: str, guard: t.Any, name: str) -> None:
    with login_host(sqlite_url, guard) as host:
        host.post(host.create_integration(), EVENT)
        person = Person(host, host.client)
        person.client.get("/login/7")

        person.press("/act", {"resolve": "1"})

        assert host.stored_events()[-1].by == name


def test_not_every_user_need_be_let_in(sqlite_url: str) -> None:
    with login_host(sqlite_url, flask_login(allow=lambda user: user.id == "1")) as host:
        client = host.client
        client.get("/login/2")

        assert client.get("/alerts/").status_code == 403


def test_without_flask_login_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask_login", None)

    with pytest.raises(ConfigError, match=r"Flask-Webhook-Alerts\[login\]"):
        flask_login()


# Basic auth


@pytest.fixture
def basic_host(sqlite_url: str) -> Iterator[Host]:
    db, alerts, dashboard = with_dashboard(authorize=basic_auth({"amara": HASH}, realm="Shop"))
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        yield host


def test_a_name_and_its_password_open_the_door(basic_host: Host) -> None:
    client = basic_host.client

    assert client.get("/alerts/", auth=("amara", "right")).status_code == 200
    assert client.get("/alerts/", auth=("amara", "right")).status_code == 200


@pytest.mark.parametrize(
    "auth", [("amara", "wrong"), ("amara", ""), ("bo", "right"), ("", ""), ("amära", "é"), None]
)
def test_all_else_is_asked_again(basic_host: Host, auth: tuple[str, str] | None) -> None:
    basic_host.client.get("/alerts/", auth=("amara", "right"))

    response = basic_host.client.get("/alerts/", auth=auth)

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Basic realm=Shop, charset=UTF-8"


def test_other_schemes_are_asked_again(basic_host: Host) -> None:
    headers = {"Authorization": "Bearer right"}

    assert basic_host.client.get("/alerts/", headers=headers).status_code == 401


def test_a_password_is_hashed_once_and_somebody_unknown_costs_as_much(
    basic_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def check(stored: str, password: str) -> bool:
        hashed.append(password)
        return check_password_hash(stored, password)

    monkeypatch.setattr(guards, "check_password_hash", check)
    for auth in (("amara", "right"), ("amara", "right"), ("bo", "x"), ("bo", "x")):
        basic_host.client.get("/alerts/", auth=auth)

    assert hashed == ["right", "x", "x"]


def test_few_passwords_are_remembered(
    basic_host: Host, monkeypatch: pytest.MonkeyPatch, sqlite_url: str
) -> None:
    memory = guards._Memory()
    monkeypatch.setattr(guards, "_MOST_REMEMBERED", 2)
    for name in ("a", "b", "c"):
        memory.keep(name)

    assert [memory.holds(name) for name in ("a", "b", "c")] == [False, True, True]


@pytest.mark.parametrize(
    ("users", "words"),
    [({"a": "plain"}, "generate_password_hash"), ({"a:b": HASH}, "no colon"), ({"": HASH}, "name")],
)
def test_a_wrong_list_of_users_is_an_error_at_start(users: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        basic_auth(users)
