"""Flask-Migrate sees our tables, and writes migrations that make them, unmake them and stand."""

from __future__ import annotations

import dataclasses
import runpy
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from sqlalchemy.exc import IntegrityError

from flask_webhook_alerts import AlertEventMixin
from flask_webhook_alerts import AlertMixin
from flask_webhook_alerts import IntegrationMixin
from flask_webhook_alerts import WebhookAlerts
from tests.hosts import Host

# Flask-Migrate's own env.py asks Flask-SQLAlchemy in the old way first.
pytestmark = pytest.mark.filterwarnings("ignore:'get_engine' is deprecated:DeprecationWarning")

MakeHost = t.Callable[[], tuple[SQLAlchemy, WebhookAlerts]]

OURS = {"webhook_integration", "webhook_alert", "webhook_alert_event", "webhook_rejection"}
CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


@dataclasses.dataclass(frozen=True)
class Project:
    """A host's project folder with migrations in it, and no table yet in its database."""

    host: Host
    folder: Path

    def migrate(self) -> list[str]:
        """Run autogenerate; return the texts of all migrations."""
        with self.host.app.app_context():
            flask_migrate.migrate()
        return [path.read_text("utf-8") for path in self.versions]

    def upgrade(self) -> None:
        with self.host.app.app_context():
            flask_migrate.upgrade()

    def downgrade(self) -> None:
        with self.host.app.app_context():
            flask_migrate.downgrade(revision="base")

    @property
    def versions(self) -> list[Path]:
        return sorted((self.folder / "versions").glob("*.py"))

    @property
    def tables(self) -> set[str]:
        with self.host.app.app_context():
            return set(sa.inspect(self.host.db.engine).get_table_names()) - {"alembic_version"}


def built() -> tuple[SQLAlchemy, WebhookAlerts]:
    db = SQLAlchemy()
    return db, WebhookAlerts(db)


def built_by_convention() -> tuple[SQLAlchemy, WebhookAlerts]:
    db = SQLAlchemy(metadata=sa.MetaData(naming_convention=CONVENTION))
    return db, WebhookAlerts(db)


def own() -> tuple[SQLAlchemy, WebhookAlerts]:
    class Base(orm.DeclarativeBase):
        pass

    class Service(Base):
        __tablename__ = "service"
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        name: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)

    class Alert(AlertMixin, Base):
        __table_args__ = (sa.Index("ix_alert_team", "team"),)
        team: orm.Mapped[str | None] = orm.mapped_column(sa.String(40))
        service_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("service.id"))

    class Integration(IntegrationMixin, Base):
        tenant: orm.Mapped[str] = orm.mapped_column(sa.String(40), default="acme")

    class AlertEvent(AlertEventMixin, Base):
        remark: orm.Mapped[str] = orm.mapped_column(sa.String(40), server_default="none")

    db = SQLAlchemy(model_class=Base)
    alerts = WebhookAlerts(
        db, alert_model=Alert, integration_model=Integration, event_model=AlertEvent
    )
    return db, alerts


@pytest.fixture(params=[built, built_by_convention, own], ids=lambda make: make.__name__)
def project(
    request: pytest.FixtureRequest,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Project]:
    """A project on every kind of database, after ``flask db init``."""
    with started_project(request.param, database_url, tmp_path, monkeypatch) as project:
        yield project


@pytest.fixture
def migrated(project: Project) -> Project:
    """The same after ``flask db migrate`` and ``flask db upgrade``."""
    project.migrate()
    project.upgrade()
    return project


def test_autogenerate_finds_our_tables_and_upgrade_makes_them(project: Project) -> None:
    (text,) = project.migrate()
    assert all(f"op.create_table('{table}'" in text for table in OURS)

    project.upgrade()

    assert project.tables == set(project.host.db.metadata.tables)
    assert project.tables >= OURS


def test_a_second_autogenerate_finds_nothing(migrated: Project) -> None:
    first, *second = migrated.migrate()

    assert "def upgrade():" in first
    assert second == [], second[0]


def test_a_downgrade_leaves_nothing_and_an_upgrade_brings_all_back(migrated: Project) -> None:
    tables = migrated.tables

    migrated.downgrade()
    assert migrated.tables == set()

    migrated.upgrade()
    assert migrated.tables == tables
    assert len(migrated.migrate()) == 1


def test_an_alert_lives_on_the_migrated_schema(migrated: Project) -> None:
    host = migrated.host
    integration_id = host.create_integration()

    outcomes = [
        host.post(integration_id, payload_of(event_type)).get_json()["outcome"]
        for event_type in ("create", "create", "acknowledge", "resolve", "create")
    ]

    assert outcomes == ["created", "repeated", "acknowledged", "resolved", "created"]
    assert [alert.occurrences for alert in host.stored_alerts()] == [2, 1]
    assert all(alert.created_at.microsecond for alert in host.stored_alerts())


def test_the_migrated_schema_keeps_one_active_alert_for_an_id(migrated: Project) -> None:
    host = migrated.host
    values = {"integration_id": host.create_integration(), "thirdparty_id": "a", "title": "a"}
    with host.app.app_context():
        for _ in range(2):
            host.db.session.add(host.alerts.Alert(**values, active_key="k" * 64))

        with pytest.raises(IntegrityError):
            host.db.session.commit()


def test_the_migrated_schema_takes_long_text(migrated: Project) -> None:
    host = migrated.host
    title = "\N{GRINNING FACE}" * 20_000  # more bytes than MariaDB's TEXT takes

    response = host.post(host.create_integration(), payload_of("create") | {"Title": title})

    assert response.status_code == 200
    assert host.stored_alerts()[0].title == title


def test_the_migrated_schema_is_what_create_all_makes(migrated: Project) -> None:
    by_migration = described(migrated)
    migrated.downgrade()
    with migrated.host.app.app_context():
        migrated.host.db.create_all()

    assert described(migrated) == by_migration


def test_a_generated_migration_needs_nothing_but_its_own_imports(project: Project) -> None:
    (text,) = project.migrate()

    namespace = runpy.run_path(str(project.versions[0]))

    assert {"op", "sa", "mysql"} <= set(namespace)
    assert "flask_webhook_alerts" not in text
    assert "with_variant(mysql.DATETIME(fsp=6), 'mariadb')" in text
    assert "with_variant(mysql.LONGTEXT(), 'mysql')" in text
    assert "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')" in text
    assert "sqlite_where=sa.text('delivered_at IS NULL')" in text
    assert "postgresql_where=sa.text('delivered_at IS NULL')" in text
    assert "mysql_charset='utf8mb4'" in text


def test_a_migration_can_be_written_as_sql(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.migrate()
    capsys.readouterr()

    with project.host.app.app_context():
        flask_migrate.upgrade(sql=True)

    script = capsys.readouterr().out
    assert all(f"CREATE TABLE {table} (" in script for table in OURS)
    assert project.tables == set()


def test_a_host_with_tables_of_its_own_adds_ours_later(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with started_project(without_us, sqlite_url, tmp_path, monkeypatch) as before:
        before.migrate()
        before.upgrade()
        assert before.tables == {"thing"}

    monkeypatch.setattr(flask_migrate, "init", lambda **_: None)
    with started_project(with_us, sqlite_url, tmp_path, monkeypatch) as after:
        assert len(after.migrate()) == 2
        after.upgrade()

        assert after.tables == {"thing"} | OURS
        assert after.host.post(after.host.create_integration(), payload_of("create")).json


def test_models_with_a_bind_key_migrate_in_their_own_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    default, hooks = (f"sqlite:///{tmp_path / name}.db" for name in ("default", "hooks"))
    config = {"SQLALCHEMY_BINDS": {"hooks": hooks}}
    with started_project(bound, default, tmp_path, monkeypatch, multidb=True, **config) as project:
        assert len(project.migrate()) == 1
        project.upgrade()

        assert project.tables == set()
        response = project.host.post(project.host.create_integration(), payload_of("create"))
        assert response.status_code == 200
        assert len(project.migrate()) == 1


# --- Helpers ------------------------------------------------------------------------------------


def without_us() -> tuple[SQLAlchemy, WebhookAlerts]:
    """Return a host whose own tables know nothing of ours."""
    db = SQLAlchemy()
    sa.Table("thing", db.metadata, sa.Column("id", sa.Integer, primary_key=True))
    return db, WebhookAlerts(SQLAlchemy())


def with_us() -> tuple[SQLAlchemy, WebhookAlerts]:
    db, _ = without_us()
    return db, WebhookAlerts(db)


def bound() -> tuple[SQLAlchemy, WebhookAlerts]:
    """Return a host whose own classes live in its second database."""
    db = SQLAlchemy()
    mixins = {
        "alert_model": AlertMixin,
        "integration_model": IntegrationMixin,
        "event_model": AlertEventMixin,
    }
    classes: dict[str, t.Any] = {
        name: type(name, (mixin, db.Model), {"__bind_key__": "hooks", "__module__": __name__})
        for name, mixin in mixins.items()
    }
    return db, WebhookAlerts(db, **classes)


@contextmanager
def started_project(
    make_host: MakeHost,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    multidb: bool = False,
    **config: t.Any,
) -> Iterator[Project]:
    # The project's env.py would set up logging for the whole process, and silence other tests.
    monkeypatch.setattr("logging.config.fileConfig", lambda *_, **__: None)
    db, alerts = make_host()
    app = Flask("project", root_path=str(tmp_path))
    app.config.update(SQLALCHEMY_DATABASE_URI=url, TESTING=True, **config)
    db.init_app(app)
    alerts.init_app(app)
    folder = tmp_path / "migrations"
    flask_migrate.Migrate(app, db, directory=str(folder))
    try:
        with app.app_context():
            flask_migrate.init(multidb=multidb)
        yield Project(host=Host(app=app, db=db, alerts=alerts), folder=folder)
    finally:
        if not url.startswith("sqlite"):
            drop_all_tables(url)
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()


def drop_all_tables(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    metadata = sa.MetaData()
    metadata.reflect(engine)
    metadata.drop_all(engine)


def described(project: Project) -> set[str]:
    """Return all that the database says of its tables, in sentences."""
    with project.host.app.app_context():
        inspector = sa.inspect(project.host.db.engine)
        parts: dict[str, t.Callable[[str], t.Any]] = {
            "the column": inspector.get_columns,
            "the foreign key": inspector.get_foreign_keys,
            "the unique key": inspector.get_unique_constraints,
            "the index": inspector.get_indexes,
            "the primary key": lambda table: [inspector.get_pk_constraint(table)],
        }
        if inspector.dialect.name in ("mysql", "mariadb"):  # the others have none
            parts["the options"] = lambda table: [inspector.get_table_options(table)]

        return {
            f"{table} has {kind} {said(one)}"
            for table in project.tables
            for kind, find in parts.items()
            for one in find(table)
        }


def said(value: t.Any) -> str:
    """Return ``value`` as text that is the same each time."""
    if isinstance(value, dict):
        # MariaDB counts foreign keys without a name in the order in which they are made.
        kept = {key for key, one in value.items() if key != "name" or "_ibfk_" not in str(one)}
        return ", ".join(f"{key} = {said(value[key])}" for key in sorted(kept))

    return str(value) if isinstance(value, sa.ClauseElement) else repr(value)


def payload_of(event_type: str) -> dict[str, str]:
    return {"event_type": event_type, "Id": "disk", "Title": "Disk full", "Description": "/var"}
