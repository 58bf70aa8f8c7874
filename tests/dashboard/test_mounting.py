"""Mounting the dashboard, who may pass its door, and what a foreign page can do."""

from __future__ import annotations

import functools
import re
import typing as t
from collections.abc import Callable
from collections.abc import Iterator

import pytest
from flask import Flask
from flask import redirect
from flask import request
from flask import session
from flask_wtf import CSRFProtect
from sqlalchemy import exc
from werkzeug.routing import Rule

from flask_webhook_alerts import ConfigError
from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import NotFound
from flask_webhook_alerts import Refused
from flask_webhook_alerts import Unavailable
from flask_webhook_alerts.dashboard import Dashboard
from tests.dashboard.people import EVENT
from tests.dashboard.people import notice_of
from tests.dashboard.people import Person
from tests.dashboard.people import with_dashboard
from tests.hosts import Host
from tests.hosts import running_host

CREATE = "/integrations"


def rules_of(host: Host) -> list[Rule]:
    """Return the routes of the dashboard."""
    return [rule for rule in host.app.url_map.iter_rules() if "dashboard" in rule.endpoint]


def path_of(rule: Rule) -> str:
    """Return an address under a rule."""
    path = rule.rule.replace("<int(max=9223372036854775807):alert_id>", "1")
    return path.replace("<integration_id>", "int_1").replace("<path:filename>", "dashboard.css")


@pytest.mark.parametrize("answer", [None, False, "", "no guard"])
def test_whom_the_guard_refuses_sees_nothing_on_any_route(sqlite_url: str, answer: t.Any) -> None:
    guard = None if answer == "no guard" else lambda: answer
    db, alerts, dashboard = with_dashboard(authorize=guard)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        host.post(host.create_integration("a secret name"), EVENT)
        for rule in rules_of(host):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                response = host.client.open(path_of(rule), method=method, buffered=True)
                assert response.status_code == 403, rule
                assert "secret" not in response.text
                assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert len(rules_of(host)) >= 20


def test_whom_the_guard_lets_in_sees_every_page(person: Person, sender: str) -> None:
    person.host.post(sender, EVENT)

    for rule in rules_of(person.host):
        if "GET" in (rule.methods or ()):
            path = path_of(rule).replace("int_1", sender)
            response = person.client.get(path, buffered=True)
            assert response.status_code == 200, rule


def test_a_guard_may_send_people_to_the_hosts_login(sqlite_url: str) -> None:
    db, alerts, dashboard = with_dashboard(authorize=lambda: redirect("/login"))
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)

        assert host.client.get("/alerts/").headers["Location"] == "/login"
        assert host.client.post("/alerts/act").headers["Location"] == "/login"


async def let_in() -> str:
    return "Amara"


@pytest.mark.parametrize("guard", [lambda: True, let_in])
def test_a_guard_may_give_no_name_or_be_async(sqlite_url: str, guard: t.Any) -> None:
    db, alerts, dashboard = with_dashboard(authorize=guard)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        person = Person(host, host.client)
        host.post(host.create_integration(), EVENT)

        person.press("/act", {"acknowledge": "1"})

        assert host.stored_events()[-1].by == (None if guard is not let_in else "Amara")


@pytest.mark.parametrize("debug", [True, False])
def test_without_a_guard_the_page_says_how_to_set_one_up_in_debug_mode(
    sqlite_url: str, debug: bool
) -> None:
    db, alerts, dashboard = with_dashboard(authorize=None)
    with running_host(sqlite_url, db=db, alerts=alerts, config={"DEBUG": debug}) as host:
        dashboard.init_app(host.app)

        page = host.client.get("/alerts/").text

    assert ("authorize=flask_login()" in page) is debug


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("answer", [0, 7, [], {}, {"name": "Amara"}, object()])
def test_a_guard_that_answers_nonsense_lets_nobody_in_and_says_why_in_debug_mode(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, answer: t.Any, debug: bool
) -> None:
    db, alerts, dashboard = with_dashboard(authorize=lambda: answer)
    with running_host(sqlite_url, db=db, alerts=alerts, config={"DEBUG": debug}) as host:
        dashboard.init_app(host.app)

        for rule in rules_of(host):
            response = host.client.get(path_of(rule), buffered=True)
            if response.status_code != 405:
                assert response.status_code == 500, rule
                assert "nobody may see it" in response.text
                assert ("authorize returned a value of type" in response.text) is debug
                assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert f"authorize returned a value of type {type(answer).__name__}" in caplog.text


PAGES = {
    "a page": "<!doctype html><p>Who are you?</p>",
    "lines": "Sign in\nfirst",
    "a long text": "Sign in. " * 30,
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_guard_that_returns_a_page_as_text_lets_nobody_in(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, page: str
) -> None:
    db, alerts, dashboard = with_dashboard(authorize=lambda: page)
    with running_host(sqlite_url, db=db, alerts=alerts, config={"DEBUG": True}) as host:
        dashboard.init_app(host.app)

        response = host.client.get("/alerts/")

    assert response.status_code == 500
    assert "return flask.make_response(page, 403)" in response.text
    assert "authorize returned a text that is no name" in caplog.text


FAULTS = [
    NotFound("No such user"),
    InvalidOption("x"),
    Refused("x"),
    Unavailable("x"),
    exc.OperationalError("SELECT", {}, Exception("away")),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_of_the_guard_is_the_hosts_and_no_page_of_ours(
    sqlite_url: str, fault: Exception
) -> None:
    def look_up() -> str:
        raise fault

    def answer(error: Exception) -> tuple[str, int]:
        return f"Not today: {type(error).__name__}", 418

    db, alerts, dashboard = with_dashboard(authorize=look_up)
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        host.app.register_error_handler(type(fault), answer)

        answered = host.client.get("/alerts/")

    assert answered.status_code == 418
    assert answered.text == f"Not today: {type(fault).__name__}"


def test_a_name_with_half_a_character_is_shown_and_kept_without_it(sqlite_url: str) -> None:
    db, alerts, dashboard = with_dashboard(authorize=lambda: "Am\ud800ra")
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        host.post(host.create_integration(), EVENT)

        page = Person(host, host.client).press_and_see("/act", {"resolve": "1"})

        assert "Am\ufffdra" in page
        assert host.stored_events()[-1].by == "Am\ufffdra"


def test_two_apps_have_one_dashboard_each_with_its_own_alerts(tmp_path: t.Any) -> None:
    db, alerts, dashboard = with_dashboard()
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "two")]
    with (
        running_host(urls[0], db=db, alerts=alerts) as one,
        running_host(urls[1], db=db, alerts=alerts) as two,
    ):
        for host in (one, two):
            dashboard.init_app(host.app)
        one.post(one.create_integration("first"), EVENT)

        assert "Disk full" in Person(one, one.client).see()
        assert "Create your first endpoint" in Person(two, two.client).see()


def test_the_prefix_the_site_and_the_names_are_the_hosts(sqlite_url: str) -> None:
    db, alerts, dashboard = with_dashboard(url_prefix="/ops", site_name="Moth & Lantern")
    second = Dashboard(alerts, authorize=lambda: "Bo", url_prefix="/two", name="second")
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        second.init_app(host.app)

        assert "- Moth &amp; Lantern</title>" in host.client.get("/ops/").text
        assert 'href="/two/stats"' in host.client.get("/two/").text


def test_what_is_missing_is_said_at_start() -> None:
    db, alerts, dashboard = with_dashboard()
    app = Flask("host")
    with pytest.raises(RuntimeError, match=r"alerts\.init_app"):
        dashboard.init_app(app)

    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db.init_app(app)
    alerts.init_app(app)
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        Dashboard(alerts, app, authorize=lambda: "Amara")


@pytest.mark.parametrize("prefix", ["", "/", "alerts", "/alerts/", "/a b", "/<tenant>", None])
def test_a_prefix_is_a_path(prefix: t.Any) -> None:
    with pytest.raises(ValueError, match=r"Give a path that starts .* such as \"/alerts\"\."):
        with_dashboard(url_prefix=prefix)


# Two in one app


@pytest.fixture
def nested(sqlite_url: str) -> Iterator[Person]:
    """Amara, who may see the outer of two dashboards, and Bo, who may see the inner one."""
    db, alerts, outer = with_dashboard(authorize=lambda: request.headers.get("Outer"))
    inner = Dashboard(
        alerts,
        authorize=lambda: request.headers.get("Inner"),
        url_prefix="/alerts/ops",
        name="ops: inner",
    )
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        outer.init_app(host.app)
        inner.init_app(host.app)
        yield Person(host, host.client)


OUTER, INNER = {"Outer": "Amara"}, {"Inner": "Bo"}


def test_two_dashboards_ask_a_guard_each(nested: Person) -> None:
    paths = ("/", "/ops/")

    assert [nested.client.get(f"/alerts{path}").status_code for path in paths] == [403, 403]
    assert "<bdi>Bo</bdi>" not in nested.see("/", headers=OUTER)
    assert "<bdi>Bo</bdi>" in nested.see("/ops/", headers=INNER)
    assert "You may not see" in nested.see("/ops/", 403, headers=OUTER)
    assert "You may not see" in nested.see("/", 403, headers=INNER)


def test_two_dashboards_do_not_take_each_others_notices_and_views(nested: Person) -> None:
    client, both = nested.client, {**OUTER, **INNER}
    found = re.findall(r'name="_csrf" value="([^"]+)"', nested.see("/", headers=both))
    data = {"_csrf": found[0], "name": "a", "theme": "dark"}
    client.post("/alerts/preferences", data=data, headers=both)
    client.post("/alerts/integrations", data=data, headers=both)

    inner, outer = nested.see("/ops/", headers=both), nested.see("/", headers=both)

    assert (notice_of(inner), 'data-theme="dark"' in inner) == ("", False)
    assert notice_of(outer).startswith("“a” has an endpoint")
    assert 'data-theme="dark"' in outer


def test_two_dashboards_do_not_take_each_others_forms(nested: Person) -> None:
    both = {"Outer": "Amara", "Inner": "Amara"}
    tokens = [
        re.findall(r'name="_csrf" value="([^"]+)"', nested.see(path, headers=both))[0]
        for path in ("/", "/ops/")
    ]

    answers = [
        nested.client.post(f"/alerts{path}", data={"_csrf": token, "name": "a"}, headers=both)
        for path in ("/integrations", "/ops/integrations")
        for token in tokens
    ]

    assert [answer.status_code for answer in answers] == [303, 403, 403, 303]


# Forms


def test_a_form_of_our_own_page_is_taken(person: Person) -> None:
    assert person.press(CREATE, {"name": "a"}).status_code == 303


@pytest.mark.parametrize("site", ["same-origin", "none", None])
@pytest.mark.parametrize("origin", ["http://localhost", None])
def test_browsers_say_in_several_ways_that_a_form_is_from_here(
    person: Person, site: str | None, origin: str | None
) -> None:
    headers = {"Sec-Fetch-Site": site, "Origin": origin}
    given = {name: value for name, value in headers.items() if value is not None}

    assert person.press(CREATE, {"name": "a"}, headers=given).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_a_foreign_page_changes_nothing(person: Person, headers: dict[str, str]) -> None:
    response = person.press(CREATE, {"name": "a"}, headers=headers)

    assert response.status_code == 403
    assert "another site" in response.text
    assert "Create your first endpoint" in person.see()


@pytest.mark.parametrize("token", ["", "x", "é", "a.b.c", None])
def test_a_form_without_the_right_token_changes_nothing(person: Person, token: str | None) -> None:
    data = {"name": "a"} if token is None else {"name": "a", "_csrf": token}
    person.token()

    assert person.client.post("/alerts/integrations", data=data).status_code == 403
    assert "Create your first endpoint" in person.see()


def test_a_token_is_good_in_the_browser_that_got_it_only(person: Person) -> None:
    stolen = person.token()
    other = Person(person.host, person.host.client)
    other.token()

    data = {"name": "a", "_csrf": stolen}
    assert other.client.post("/alerts/integrations", data=data).status_code == 403
    assert person.host.client.post("/alerts/integrations", data=data).status_code == 403


def test_a_token_is_good_for_the_person_who_got_it_only(sqlite_url: str) -> None:
    db, alerts, dashboard = with_dashboard(authorize=lambda: session.get("name"))
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        person = Person(host, host.client)
        with person.client.session_transaction() as first:
            first["name"] = "Amara"
        token = person.token()
        with person.client.session_transaction() as second:
            second["name"] = "Bo"

        data = {"name": "a", "_csrf": token}
        assert person.client.post("/alerts/integrations", data=data).status_code == 403


def test_a_token_outlives_a_change_of_the_secret_key(person: Person) -> None:
    token, config = person.token(), person.host.app.config
    config.update(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["test"])

    data = {"name": "a", "_csrf": token}
    assert person.client.post("/alerts/integrations", data=data).status_code == 303


@pytest.mark.parametrize("first", ["wtf", "dashboard"])
def test_flask_wtf_guards_the_hosts_forms_and_leaves_ours_to_us(
    sqlite_url: str, first: str
) -> None:
    db, alerts, dashboard = with_dashboard()
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        csrf: t.Any = t.cast(t.Any, CSRFProtect)()
        steps: list[Callable[[], None]] = [
            functools.partial(csrf.init_app, host.app),
            functools.partial(dashboard.init_app, host.app),
        ]
        for step in steps if first == "wtf" else reversed(steps):
            step()
        host.app.add_url_rule("/own", "own", lambda: "done", methods=["POST"])
        person = Person(host, host.client)

        assert person.press(CREATE, {"name": "a"}).status_code == 303
        assert person.client.post("/alerts/integrations", data={"name": "a"}).status_code == 403
        assert person.client.post("/own").status_code == 400


def test_a_foreign_object_under_the_name_csrf_is_left_alone(sqlite_url: str) -> None:
    db, alerts, dashboard = with_dashboard()
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.extensions["csrf"] = object()
        dashboard.init_app(host.app)

        assert host.client.get("/alerts/").status_code == 200


# Headers


def test_our_pages_have_our_headers_even_if_the_host_has_its_own(sqlite_url: str) -> None:
    db, alerts, dashboard = with_dashboard()
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.after_request(set_policy)
        dashboard.init_app(host.app)
        host.app.add_url_rule("/own", "own", lambda: "done")

        ours, static = (
            host.client.get(f"/alerts/{path}", buffered=True)
            for path in ("", "static/dashboard.css")
        )
        assert ours.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src")
        assert ours.headers["Cache-Control"] == "no-store"
        assert "Cookie" in ours.headers["Vary"]
        assert ours.headers["X-Content-Type-Options"] == "nosniff"
        assert ours.headers["Referrer-Policy"] == "same-origin"
        assert "immutable" in static.headers["Cache-Control"]
        assert host.client.get("/alerts/static/none.css").headers["Cache-Control"] == "no-store"

        own = host.client.get("/own").headers
        assert own["Content-Security-Policy"] == "default-src 'self'"
        assert "X-Frame-Options" not in own
        assert "Set-Cookie" not in own


def set_policy(response: t.Any) -> t.Any:
    response.headers.setdefault("Content-Security-Policy", "default-src 'self'")
    return response


def test_cookies_are_hidden_and_go_to_the_dashboard_only(person: Person) -> None:
    plain = person.client.get("/alerts/").headers.getlist("Set-Cookie")
    secure = person.host.client.get("/alerts/", base_url="https://localhost")

    assert [
        ("HttpOnly" in one, "SameSite=Lax" in one, "Path=/alerts/" in one) for one in plain
    ] == [(True, True, True)]
    assert "; Secure" in secure.headers["Set-Cookie"]
    assert "session" not in " ".join(plain)


@pytest.mark.parametrize(
    "options", [{"block_start_string": "<%", "block_end_string": "%>"}, {"autoescape": False}]
)
def test_templates_do_not_depend_on_the_hosts_settings_of_jinja(
    sqlite_url: str, options: dict[str, t.Any]
) -> None:
    db, alerts, dashboard = with_dashboard()
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        host.app.jinja_options = {**host.app.jinja_options, **options}
        dashboard.init_app(host.app)
        host.post(host.create_integration("<i>"), {**EVENT, "Title": "<b>bold</b>"})

        page = Person(host, host.client).see()

    assert "&lt;b&gt;bold" in page
    assert "<b>bold" not in page


def test_a_notice_is_shown_once_and_not_for_ever(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = person.press(CREATE, {"name": "a", "with_token": "1"})
    place = response.headers["Location"].removeprefix("/alerts")

    first, second = person.see(place), person.see(place)

    assert "Max-Age=60;" in response.headers["Set-Cookie"]
    assert notice_of(first).startswith("“a” has an endpoint")
    assert notice_of(second) == ""
    person.client.set_cookie("webhook_alerts_dashboard_notice", "forged", path="/alerts/")
    assert notice_of(person.see(place)) == ""
