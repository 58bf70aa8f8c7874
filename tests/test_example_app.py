"""The on-call desk of the example app, seen from its pages, its endpoint and its commands."""

from __future__ import annotations

import contextlib
import html
import itertools
import random
import re
import shlex
import stat
import threading
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import flask_migrate
import pytest
import sqlalchemy as sa
from apprise import Apprise
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

import example_app.desk
from example_app import create_app
from example_app import demo
from example_app import howto
from example_app import receivers
from example_app import shop
from example_app.database import alerts
from example_app.database import db
from example_app.models import Alert
from example_app.models import Notification
from example_app.models import Service
from example_app.secret import secret_key
from example_app.traffic import make_traffic
from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from tests.databases import KINDS
from tests.databases import new_database

PostAlert: t.TypeAlias = Callable[..., TestResponse]
Traffic: t.TypeAlias = Callable[..., Result]
Press: t.TypeAlias = Callable[[str], TestResponse]


@contextlib.contextmanager
def running(database_url: str) -> Iterator[Flask]:
    """A desk on this database, whose receivers and connections are gone afterwards."""
    app = create_app({"SQLALCHEMY_DATABASE_URI": database_url, "SECRET_KEY": "x", "TESTING": True})
    try:
        yield app
    finally:
        for signal in (alert_created, alert_acknowledged, alert_resolved):
            for receiver in (receivers.page_owner, receivers.tell_owner):
                signal.disconnect(receiver)
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def new_desk(tmp_path: Path) -> Iterator[Flask]:
    """A desk whose database is empty."""
    with running(f"sqlite:///{tmp_path / 'desk.db'}") as app:
        yield app


@pytest.fixture
def desk(new_desk: Flask) -> Flask:
    """A desk with services and an endpoint."""
    with new_desk.app_context():
        db.create_all()
        demo.add_services()
        demo.add_integration()
    return new_desk


@pytest.fixture
def browser(desk: Flask) -> FlaskClient:
    return desk.test_client()


@pytest.fixture
def endpoint(desk: Flask) -> str:
    with desk.test_request_context():
        return str(example_app.desk.endpoint())


@pytest.fixture
def post_alert(browser: FlaskClient, endpoint: str) -> PostAlert:
    def post(event_type: str = "create", **fields: t.Any) -> TestResponse:
        event = {"event_type": event_type, "Id": "lamp", "Title": "It flickers"} | fields
        return browser.post(endpoint, json=event)

    return post


@pytest.fixture
def press(browser: FlaskClient) -> Press:
    """Press the first button of the home page that says this, as a browser would."""

    def press_button(label: str) -> TestResponse:
        page = browser.get("/").text
        form = next(form for form in page.split("<form")[1:] if f">{label}</button>" in form)
        action, token = re.findall(r'(?:action|value)="([^"]*)"', form)
        data = {"csrf_token": token}
        return browser.post(html.unescape(action), data=data, follow_redirects=True)

    return press_button


@pytest.fixture
def served_at(desk: Flask) -> Iterator[str]:
    """Serve the desk on a port of its own, and say where."""
    server = make_server("127.0.0.1", 0, desk, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def traffic(desk: Flask) -> Traffic:
    """Run ``demo traffic`` without its pauses."""
    runner = desk.test_cli_runner()
    return lambda *options: runner.invoke(args=["demo", "traffic", "--every=0", *options])


@contextlib.contextmanager
def stored(app: Flask) -> Iterator[tuple[list[Alert], list[Notification]]]:
    """All alerts and messages, oldest first, in a fresh app context."""
    with app.app_context():
        yield (
            list(db.session.scalars(sa.select(Alert).order_by(Alert.id))),
            list(db.session.scalars(sa.select(Notification).order_by(Notification.id))),
        )


# The receivers


def test_a_new_alert_is_linked_to_its_service_and_the_owner_is_paged(
    desk: Flask, post_alert: PostAlert
) -> None:
    response = post_alert(Meta={"service": "checkout"})

    assert response.status_code == 200, response.text
    with stored(desk) as ([alert], [page]):
        assert alert.service is not None
        assert alert.service.name == "checkout"
        assert (page.owner, page.kind, page.text) == ("Bastian", "created", "It flickers")


@pytest.mark.parametrize("meta", [{}, {"service": "moon"}, {"service": ["checkout"]}, None])
def test_an_alert_about_no_service_of_ours_pages_the_desk(
    desk: Flask, post_alert: PostAlert, meta: object
) -> None:
    post_alert(Meta=meta)

    with stored(desk) as ([alert], [page]):
        assert alert.service is None
        assert page.owner == shop.DESK


def test_owners_hear_that_their_alert_is_taken_and_over(desk: Flask, post_alert: PostAlert) -> None:
    for event_type in ("create", "acknowledge", "resolve"):
        post_alert(event_type, Meta={"service": "search"})

    with stored(desk) as (_, messages):
        assert [(message.owner, message.kind) for message in messages] == [
            ("Amara", "created"),
            ("Amara", "acknowledged"),
            ("Amara", "resolved"),
        ]
        assert messages[-1].text == "It flickers (resolved by the sender)"


@pytest.mark.parametrize("receiver", [receivers.page_owner, receivers.tell_owner])
def test_a_signal_that_comes_twice_pages_once(
    desk: Flask, post_alert: PostAlert, receiver: Callable[..., None]
) -> None:
    post_alert(Meta={"service": "checkout"})
    with stored(desk) as ([alert], _):
        event = db.session.scalars(sa.select(alerts.AlertEvent)).one()
        receiver(desk, alert=alert, integration=None, event=event)

    with stored(desk) as ([alert], pages):
        assert len(pages) == 1
        assert alert.service is not None


def test_hostile_text_makes_one_line_of_log(
    desk: Flask, post_alert: PostAlert, caplog: pytest.LogCaptureFixture
) -> None:
    post_alert(Title="over\nERROR it burns\x1b[31m")

    [line] = [record for record in caplog.records if record.name == desk.name]
    assert line.getMessage() == r"To 'On-call desk': 'over\nERROR it burns\x1b[31m'"


def test_alerts_of_other_apps_are_not_ours(desk: Flask, tmp_path: Path) -> None:
    with running(f"sqlite:///{tmp_path / 'other.db'}") as other:
        with other.app_context():
            db.create_all()
            demo.add_integration()
            integration = db.session.scalars(sa.select(alerts.Integration)).one()
            alerts.receive(integration, {"event_type": "create", "Id": "1", "Title": "Theirs"})

        with stored(other) as (their_alerts, their_messages), stored(desk) as (ours, messages):
            assert (len(their_alerts), len(their_messages)) == (1, 1)
            assert (ours, messages) == ([], [])


def test_purged_alerts_take_their_pages_along(desk: Flask, post_alert: PostAlert) -> None:
    post_alert()
    post_alert("resolve")
    runner = desk.test_cli_runner()

    result = runner.invoke(args=["webhook-alerts", "purge", "--resolved-before", "0d", "--yes"])

    assert result.exit_code == 0, result.output
    with stored(desk) as rows:
        assert rows == ([], [])


# The home page


def test_the_home_page_shows_what_an_alert_is_about(
    browser: FlaskClient, post_alert: PostAlert
) -> None:
    incident = {"incident": True, "incident_severity": "SEV-2", "incident_message": "Room 4"}
    for _ in range(2):
        post_alert(
            Description="Slowly",
            Urgency="high",
            Tags=["glass"],
            Meta={"service": "workshop"} | incident,
        )

    page = browser.get("/").text

    for text in (
        "It flickers",
        "Slowly",
        "glass",
        "workshop",
        "Chiyo",
        "2 times",
        "Incident SEV-2",
    ):
        assert text in page
    assert "(1) On-call desk - Moth &amp; Lantern" in page


def test_the_newest_alert_comes_first(browser: FlaskClient, post_alert: PostAlert) -> None:
    for number in range(3):
        post_alert(Id=str(number), Title=f"Lamp {number}")

    page = browser.get("/").text

    assert re.findall(r"<h3[^>]*>(Lamp \d)", page) == ["Lamp 2", "Lamp 1", "Lamp 0"]


def test_the_desk_acknowledges_with_a_button(
    desk: Flask, post_alert: PostAlert, press: Press
) -> None:
    post_alert()

    page = press("Acknowledge").text

    assert "Acknowledged: It flickers" in page
    assert ">Acknowledge</button>" not in page
    with stored(desk) as ([alert], messages):
        assert alert.status == "acknowledged"
        assert messages[-1].text == "It flickers (acknowledged by On-call desk)"


def test_the_desk_resolves_with_a_button(desk: Flask, post_alert: PostAlert, press: Press) -> None:
    post_alert()

    page = press("Resolve").text

    assert "Resolved: It flickers" in page
    assert "Nobody is needed." in page
    with stored(desk) as ([alert], _):
        assert alert.status == "resolved"


def test_a_button_that_comes_too_late_says_so(
    desk: Flask, browser: FlaskClient, post_alert: PostAlert
) -> None:
    post_alert()
    token = re.findall(r'name="csrf_token" value="([^"]*)"', browser.get("/").text)[0]
    post_alert("resolve")

    response = browser.post(
        "/alerts/1/acknowledge", data={"csrf_token": token}, follow_redirects=True
    )

    assert "this one is over already" in response.text


def test_a_button_without_its_token_is_refused(
    desk: Flask, browser: FlaskClient, post_alert: PostAlert
) -> None:
    post_alert()

    response = browser.post("/alerts/1/resolve")

    assert response.status_code == 400
    with stored(desk) as ([alert], _):
        assert alert.status == "open"


@pytest.mark.parametrize("alert_id", [7, 2**63 - 1, 2**63, "x"])
def test_a_button_of_no_alert_leads_nowhere(
    browser: FlaskClient, post_alert: PostAlert, alert_id: object
) -> None:
    post_alert()
    token = re.findall(r'name="csrf_token" value="([^"]*)"', browser.get("/").text)[0]

    response = browser.post(f"/alerts/{alert_id}/resolve", data={"csrf_token": token})

    assert response.status_code == 404


def test_text_from_outside_stays_text(browser: FlaskClient, post_alert: PostAlert) -> None:
    hostile = "<script>alert(1)</script>"
    incident = {"incident": True, "incident_message": hostile}
    post_alert(Title=hostile, Description=hostile, Tags=[hostile], Meta=incident)

    page = browser.get("/").text

    assert "<script" not in page
    # In the title, the description, the tag, the incident's message, and the page sent.
    assert page.count(html.escape(hostile)) == 5


def test_a_title_of_a_novel_is_cut(browser: FlaskClient, post_alert: PostAlert) -> None:
    post_alert(Title="o" * 300_000)

    page = browser.get("/").text

    assert len(page) < 20_000


def test_only_our_own_style_and_images_are_loaded(browser: FlaskClient) -> None:
    policy = browser.get("/").headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self';")


def test_the_page_looks_again_by_itself_only_when_asked(browser: FlaskClient) -> None:
    refresh = '<meta http-equiv="refresh" content="15">'

    assert refresh not in browser.get("/").text
    assert refresh in browser.get("/?live=1").text


def test_a_quiet_desk_says_how_to_send_an_alert(
    desk: Flask, browser: FlaskClient, endpoint: str
) -> None:
    command = re.findall(r"<code>(curl .*)</code>", browser.get("/").text)[0]
    words = shlex.split(html.unescape(command))

    response = browser.post(words[1], headers=[words[3].split(": ")], data=words[5])

    assert words[1] == endpoint
    assert response.json is not None
    assert response.json["outcome"] == "created"
    assert "storefront" in browser.get("/").text


def test_the_endpoint_is_shown_under_the_name_that_the_visitor_uses(browser: FlaskClient) -> None:
    page = browser.get("/", base_url="https://desk.example").text

    assert "<code>https://desk.example/integration/int_" in page


def test_a_new_desk_says_how_to_set_it_up(new_desk: Flask) -> None:
    with new_desk.app_context():
        db.create_all()

    assert "flask --app example_app demo setup" in new_desk.test_client().get("/").text


# The commands


def test_setting_up_twice_makes_one_endpoint(new_desk: Flask) -> None:
    runner = new_desk.test_cli_runner()

    first = runner.invoke(args=["demo", "setup"])
    second = runner.invoke(args=["demo", "setup"])

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    with new_desk.app_context():
        integration = db.session.scalars(sa.select(alerts.Integration)).one()
        for result in (first, second):
            assert f"http://127.0.0.1:5000/integration/{integration.id}\n" in result.output
        services = db.session.scalar(sa.select(sa.func.count()).select_from(Service))
        assert services == len(shop.SERVICES)


# Apprise imports a module that Python 3.13 no longer has, and copes where it is missing.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_apprise_takes_the_line_that_setup_prints(desk: Flask, served_at: str) -> None:
    with desk.test_request_context(base_url=served_at):
        line = howto.apprise_line(str(example_app.desk.endpoint()))
    _, _, title, _, body, url = shlex.split(line)
    apprise = Apprise()
    apprise.add(url)

    assert apprise.notify(title=title, body=body)

    with stored(desk) as ([alert], _):
        assert (alert.title, alert.description) == (title, body)


def test_demo_traffic_goes_over_the_wire(desk: Flask, served_at: str, traffic: Traffic) -> None:
    result = traffic("--count=25", "--seed=7", f"--at={served_at}")

    assert result.exit_code == 0, result.output
    last_line = result.output.splitlines()[-1]
    counted = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last_line)}
    assert sum(counted.values()) == 25
    assert {"created", "acknowledged", "resolved"} <= counted.keys()
    with stored(desk) as (all_alerts, messages):
        assert len(all_alerts) == counted["created"]
        assert messages


def test_demo_traffic_says_when_nobody_answers(traffic: Traffic) -> None:
    result = traffic("--at=http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "Nobody answers at 127.0.0.1:9" in result.output


def test_demo_traffic_says_why_it_was_refused(served_at: str, traffic: Traffic) -> None:
    result = traffic(f"--at={served_at}/elsewhere")

    assert result.exit_code == 1
    assert "answered 404" in result.output


def test_an_endpoint_with_a_token_is_not_offered_to_everybody(
    desk: Flask, browser: FlaskClient
) -> None:
    with desk.app_context():
        integration = db.session.scalars(sa.select(alerts.Integration)).one()
        integration.token = "t0ken"
        db.session.commit()

    assert "flask --app example_app demo setup" in browser.get("/").text


def test_demo_traffic_needs_an_endpoint(new_desk: Flask) -> None:
    with new_desk.app_context():
        db.create_all()

    result = new_desk.test_cli_runner().invoke(args=["demo", "traffic"])

    assert result.exit_code == 1
    assert "Make one with 'demo setup'" in result.output


def test_demo_traffic_is_lifelike() -> None:
    events = list(itertools.islice(make_traffic(random.Random(3)), 400))

    assert {event["event_type"] for event in events} == {"create", "acknowledge", "resolve"}
    assert any(event.get("Meta", {}).get("incident") for event in events)
    assert len({event["Id"] for event in events}) == len(shop.TROUBLES)
    active = set()
    for event in events:
        assert event["event_type"] == "create" or event["Id"] in active
        active.add(event["Id"])
        if event["event_type"] == "resolve":
            active.remove(event["Id"])


# What it stands on


def test_every_folder_has_a_secret_of_its_own(tmp_path: Path) -> None:
    first = secret_key(tmp_path / "one")
    again = secret_key(tmp_path / "one")
    other = secret_key(tmp_path / "two")

    assert first == again != other
    mode = stat.S_IMODE((tmp_path / "one" / "secret_key").stat().st_mode)
    assert oct(mode) == "0o600"
    assert [file.name for file in (tmp_path / "one").iterdir()] == ["secret_key"]


@pytest.fixture(params=KINDS)
def migrated_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A desk whose tables come from its migrations, in a database of its own."""
    file = contextlib.nullcontext(f"sqlite:///{tmp_path / 'desk.db'}")
    database = file if request.param == "sqlite" else new_database(request.param)
    with database as url, running(url) as app:
        with app.app_context():
            flask_migrate.upgrade()
        yield app


def test_migrations_leave_autogenerate_nothing_to_do(migrated_desk: Flask) -> None:
    with migrated_desk.app_context(), db.engine.connect() as connection:
        context = alembic.migration.MigrationContext.configure(
            connection, opts={"compare_type": True}
        )

        assert alembic.autogenerate.compare_metadata(context, db.metadata) == []


def test_migrations_go_all_the_way_back(migrated_desk: Flask) -> None:
    with migrated_desk.app_context():
        flask_migrate.downgrade(revision="base")

        assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]


def test_a_migrated_desk_takes_alerts_and_shows_them(migrated_desk: Flask) -> None:
    client = migrated_desk.test_client()
    result = migrated_desk.test_cli_runner().invoke(args=["demo", "setup"])
    url = re.findall(r"http://\S+/integration/\w+", result.output)[0]
    event = {"Id": "1", "Title": "It flickers", "Meta": {"service": "search"}}

    for event_type in ("create", "create", "resolve", "create"):
        assert client.post(url, json=event | {"event_type": event_type}).status_code == 200

    page = client.get("/").text
    assert "1 open, 0 acknowledged" in page
    assert "To Amara" in page
    with stored(migrated_desk) as (all_alerts, messages):
        assert [alert.occurrences for alert in all_alerts] == [2, 1]
        assert [message.kind for message in messages] == ["created", "resolved", "created"]
