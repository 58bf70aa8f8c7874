"""The mapped classes: ours, the host's own, and every mixture under every kind of host."""

from __future__ import annotations

import itertools
import types
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import orm
from sqlalchemy.exc import InvalidRequestError

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import AlertEventMixin
from flask_webhook_alerts import AlertMixin
from flask_webhook_alerts import IntegrationMixin
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.mapping import build_models
from flask_webhook_alerts.mapping import fills_itself
from flask_webhook_alerts.store import build_store
from flask_webhook_alerts.store.changes import SteppedChanges
from flask_webhook_alerts.store.single import SingleStatementChanges
from tests.databases import new_database
from tests.hosts import Host
from tests.hosts import running_host

Model: t.TypeAlias = type[t.Any]

OWN = ("alert_model", "integration_model", "event_model")
SOME_OWN = [own for size in range(4) for own in itertools.combinations(OWN, size)]
TABLES = ["webhook_integration", "webhook_alert", "webhook_alert_event", "webhook_rejection"]
WHOLE_LIFE = [
    ("create", "created"),
    ("create", "repeated"),
    ("acknowledge", "acknowledged"),
    ("acknowledge", "unchanged"),
    ("resolve", "resolved"),
    ("resolve", "ignored"),
]


def declarative_host(**options: t.Any) -> SQLAlchemy:
    class Base(orm.DeclarativeBase):
        pass

    return SQLAlchemy(model_class=Base, **options)


def host_without_metaclass() -> SQLAlchemy:
    class Base(orm.DeclarativeBaseNoMeta):
        pass

    return SQLAlchemy(model_class=Base)


HOST_BASES: dict[str, Callable[[], SQLAlchemy]] = {
    "legacy": SQLAlchemy,
    "declarative": declarative_host,
    "no metaclass": host_without_metaclass,
    "no autonaming": lambda: declarative_host(disable_autonaming=True),
}


# --- Built models and the host's own ------------------------------------------------------------


@pytest.mark.parametrize("own", SOME_OWN, ids=lambda own: " ".join(own) or "none")
def test_any_mixture_of_classes_lives_a_whole_life(database_url: str, own: tuple[str, ...]) -> None:
    with own_host(database_url, own) as host:
        integration_id = host.create_integration()

        assert live(host, integration_id) == [outcome for _, outcome in WHOLE_LIFE]
        assert [event.kind for event in host.stored_events()] == LIFE_OF_EVENTS


@pytest.mark.parametrize("own", SOME_OWN, ids=lambda own: " ".join(own) or "none")
def test_given_classes_are_used_and_the_others_are_built(own: tuple[str, ...]) -> None:
    db = SQLAlchemy()
    classes = own_classes(db, own)

    alerts = WebhookAlerts(db, **classes)

    models = dict(zip(OWN, (alerts.Alert, alerts.Integration, alerts.AlertEvent), strict=True))
    assert {name for name in OWN if models[name] is classes.get(name)} == set(own)
    all_models = [*models.values(), alerts.Rejection]
    assert {model.__table__.metadata for model in all_models} == {db.metadata}
    assert sorted(model.__tablename__ for model in all_models) == sorted(TABLES)


@pytest.mark.parametrize("base", HOST_BASES)
@pytest.mark.parametrize("own", [(), OWN], ids=["built", "own"])
def test_every_kind_of_host_base_works(sqlite_url: str, base: str, own: tuple[str, ...]) -> None:
    with own_host(sqlite_url, own, db=HOST_BASES[base]()) as host:
        integration_id = host.create_integration()

        assert live(host, integration_id) == [outcome for _, outcome in WHOLE_LIFE]
        assert set(TABLES) <= set(host.db.metadata.tables)


def test_a_host_of_dataclasses_works(sqlite_url: str) -> None:
    db = declarative_host()
    thing = model(
        "Thing",
        orm.MappedAsDataclass,
        db.Model,
        __annotations__={"id": orm.Mapped[int], "name": orm.Mapped[str]},
        id=orm.mapped_column(primary_key=True, init=False),
        name=orm.mapped_column(sa.String(20), default="a thing"),
    )
    with running_host(sqlite_url, db=db, alerts=WebhookAlerts(db)) as host:
        live(host, host.create_integration())

        with host.app.app_context():
            db.session.add(thing())
            db.session.commit()
            assert [row.name for row in db.session.scalars(sa.select(thing))] == ["a thing"]


def test_receivers_get_the_hosts_own_classes(sqlite_url: str, connect: Callable[..., None]) -> None:
    seen: dict[str, t.Any] = {}

    def receive(_app: object, **rows: t.Any) -> None:
        seen.update({name: type(row) for name, row in rows.items()})

    with own_host(sqlite_url, OWN) as host:
        connect(alert_created, receive)
        post(host, host.create_integration(), "create")

        alerts = host.alerts
        assert seen == {
            "alert": alerts.Alert, "integration": alerts.Integration, "event": alerts.AlertEvent
        }  # fmt: skip


# --- The host's own columns ---------------------------------------------------------------------


def test_the_hosts_columns_and_relationships_are_kept(database_url: str) -> None:
    with own_host(database_url, OWN) as host:
        integration_id = host.create_integration()
        post(host, integration_id, "create")
        with host.app.app_context():
            (alert,) = host.db.session.scalars(sa.select(host.alerts.Alert))
            alert.service = host.alerts.Alert.service.property.mapper.class_(name="shop")
            alert.team = "night shift"
            host.db.session.commit()

        post(host, integration_id, "resolve")

        with host.app.app_context():
            (alert,) = host.db.session.scalars(sa.select(host.alerts.Alert))
            assert (alert.status, alert.team, alert.service.name) == (
                "resolved", "night shift", "shop"
            )  # fmt: skip


def test_an_integration_of_the_hosts_own_making_takes_alerts(database_url: str) -> None:
    with own_host(database_url, OWN) as host:
        with host.app.app_context():
            row = host.alerts.Integration(name="mine", tenant="acme", token="a token")
            host.db.session.add(row)
            host.db.session.commit()
            integration_id = row.id

        assert post(host, integration_id, "create").status_code == 403
        header = {"pagertree-token": "a token"}
        assert post(host, integration_id, "create", headers=header).status_code == 200


def test_options_change_without_the_hosts_columns(database_url: str) -> None:
    with own_host(database_url, OWN) as host, host.app.app_context():
        row = host.alerts.Integration(name="mine", tenant="acme")
        host.db.session.add(row)
        host.db.session.commit()

        host.alerts.rotate_token(row, token="a token")
        host.db.session.refresh(row)

        assert (row.tenant, row.has_token) == ("acme", True)


@pytest.mark.parametrize("own", [(), OWN], ids=["built", "own"])
def test_our_keys_are_there_beside_the_hosts(database_url: str, own: tuple[str, ...]) -> None:
    with own_host(database_url, own) as host, host.app.app_context():
        inspector = sa.inspect(host.db.engine)
        indexes = {str(i["name"]): i for table in TABLES for i in inspector.get_indexes(table)}
        unique = {
            str(key["name"]): key["column_names"]
            for table in TABLES
            for key in inspector.get_unique_constraints(table)
        }

    assert indexes["ix_webhook_alert_status"]["column_names"] == ["status", "id"]
    assert indexes["ix_webhook_alert_integration_status"]["column_names"] == [
        "integration_id",
        "status",
        "id",
    ]
    assert indexes["ix_webhook_alert_event_undelivered"]["column_names"] == [
        "delivered_at",
        "next_attempt_at",
    ]
    assert indexes["ix_webhook_rejection_integration"]["column_names"] == ["integration_id", "id"]
    assert unique["uq_webhook_alert_active"] == ["integration_id", "active_key"]
    assert unique["uq_webhook_alert_event"] == ["alert_id", "id"]
    assert ("ix_own_team" in indexes) == bool(own)


def test_the_hosts_table_arguments_are_kept(sqlite_url: str) -> None:
    with own_host(sqlite_url, OWN) as host:
        table = host.alerts.Alert.__table__

        assert table.comment == "Alerts of our own"
        assert table.dialect_kwargs["mysql_charset"] == "utf8mb4"


def test_a_table_argument_of_the_hosts_goes_before_ours() -> None:
    db = SQLAlchemy()
    alert = model("Alert", AlertMixin, db.Model, __table_args__={"mysql_charset": "utf8mb3"})

    assert alert.__table__.dialect_kwargs["mysql_charset"] == "utf8mb3"


def test_a_relationship_that_the_host_wrote_is_kept(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alert = model(
        "Alert", AlertMixin, db.Model, integration=orm.relationship("Sender", lazy="joined")
    )
    sender = model("Sender", IntegrationMixin, db.Model)

    alerts = WebhookAlerts(db, alert_model=alert, integration_model=sender)

    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        live(host, host.create_integration())
        assert alert.integration.property.lazy == "joined"


def test_a_mistake_in_the_hosts_mapping_is_told_as_it_is(sqlite_url: str) -> None:
    db = SQLAlchemy()
    owner = orm.relationship("Nobody")
    sender = model("Sender", IntegrationMixin, db.Model, owner=owner)
    alerts = WebhookAlerts(db, integration_model=sender)

    with (
        running_host(sqlite_url, db=db, alerts=alerts) as host,
        pytest.raises(InvalidRequestError, match="'Nobody'"),
    ):
        host.create_integration()


# --- Columns that fill themselves ---------------------------------------------------------------


Filling: t.TypeAlias = Callable[[], orm.MappedColumn[t.Any]]

IN_PYTHON: dict[str, Filling] = {
    "scalar": lambda: orm.mapped_column(sa.String(40), default="filled"),
    "callable": lambda: orm.mapped_column(sa.String(40), default=lambda: "filled"),
    "context": lambda: orm.mapped_column(sa.String(40), default=filled_from_context),
    "expression": lambda: orm.mapped_column(sa.String(40), default=sa.func.lower("FILLED")),
    "not null": lambda: orm.mapped_column(sa.String(40), default="filled", nullable=False),
}
IN_DATABASE: dict[str, Filling] = {
    "server": lambda: orm.mapped_column(sa.String(40), server_default="filled"),
    "server not null": lambda: orm.mapped_column(
        sa.String(40), server_default="filled", nullable=False
    ),
}
FILLINGS = IN_PYTHON | IN_DATABASE
MIXINS: dict[str, Model] = {
    "alert_model": AlertMixin,
    "integration_model": IntegrationMixin,
    "event_model": AlertEventMixin,
}


def filled_from_context(context: t.Any) -> str:
    """Return ``filled`` if the context knows the row's other values, as it should."""
    values = context.get_current_parameters()
    return "filled" if {"title", "kind", "name"} & set(values) else f"knows only {values}"


@pytest.mark.parametrize("filling", FILLINGS)
def test_the_hosts_columns_fill_themselves_on_every_write(database_url: str, filling: str) -> None:
    make = FILLINGS[filling]
    with filled_host(database_url, {own: {"extra": make} for own in OWN}) as host:
        integration_id = host.create_integration()

        assert live(host, integration_id) == [outcome for _, outcome in WHOLE_LIFE]

        rows = [*host.stored_alerts(), *host.stored_events(), *stored_integrations(host)]
        assert [row.extra for row in rows] == ["filled"] * 5


@pytest.mark.parametrize("filling", IN_PYTHON)
def test_the_hosts_columns_fill_themselves_when_host_code_writes(
    database_url: str, filling: str
) -> None:
    make = FILLINGS[filling]
    with filled_host(database_url, {own: {"extra": make} for own in OWN}) as host:
        with host.app.app_context():
            integration = host.alerts.create_integration("a sender")
            alert = host.alerts.receive(integration, payload_of("create")).alert
            host.alerts.acknowledge(alert, by="me")
            host.alerts.resolve(alert, by="me")

        rows = [*host.stored_alerts(), *host.stored_events()]
        assert [row.extra for row in rows] == ["filled"] * 4


@pytest.mark.parametrize("own", ["alert_model", "event_model"])
@pytest.mark.parametrize("filling", FILLINGS)
def test_postgresql_takes_steps_only_for_defaults_in_python(filling: str, own: str) -> None:
    classes = filled_classes(SQLAlchemy(), {own: {"extra": FILLINGS[filling]}})

    expected = SteppedChanges if filling in IN_PYTHON else SingleStatementChanges

    assert isinstance(changes_on_postgresql(**classes), expected)


def test_an_integrations_own_defaults_do_not_cost_a_step() -> None:
    added = {"integration_model": {"extra": IN_PYTHON["callable"]}}
    classes = filled_classes(SQLAlchemy(), added)

    assert isinstance(changes_on_postgresql(**classes), SingleStatementChanges)


def test_steps_are_what_a_postgresql_host_with_defaults_really_takes() -> None:
    added = {"alert_model": {"extra": IN_PYTHON["context"]}}
    with new_database("postgresql") as url, filled_host(url, added) as host:
        live(host, host.create_integration())

        with host.app.app_context():
            changes = host.app.extensions["webhook_alerts"].database.store.changes
        assert isinstance(changes, SteppedChanges)
        assert [alert.extra for alert in host.stored_alerts()] == ["filled"]


def test_a_column_that_follows_updates_does_so_on_every_transition(database_url: str) -> None:
    def follow() -> orm.MappedColumn[t.Any]:
        return orm.mapped_column(sa.String(40), onupdate=lambda: "updated")

    with filled_host(database_url, {"alert_model": {"extra": follow}}) as host:
        integration_id = host.create_integration()
        post(host, integration_id, "create")
        post(host, integration_id, "acknowledge")

        assert [alert.extra for alert in host.stored_alerts()] == ["updated"]


def test_a_table_that_the_host_has_mapped_is_not_mapped_again() -> None:
    db = SQLAlchemy()
    model("Alert", AlertMixin, db.Model)

    with pytest.raises(RuntimeError, match="webhook_alert is mapped already"):
        WebhookAlerts(db)


def test_a_host_whose_package_is_named_like_ours_is_still_a_host() -> None:
    db = SQLAlchemy()
    alert = model(
        "Alert",
        AlertMixin,
        db.Model,
        __module__="flask_webhook_alerts_of_a_shop.models",
        extra=orm.mapped_column(sa.String(40), default="filled"),
    )

    models = build_models(db.metadata, alert=alert)

    assert not fills_itself(models)


def test_a_column_named_otherwise_than_its_attribute_is_filled(database_url: str) -> None:
    def renamed() -> orm.MappedColumn[t.Any]:
        return orm.mapped_column("x_extra", sa.String(40), default="filled")

    with filled_host(database_url, {"alert_model": {"extra": renamed}}) as host:
        live(host, host.create_integration())

        assert [alert.extra for alert in host.stored_alerts()] == ["filled"]


# --- Columns that nobody fills ------------------------------------------------------------------


def test_an_alert_that_the_hosts_columns_forbid_is_not_half_stored(database_url: str) -> None:
    with filled_host(database_url, {"event_model": {"extra": never_right}}) as host:
        response = post(host, host.create_integration(), "create")

        assert response.status_code == 422
        assert response.mimetype == "application/problem+json"
        assert "extra" not in response.text
        assert (host.stored_alerts(), host.stored_events()) == ([], [])


def test_a_key_of_the_hosts_own_never_counts_up_another_alert(database_url: str) -> None:
    with filled_host(database_url, {"alert_model": {"extra": always_the_same}}) as host:
        integration_id = host.create_integration()
        post(host, integration_id, "create")
        other = post(host, integration_id, "create", Id="another")
        post(host, integration_id, "resolve")
        again = post(host, integration_id, "create")

        assert (other.status_code, again.status_code) == (422, 422)
        (alert,) = host.stored_alerts()
        assert (alert.status, alert.occurrences) == ("resolved", 1)


COLUMN = {"extra": lambda: orm.mapped_column(sa.String(40), nullable=False)}


@pytest.mark.parametrize("own", ["alert_model", "event_model"])
def test_a_column_that_nobody_can_fill_is_refused_at_once(own: str, sqlite_url: str) -> None:
    said = r"Nothing can fill \w+\.extra when an alert comes in"
    with pytest.raises(RuntimeError, match=said), filled_host(sqlite_url, {own: COLUMN}):
        pytest.fail("The host was built.")


def never_right() -> orm.MappedColumn[t.Any]:
    return orm.mapped_column(
        sa.String(40), sa.CheckConstraint("extra = 'right'"), server_default="wrong"
    )


def always_the_same() -> orm.MappedColumn[t.Any]:
    return orm.mapped_column(sa.String(40), unique=True, server_default="same")


# --- Tables of the host around ours -------------------------------------------------------------


@pytest.mark.parametrize("own", [(), OWN], ids=["built", "own"])
def test_the_hosts_tables_may_refer_to_ours(database_url: str, own: tuple[str, ...]) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, **own_classes(db, own))
    page = model(
        "Page",
        db.Model,
        id=orm.mapped_column(primary_key=True, type_=sa.Integer),
        integration_id=orm.mapped_column(sa.ForeignKey("webhook_integration.id")),
        alert_id=orm.mapped_column(sa.ForeignKey("webhook_alert.id")),
        event_id=orm.mapped_column(sa.ForeignKey("webhook_alert_event.id")),
        alert=orm.relationship(alerts.Alert),
    )
    with running_host(database_url, db=db, alerts=alerts) as host:
        integration_id = host.create_integration()
        post(host, integration_id, "create")
        with host.app.app_context():
            (alert,), (event,) = host.stored_alerts(), host.stored_events()
            ids = {"alert_id": alert.id, "event_id": event.id, "integration_id": integration_id}
            db.session.add(page(**ids))
            db.session.commit()

        assert post(host, integration_id, "resolve").json["outcome"] == "resolved"
        with host.app.app_context():
            assert [row.alert.status for row in db.session.scalars(sa.select(page))] == ["resolved"]


def test_two_extension_objects_on_one_metadata_share_the_classes() -> None:
    db = SQLAlchemy()

    one, two = WebhookAlerts(db), WebhookAlerts(db)

    assert one.Alert is two.Alert
    assert one.Integration is two.Integration
    assert one.AlertEvent is two.AlertEvent


def test_two_databases_have_classes_of_their_own() -> None:
    one, two = WebhookAlerts(SQLAlchemy()), WebhookAlerts(SQLAlchemy())

    assert one.Alert is not two.Alert
    assert one.Alert.__table__ is not two.Alert.__table__


def test_two_extension_objects_may_share_the_hosts_own_classes(sqlite_url: str) -> None:
    db = SQLAlchemy()
    classes = own_classes(db, OWN)
    WebhookAlerts(db, **classes)

    with running_host(sqlite_url, db=db, alerts=WebhookAlerts(db, **classes)) as host:
        assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]


def test_models_of_different_metadata_are_refused() -> None:
    db = SQLAlchemy()
    alert = model("Alert", AlertMixin, db.Model)
    elsewhere = model("Integration", IntegrationMixin, SQLAlchemy().Model)

    with pytest.raises(RuntimeError, match=r"different MetaData.*one base class"):
        WebhookAlerts(db, alert_model=alert, integration_model=elsewhere)


class Routing(Session):
    """A session that reads from a replica, after the recipe in SQLAlchemy's documentation."""

    def get_bind(
        self, mapper: t.Any = None, clause: t.Any = None, bind: t.Any = None, **options: t.Any
    ) -> t.Any:
        writes = self._flushing or isinstance(clause, (sa.Update, sa.Delete))
        return self._db.engines[None if writes else "replica"]


def test_a_session_that_reads_from_a_replica_is_asked_where_it_writes(tmp_path: Path) -> None:
    file = tmp_path / "host.db"
    db = SQLAlchemy(session_options={"class_": Routing})
    config = {"SQLALCHEMY_BINDS": {"replica": f"sqlite:///file:{file}?mode=ro&uri=true"}}
    with running_host(f"sqlite:///{file}", db=db, config=config) as host:
        assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]


# --- Kinds of MetaData --------------------------------------------------------------------------


CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


@pytest.mark.parametrize("own", [(), OWN], ids=["built", "own"])
def test_a_naming_convention_of_the_hosts_is_followed(
    database_url: str, own: tuple[str, ...]
) -> None:
    db = SQLAlchemy(metadata=sa.MetaData(naming_convention=CONVENTION))
    with own_host(database_url, own, db=db) as host:
        assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]

        with host.app.app_context():
            inspector = sa.inspect(db.engine)
            keys = {key["name"] for key in inspector.get_foreign_keys("webhook_alert")}
            assert "fk_webhook_alert_integration_id_webhook_integration" in keys
            unique = inspector.get_unique_constraints("webhook_alert")
            assert [key["name"] for key in unique] == ["uq_webhook_alert_active"]


def test_a_schema_of_the_hosts_is_followed() -> None:
    db = SQLAlchemy(metadata=sa.MetaData(schema="alerting"))
    with new_database("postgresql") as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.schema.CreateSchema("alerting"))

        with running_host(url, db=db, alerts=WebhookAlerts(db)) as host:
            assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]
            with host.app.app_context():
                assert sa.inspect(db.engine).has_table("webhook_alert", schema="alerting")


@pytest.mark.parametrize("own", [(), OWN], ids=["built", "own"])
def test_mariadb_may_be_called_by_its_own_name(own: tuple[str, ...]) -> None:
    with new_database("mariadb") as url:
        named = sa.make_url(url).set(drivername="mariadb+pymysql")

        with own_host(named.render_as_string(hide_password=False), own) as host:
            assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]
            assert host.stored_alerts()[0].created_at.microsecond


def test_text_of_any_character_fits_where_the_databases_default_is_latin() -> None:
    with new_database("mariadb") as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER DATABASE CHARACTER SET latin1")

        with running_host(url) as host:
            integration_id = host.create_integration("\N{BELL}")
            response = post(host, integration_id, "create", Title="\N{FIRE} and \N{GRINNING FACE}")

            assert response.status_code == 200
            assert host.stored_alerts()[0].title == "\N{FIRE} and \N{GRINNING FACE}"


def test_a_character_that_the_database_does_not_know_is_refused_and_not_sent_for_ever() -> None:
    latin = "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    with new_database("postgresql", latin) as url, running_host(url) as host:
        integration_id = host.create_integration()

        assert post(host, integration_id, "create", Title="\N{FIRE}").status_code == 422
        assert post(host, integration_id, "create", Title="Caf\xe9").status_code == 200
        assert [alert.title for alert in host.stored_alerts()] == ["Caf\xe9"]


def test_a_type_map_of_the_hosts_does_no_harm(database_url: str) -> None:
    class Base(orm.DeclarativeBase):
        registry = orm.registry(
            type_annotation_map={int: sa.BigInteger(), bool: sa.Boolean(), str: sa.String(50)}
        )

    with own_host(database_url, OWN, db=SQLAlchemy(model_class=Base)) as host:
        assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]
        assert host.alerts.Alert.__table__.c.thirdparty_id.type.length == 512


def test_a_database_that_we_do_not_know_is_refused_by_name() -> None:
    models = build_models(sa.MetaData())

    with pytest.raises(RuntimeError, match=r"mssql\. Use SQLite, PostgreSQL, MariaDB or MySQL"):
        build_store(models, sa.make_url("mssql://").get_dialect()())


# --- Classes under our classes ------------------------------------------------------------------


def test_a_model_that_we_built_may_be_subclassed(sqlite_url: str) -> None:
    db = SQLAlchemy()
    alerts = WebhookAlerts(db)
    loud = model("LoudAlert", alerts.Alert)

    assert loud.__table__ is alerts.Alert.__table__
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]


@pytest.mark.parametrize("own_table", [False, True], ids=["one table", "joined tables"])
def test_the_hosts_own_alert_may_have_subclasses(sqlite_url: str, own_table: bool) -> None:
    db = SQLAlchemy()
    kind = orm.mapped_column(sa.String(10), default="plain", nullable=False)
    arguments = {"polymorphic_on": kind, "polymorphic_identity": "plain"}
    alert = model("Alert", AlertMixin, db.Model, flavour=kind, __mapper_args__=arguments)
    key = orm.mapped_column(sa.ForeignKey("webhook_alert.id"), primary_key=True)
    members: dict[str, t.Any] = {"__tablename__": "loud_alert", "id": key} if own_table else {}
    loud = model("LoudAlert", alert, __mapper_args__={"polymorphic_identity": "loud"}, **members)

    with running_host(sqlite_url, db=db, alerts=WebhookAlerts(db, alert_model=alert)) as host:
        assert (loud.__table__ is alert.__table__) != own_table
        assert live(host, host.create_integration()) == [outcome for _, outcome in WHOLE_LIFE]
        assert [row.flavour for row in host.stored_alerts()] == ["plain"]


def test_options_are_checked_in_the_hosts_own_class() -> None:
    integration = own_classes(SQLAlchemy(), OWN)["integration_model"]

    with pytest.raises(InvalidOption):
        integration(name="a", tenant="acme", wrapper_key="[")


# --- Helpers ------------------------------------------------------------------------------------


LIFE_OF_EVENTS = ["created", "acknowledged", "resolved"]


def model(name: str, /, *bases: Model, **members: t.Any) -> Model:
    """Map a class, as a class statement would."""
    members = {"__module__": __name__, **members}
    return types.new_class(name, bases, {}, lambda namespace: namespace.update(members))


def own_classes(db: SQLAlchemy, own: t.Sequence[str]) -> dict[str, t.Any]:
    """Write a host's own classes, each with something of its own."""
    classes: dict[str, t.Any] = {}
    if "alert_model" in own:
        service = model("Service", db.Model, __tablename__="own_service", **service_columns())
        classes["alert_model"] = model(
            "Alert",
            AlertMixin,
            db.Model,
            team=orm.mapped_column(sa.String(40)),
            service_id=orm.mapped_column(sa.ForeignKey("own_service.id")),
            service=orm.relationship(service),
            __table_args__=(sa.Index("ix_own_team", "team"), {"comment": "Alerts of our own"}),
        )
    if "integration_model" in own:
        tenant = orm.mapped_column(sa.String(40), index=True)
        classes["integration_model"] = model(
            "Integration", IntegrationMixin, db.Model, tenant=tenant
        )
    if "event_model" in own:
        remark = orm.mapped_column(sa.Text())
        classes["event_model"] = model("AlertEvent", AlertEventMixin, db.Model, remark=remark)
    return classes


def service_columns() -> dict[str, orm.MappedColumn[t.Any]]:
    return {
        "id": orm.mapped_column(sa.Integer, primary_key=True),
        "name": orm.mapped_column(sa.String(40)),
    }


@contextmanager
def own_host(url: str, own: t.Sequence[str], *, db: SQLAlchemy | None = None) -> Iterator[Host]:
    """Yield a host with some classes of its own."""
    db = db or SQLAlchemy()
    with running_host(url, db=db, alerts=WebhookAlerts(db, **own_classes(db, own))) as host:
        yield host


Added: t.TypeAlias = dict[str, dict[str, Filling]]


def filled_classes(db: SQLAlchemy, added: Added) -> dict[str, t.Any]:
    """Write a host's own classes with the given columns more."""
    return {
        name: model(name, MIXINS[name], db.Model, **{key: make() for key, make in columns.items()})
        for name, columns in added.items()
    }


@contextmanager
def filled_host(url: str, added: Added) -> Iterator[Host]:
    """Yield a host whose own classes have the given columns more."""
    db = SQLAlchemy()
    alerts = WebhookAlerts(db, **filled_classes(db, added))
    with running_host(url, db=db, alerts=alerts) as host:
        yield host


def changes_on_postgresql(
    alert_model: Model | None = None,
    integration_model: Model | None = None,
    event_model: Model | None = None,
) -> object:
    """Return what would write these classes to PostgreSQL."""
    (metadata,) = {
        m.__table__.metadata for m in (alert_model, integration_model, event_model) if m is not None
    }
    models = build_models(
        metadata, alert=alert_model, integration=integration_model, event=event_model
    )
    return build_store(models, sa.make_url("postgresql+psycopg://").get_dialect()()).changes


def payload_of(event_type: str) -> dict[str, str]:
    return {"event_type": event_type, "Id": "disk", "Title": "Disk full", "Description": "/var"}


def post(
    host: Host, integration_id: str, event_type: str, headers: t.Any = None, **fields: str
) -> t.Any:
    return host.post(integration_id, {**payload_of(event_type), **fields}, headers=headers)


def live(host: Host, integration_id: str) -> list[str]:
    """Post a whole life and return what the endpoint said of each event."""
    answers = [post(host, integration_id, event_type) for event_type, _ in WHOLE_LIFE]
    return [answer.json.get("outcome", answer.json) for answer in answers]


def stored_integrations(host: Host) -> list[t.Any]:
    with host.app.app_context():
        return list(host.db.session.scalars(sa.select(host.alerts.Integration)))
