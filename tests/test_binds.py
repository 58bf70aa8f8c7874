"""Hosts with more than one database: our tables live in one of them, and never apart."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy_lite import SQLAlchemy as Lite
from sqlalchemy import orm

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import AlertMixin
from flask_webhook_alerts import IntegrationMixin
from flask_webhook_alerts import WebhookAlerts
from tests.hosts import Host
from tests.hosts import running_host
from tests.test_cli import run
from tests.test_cli import run_json
from tests.test_mapping import live
from tests.test_mapping import MIXINS
from tests.test_mapping import model
from tests.test_mapping import OWN
from tests.test_mapping import TABLES
from tests.test_mapping import WHOLE_LIFE

Connect: t.TypeAlias = Callable[..., None]

OUTCOMES = [outcome for _, outcome in WHOLE_LIFE]
CREATE = {"event_type": "create", "Id": "disk", "Title": "Disk full", "Description": "/var"}
SOME_OWN = [("alert_model",), ("integration_model",), ("event_model",), OWN]

some_own = pytest.mark.parametrize("own", SOME_OWN, ids=lambda own: " ".join(own))


@pytest.fixture
def default_url(tmp_path: Path) -> str:
    """The URL of the host's own database, in which no alert belongs."""
    return f"sqlite:///{tmp_path / 'default.db'}"


def own_models(own: t.Sequence[str], *bases: t.Any, **members: t.Any) -> dict[str, t.Any]:
    return {name: model(name, MIXINS[name], *bases, **members) for name in own}


def note_model(base: t.Any) -> type[t.Any]:
    """Map a table of the host's own, in its default database."""
    text = orm.mapped_column(sa.String(50), primary_key=True)
    return model("Note", base, __tablename__="note", text=text)


def tables_of(engine: sa.Engine) -> list[str]:
    return sorted(sa.inspect(engine).get_table_names())


# --- Flask-SQLAlchemy: bind keys ----------------------------------------------------------------


@contextmanager
def bound_host(default_url: str, url: str, own: t.Sequence[str]) -> Iterator[Host]:
    """Yield a host that keeps alerts in its second database, and notes in its first."""
    db = SQLAlchemy()
    note_model(db.Model)
    alerts = WebhookAlerts(db, **own_models(own, db.Model, __bind_key__="hooks"))
    config = {"SQLALCHEMY_BINDS": {"hooks": url}}
    with running_host(default_url, db=db, alerts=alerts, config=config) as host:
        yield host


@some_own
def test_a_bind_key_moves_all_tables(
    database_url: str, default_url: str, own: tuple[str, ...]
) -> None:
    with bound_host(default_url, database_url, own) as host:
        assert live(host, host.create_integration()) == OUTCOMES
        assert len(host.stored_events()) == 3
        with host.app.app_context():
            assert tables_of(host.db.engines["hooks"]) == sorted(TABLES)
            assert tables_of(host.db.engine) == ["note"]


def test_receivers_and_commands_find_alerts_beside_the_hosts_own_rows(
    database_url: str, default_url: str, connect: Connect
) -> None:
    with bound_host(default_url, database_url, ["alert_model"]) as host:
        connect(alert_created, noting(host))
        host.post(host.create_integration(), CREATE)

        (listed,) = run_json(host, "alerts", "list")
        acknowledged = run(host, "alerts", "acknowledge", listed["id"])
        with host.app.app_context():
            notes = host.session.execute(sa.text("SELECT text FROM note")).scalars().all()
            receipt = host.alerts.resolve(listed["id"])
            assert (receipt.outcome, receipt.alert.status) == ("resolved", "resolved")

        assert acknowledged.exit_code == 0
        assert notes == ["Disk full of a sender"]


def noting(host: Host) -> Callable[..., None]:
    """Return a receiver that writes to the host's default database what it was told."""

    def receiver(app: Flask, *, alert: t.Any, **extra: t.Any) -> None:
        text = f"{alert.title} of {alert.integration.name}"
        host.session.execute(sa.text("INSERT INTO note VALUES (:text)"), {"text": text})
        host.session.commit()

    return receiver


def test_the_metadata_of_a_bind_key_moves_what_we_build(
    database_url: str, default_url: str
) -> None:
    db = SQLAlchemy()
    db.Table("thing", sa.Column("id", sa.Integer, primary_key=True), bind_key="hooks")
    alerts = WebhookAlerts(db, metadata=db.metadatas["hooks"])
    config = {"SQLALCHEMY_BINDS": {"hooks": database_url}}
    with running_host(default_url, db=db, alerts=alerts, config=config) as host:
        assert live(host, host.create_integration()) == OUTCOMES
        with host.app.app_context():
            assert tables_of(db.engines["hooks"]) == sorted(["thing", *TABLES])
            assert tables_of(db.engine) == []


@pytest.mark.parametrize("other_key", [None, "other"])
def test_models_with_different_bind_keys_are_refused(other_key: str | None) -> None:
    db = SQLAlchemy()
    alert = model("Alert", AlertMixin, db.Model, __bind_key__="hooks")
    elsewhere = model("Integration", IntegrationMixin, db.Model, __bind_key__=other_key)

    with pytest.raises(RuntimeError, match="share a bind key"):
        WebhookAlerts(db, alert_model=alert, integration_model=elsewhere)


def test_metadata_beside_models_that_live_elsewhere_is_refused() -> None:
    db = SQLAlchemy()
    alert = model("Alert", AlertMixin, db.Model, __bind_key__="hooks")

    with pytest.raises(RuntimeError, match=r"not the MetaData of Alert\. Leave it out"):
        WebhookAlerts(db, metadata=db.metadata, alert_model=alert)
    assert WebhookAlerts(db, metadata=alert.metadata, alert_model=alert).Alert is alert


def test_a_bind_key_without_a_database_is_told_by_name(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alert = model("Alert", AlertMixin, db.Model, __bind_key__="hooks")
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = sqlite_url
    db.init_app(app)
    alerts = WebhookAlerts(db, app, alert_model=alert)
    host = Host(app=app, db=db, alerts=alerts)
    said = "Bind key 'hooks' is not in 'SQLALCHEMY_BINDS' config"

    with app.app_context(), pytest.raises(RuntimeError, match=said):
        alerts.receive("int_AAAAAAAAAAAAAA", CREATE)
    assert said in run(host, "alerts", "list").stderr
    assert host.post("int_AAAAAAAAAAAAAA", CREATE).status_code == 503


def test_the_doctor_names_the_setting_of_the_bind(default_url: str, tmp_path: Path) -> None:
    hooks = f"sqlite:///{tmp_path / 'hooks.db'}"
    with bound_host(default_url, hooks, ["alert_model"]) as host:
        with host.app.app_context():
            host.db.engines["hooks"].dispose()
        (tmp_path / "hooks.db").rename(tmp_path / "kept.db")
        (tmp_path / "hooks.db").mkdir()
        result = run(host, "doctor")
        (tmp_path / "hooks.db").rmdir()
        (tmp_path / "kept.db").rename(tmp_path / "hooks.db")

    assert result.exit_code == 1
    assert "unable to open database file. Look at SQLALCHEMY_BINDS['hooks']." in result.stdout


# --- Flask-SQLAlchemy-Lite: base classes that the session binds ---------------------------------


@contextmanager
def lite_host(default_url: str, url: str, own: t.Sequence[str], bound: str) -> Iterator[Host]:
    """Yield a host that keeps alerts in its second database, and notes in its first.

    :param bound: which class the session binds to the second database.
    """
    base = model("Base", orm.DeclarativeBase)
    hooks = model("HooksBase", orm.DeclarativeBase)
    note_model(base)
    models = own_models(own, hooks)
    db = Lite(session_options={"binds": {{"HooksBase": hooks, **models}[bound]: "hooks"}})
    metadata = {} if own else {"metadata": hooks.metadata}
    alerts = WebhookAlerts(db, **metadata, **models)
    app = Flask("host")
    app.config["SQLALCHEMY_ENGINES"] = {"default": default_url, "hooks": url}
    db.init_app(app)
    alerts.init_app(app)
    with app.app_context():
        base.metadata.create_all(db.engine)
        hooks.metadata.create_all(db.get_engine("hooks"))
    try:
        yield Host(app=app, db=db, alerts=alerts)
    finally:
        with app.app_context():
            hooks.metadata.drop_all(db.get_engine("hooks"))
            for engine in db.engines.values():
                engine.dispose()


@pytest.mark.parametrize(
    ("own", "bound"),
    [
        pytest.param([], "HooksBase", id="base of models that we build"),
        pytest.param(["event_model"], "HooksBase", id="base of some models"),
        pytest.param(OWN, "HooksBase", id="base of all models"),
        pytest.param(["alert_model"], "alert_model", id="model of the host"),
    ],
)
def test_a_bound_class_moves_all_tables(
    database_url: str, default_url: str, own: t.Sequence[str], bound: str, connect: Connect
) -> None:
    with lite_host(default_url, database_url, own, bound) as host:
        connect(alert_created, noting(host))

        assert live(host, host.create_integration()) == OUTCOMES
        assert len(host.stored_events()) == 3
        with host.app.app_context():
            notes = host.session.execute(sa.text("SELECT text FROM note")).scalars().all()
            assert tables_of(host.db.engine) == ["note"]
        assert notes == ["Disk full of a sender"]


def test_a_bound_class_that_is_not_ours_moves_itself_alone(
    sqlite_url: str, default_url: str
) -> None:
    base = model("Base", orm.DeclarativeBase)
    note = note_model(base)
    db = Lite(session_options={"binds": {note: "notes"}})
    alerts = WebhookAlerts(db, metadata=base.metadata)
    app = Flask("host")
    app.config["SQLALCHEMY_ENGINES"] = {"default": default_url, "notes": sqlite_url}
    db.init_app(app)
    alerts.init_app(app)
    with app.app_context():
        base.metadata.create_all(db.engine)
        alerts.create_integration("a sender")

        with db.engine.connect() as connection:
            count = sa.select(sa.func.count()).select_from(alerts.Integration)
            assert connection.scalar(count) == 1
        for engine in db.engines.values():
            engine.dispose()


def test_models_that_the_session_keeps_apart_are_refused(sqlite_url: str, default_url: str) -> None:
    own = ["alert_model", "integration_model"]
    with lite_host(default_url, sqlite_url, own, bound="alert_model") as host:
        said = r"integration_model in sqlite:\S+default\.db, alert_model in sqlite:\S+host\.db"
        with host.app.app_context(), pytest.raises(RuntimeError, match=said):
            host.alerts.create_integration("a sender")


def test_a_host_with_async_engines_only_is_told_what_is_missing(tmp_path: Path) -> None:
    base = model("Base", orm.DeclarativeBase)
    db = Lite(require_default_engine=False)
    app = Flask("host")
    db.init_app(app)
    host = Host(app=app, db=db, alerts=WebhookAlerts(db, app, metadata=base.metadata))

    result = run(host, "doctor")

    assert "Error: db.session has no engine for alerts" in result.stderr
    assert "Define it in SQLALCHEMY_ENGINES." in result.stderr
