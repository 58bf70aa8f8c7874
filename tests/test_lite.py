"""What is particular to Flask-SQLAlchemy-Lite; what is not runs under the mark ``on_both``."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy as FlaskSQLAlchemy
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import orm
from sqlalchemy.event import listens_for

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import WebhookAlerts
from tests.hosts import Host
from tests.hosts import running_host
from tests.hosts import with_lite
from tests.test_cli import run
from tests.test_mapping import live
from tests.test_mapping import MIXINS
from tests.test_mapping import model
from tests.test_mapping import OWN
from tests.test_mapping import SOME_OWN
from tests.test_mapping import WHOLE_LIFE

Connect: t.TypeAlias = Callable[..., None]

CREATE = {"event_type": "create", "Id": "disk", "Title": "Disk full", "Description": "/var"}
OUTCOMES = [outcome for _, outcome in WHOLE_LIFE]


def new_base() -> type[t.Any]:
    return model("Base", orm.DeclarativeBase)


# --- What is passed in --------------------------------------------------------------------------


def test_a_host_that_does_not_say_where_its_models_live_is_told_how() -> None:
    with pytest.raises(RuntimeError, match=r"WebhookAlerts\(db, metadata=Base\.metadata\)"):
        WebhookAlerts(SQLAlchemy())


@pytest.mark.parametrize("db", [None, Flask("host"), sa.create_engine("sqlite://"), new_base()])
def test_what_is_no_sqlalchemy_object_is_refused(db: t.Any) -> None:
    with pytest.raises(TypeError, match=r"needs your SQLAlchemy object.*and not "):
        WebhookAlerts(db)


@pytest.mark.parametrize("make_db", [FlaskSQLAlchemy, SQLAlchemy])
def test_what_is_no_metadata_is_refused(make_db: Callable[[], t.Any]) -> None:
    with pytest.raises(TypeError, match=r"such as Base\.metadata, and not "):
        WebhookAlerts(make_db(), metadata=new_base())  # type: ignore[arg-type] # that is the point


@pytest.mark.parametrize("own", SOME_OWN[1:], ids=lambda own: " ".join(own))
def test_models_that_are_given_say_where_the_others_live(
    sqlite_url: str, own: tuple[str, ...]
) -> None:
    base = new_base()
    classes: dict[str, t.Any] = {name: model(name, MIXINS[name], base) for name in own}
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, **classes)

    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        assert live(host, host.create_integration()) == OUTCOMES
    models = dict(zip(OWN, (alerts.Alert, alerts.Integration, alerts.AlertEvent), strict=True))
    assert {name for name in OWN if models[name] is classes.get(name)} == set(own)
    assert {each.metadata for each in models.values()} == {base.metadata}


def test_models_over_a_plain_base_keep_what_the_host_added(
    database_url: str, connect: Connect
) -> None:
    base = new_base()
    team = orm.mapped_column(sa.String(40), default="nobody")
    alert_model = model("Alert", MIXINS["alert_model"], base, team=team)
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, metadata=base.metadata, alert_model=alert_model)

    def take(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        alert.team = "lamps"
        db.session.commit()

    connect(alert_created, take)
    with running_host(database_url, db=db, alerts=alerts) as host:
        host.post(host.create_integration(), CREATE)

        assert [alert.team for alert in host.stored_alerts()] == ["lamps"]


# --- Without the other extension ----------------------------------------------------------------

ALONE = """
import sys

sys.modules["flask_sqlalchemy"] = None  # importing it fails

from flask import Flask
from flask_sqlalchemy_lite import SQLAlchemy
from flask_webhook_alerts import WebhookAlerts
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass


app = Flask("host")
app.config["SQLALCHEMY_ENGINES"] = {"default": "sqlite://"}
db = SQLAlchemy(app)
alerts = WebhookAlerts(db, app, metadata=Base.metadata)
with app.app_context():
    Base.metadata.create_all(db.engine)
    url = alerts.endpoint_url(alerts.create_integration("alone"))
event = {"event_type": "create", "Id": "1", "Title": "It works", "Description": "Alone."}
print(app.test_client().post(url, json=event).json["outcome"])
"""


def test_flask_sqlalchemy_is_not_needed() -> None:
    command = [sys.executable, "-W", "error", "-c", ALONE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (done.stdout, done.stderr) == ("created\n", "")


# --- When the sessions of an app are met --------------------------------------------------------


def initialised(app: Flask, *, ours_first: bool) -> Host:
    wiring = with_lite()
    steps: list[t.Any] = [wiring.db.init_app, wiring.alerts.init_app]
    for step in reversed(steps) if ours_first else steps:
        step(app)
    return Host(app=app, db=wiring.db, alerts=wiring.alerts)


def bare_app(url: str) -> Flask:
    app = Flask("host")
    app.config["SQLALCHEMY_ENGINES"] = {"default": url}
    return app


def refuses_uncommitted_rows(host: Host) -> bool:
    """Tell whether a host call notices a row that is flushed, in the current context."""
    host.alerts.Alert.metadata.create_all(host.db.engine)
    host.session.add(host.alerts.Integration(name="a sender"))
    host.session.flush()
    try:
        host.alerts.create_integration("another")
    except RuntimeError as error:
        return "not committed" in str(error)
    finally:
        host.session.rollback()
        host.db.engine.dispose()
    return False


@pytest.mark.parametrize("ours_first", [False, True])
def test_the_extensions_may_be_initialised_in_any_order(sqlite_url: str, ours_first: bool) -> None:
    host = initialised(bare_app(sqlite_url), ours_first=ours_first)

    with host.app.app_context():
        assert refuses_uncommitted_rows(host)


@pytest.mark.parametrize("ours_first", [False, True])
def test_an_app_may_be_initialised_in_its_own_context(sqlite_url: str, ours_first: bool) -> None:
    app = bare_app(sqlite_url)
    with app.app_context():
        host = initialised(app, ours_first=ours_first)
        if not ours_first:
            assert refuses_uncommitted_rows(host)
    with app.app_context():
        assert refuses_uncommitted_rows(host)


def test_an_app_may_be_initialised_in_the_context_of_another(sqlite_url: str) -> None:
    with bare_app("sqlite://").app_context():
        host = initialised(bare_app(sqlite_url), ours_first=False)

    with host.app.app_context():
        assert refuses_uncommitted_rows(host)


def test_initialising_an_app_ends_no_context_of_its_own(sqlite_url: str) -> None:
    app, ends = bare_app(sqlite_url), list[object]()
    app.teardown_appcontext(ends.append)
    initialised(app, ours_first=False)

    assert ends == []


def test_a_db_that_was_not_initialised_says_so(sqlite_url: str) -> None:
    app, wiring = bare_app(sqlite_url), with_lite()
    wiring.alerts.init_app(app)

    result = run(Host(app=app, db=wiring.db, alerts=wiring.alerts), "alerts", "list")

    assert (result.exit_code, "forget to call 'init_app'" in result.stderr) == (1, True)


def test_the_doctor_names_the_setting_of_a_database_that_is_away() -> None:
    host = initialised(bare_app("sqlite:////no/such/folder/host.db"), ours_first=False)

    words = "unable to open database file. Look at SQLALCHEMY_ENGINES['default']."
    assert words in run(host, "doctor").stdout


# --- Tests of the host's ------------------------------------------------------------------------


@contextmanager
def isolable_host(url: str) -> Iterator[Host]:
    wiring = with_lite()
    with running_host(url, db=wiring.db, alerts=wiring.alerts) as host:
        with host.app.app_context():
            engine = host.db.engine
            if engine.dialect.name == "sqlite":
                begin_as_sqlalchemy_says(engine)
        yield host


def begin_as_sqlalchemy_says(engine: sa.Engine) -> None:
    """Follow the recipe of SQLAlchemy's documentation, without which SQLite isolates nothing."""
    engine.dispose()

    @listens_for(engine, "connect")
    def do_connect(connection: t.Any, _record: object) -> None:
        connection.isolation_level = None

    @listens_for(engine, "begin")
    def do_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")


@contextmanager
def isolated(host: Host) -> Iterator[None]:
    """Roll back at the end whatever the block commits."""
    with host.db.test_isolation():
        with host.app.app_context():
            # Since 2.1, SQLAlchemy's sessions make a savepoint only where they got a connection.
            host.db.sessionmaker.configure(bind=host.db.engine.connect())
        yield


def test_what_happens_in_test_isolation_is_gone_after_it(
    database_url: str, connect: Connect
) -> None:
    told: list[str] = []

    def listen(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        told.append(alert.title)

    connect(alert_created, listen)
    with isolable_host(database_url) as host:
        with isolated(host):
            integration_id = host.create_integration(token="t0ken")
            with host.app.app_context():
                host.alerts.rotate_token(integration_id, token="new")
                host.alerts.receive(integration_id, {**CREATE, "Id": "cpu"})
            sent = [host.post(integration_id, CREATE, headers={"pagertree-token": token})
                    for token in ("new", "wr0ng")]  # fmt: skip
            inside = [alert.thirdparty_id for alert in host.stored_alerts()]
            kinds = [event.kind for event in host.stored_events()]

        assert [response.status_code for response in sent] == [200, 403]
        assert (inside, kinds, told) == (["cpu", "disk"], ["created"] * 2, ["Disk full"] * 2)
        assert (host.stored_alerts(), host._all(host.alerts.Integration)) == ([], [])
        assert live(host, host.create_integration()) == OUTCOMES


def test_what_the_database_refuses_in_test_isolation_breaks_nothing(database_url: str) -> None:
    with isolable_host(database_url) as host, isolated(host):
        integration_id = host.create_integration()
        with host.app.app_context():
            host.session.execute(sa.delete(host.alerts.Integration))
            host.session.commit()
        unknown = host.post(integration_id, CREATE)

        assert unknown.status_code == 404
        assert live(host, host.create_integration()) == OUTCOMES
