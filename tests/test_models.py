"""The tables and their rows: the same columns, values and times on every database."""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError

from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.state import get_state
from tests.databases import new_database
from tests.hosts import Host
from tests.hosts import running_host

INSTANT = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
TOKYO = dt.timezone(dt.timedelta(hours=9))
GRIN = "\N{GRINNING FACE}"
LONG = GRIN * 70_000
TIMES = {
    "Integration": ["previous_token_expires_at", "created_at", "updated_at"],
    "Alert": ["created_at", "last_received_at", "acknowledged_at", "resolved_at"],
    "AlertEvent": ["at", "delivered_at", "next_attempt_at"],
}
COLUMNS = {
    "webhook_integration": {
        "id": "VARCHAR(18)",
        "name": "VARCHAR(255)",
        "enabled": "BOOLEAN",
        "token_hash": "VARCHAR(64)?",
        "previous_token_hash": "VARCHAR(64)?",
        "previous_token_expires_at": "DATETIME?",
        "capture_additional_data": "BOOLEAN",
        "strict": "BOOLEAN",
        "wrapper_key": "TEXT?",
        "title_template": "TEXT?",
        "description_template": "TEXT?",
        "created_at": "DATETIME",
        "updated_at": "DATETIME",
    },
    "webhook_alert": {
        "id": "BIGINT",
        "integration_id": "VARCHAR(18)",
        "thirdparty_id": "VARCHAR(512)",
        "active_key": "VARCHAR(64)?",
        "status": "VARCHAR(16)",
        "title": "TEXT",
        "description": "TEXT?",
        "urgency": "VARCHAR(16)?",
        "tags": "JSON",
        "meta": "JSON",
        "additional_data": "JSON",
        "dedup_keys": "JSON",
        "incident": "BOOLEAN",
        "incident_severity": "VARCHAR(16)?",
        "incident_message": "TEXT?",
        "occurrences": "BIGINT",
        "created_at": "DATETIME",
        "last_received_at": "DATETIME",
        "acknowledged_at": "DATETIME?",
        "resolved_at": "DATETIME?",
    },
    "webhook_alert_event": {
        "id": "BIGINT",
        "alert_id": "BIGINT",
        "kind": "VARCHAR(16)",
        "at": "DATETIME",
        "by": "VARCHAR(255)?",
        "notes": "JSON",
        "delivered_at": "DATETIME?",
        "delivered_to": "JSON",
        "attempts": "INTEGER",
        "next_attempt_at": "DATETIME?",
        "last_error": "TEXT?",
    },
    "webhook_rejection": {
        "id": "BIGINT",
        "integration_id": "VARCHAR(18)?",
        "at": "DATETIME",
        "status": "INTEGER",
        "reason": "TEXT",
        "source": "VARCHAR(64)?",
    },
}


# --- Tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_a_table_has_the_columns_of_the_contract(sqlite_host: Host, name: str) -> None:
    table = sqlite_host.db.metadata.tables[name]

    columns = {c.name: f"{c.type}{'?' if c.nullable else ''}" for c in table.columns}

    assert columns == COLUMNS[name]


@pytest.mark.parametrize("name", COLUMNS)
def test_the_database_has_the_columns_that_the_model_names(host: Host, name: str) -> None:
    with host.app.app_context():
        stored = sa.inspect(host.db.engine).get_columns(name)

    nullable = {column: kind.endswith("?") for column, kind in COLUMNS[name].items()}
    assert {column["name"]: column["nullable"] for column in stored} == nullable


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_has_a_type_of_sqlalchemy_itself(sqlite_host: Host, name: str) -> None:
    types = [column.type for column in sqlite_host.db.metadata.tables[name].columns]

    variants = [variant for type_ in types for variant in type_._variant_mapping.values()]

    modules = {type(type_).__module__.partition(".")[0] for type_ in (*types, *variants)}
    assert modules == {"sqlalchemy"}


def test_a_refusal_describes_itself(sqlite_host: Host) -> None:
    refusal = sqlite_host.alerts.Rejection(id=7, status=422, integration_id="int_x")

    assert repr(refusal) == "<Rejection 7 422 integration=int_x>"


def test_times_keep_zone_and_microseconds_where_the_database_can(sqlite_host: Host) -> None:
    times = [
        column.type
        for table in sqlite_host.db.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.DateTime)
    ]

    assert len(times) == 11
    for time in times:
        assert time.timezone
        for dialect in ("mysql", "mariadb"):
            variant = t.cast(mysql.DATETIME, time._variant_mapping[dialect])
            assert variant.fsp == 6


def test_foreign_keys_go_from_event_to_alert_to_integration(host: Host) -> None:
    with host.app.app_context():
        inspector = sa.inspect(host.db.engine)
        found = {
            (name, *key["constrained_columns"], key["referred_table"], *key["referred_columns"])
            for name in COLUMNS
            for key in inspector.get_foreign_keys(name)
        }

    assert found == {
        ("webhook_alert", "integration_id", "webhook_integration", "id"),
        ("webhook_alert_event", "alert_id", "webhook_alert", "id"),
    }


# --- Times --------------------------------------------------------------------------------------


@pytest.fixture
def timed_host(host: Host) -> Host:
    """A host with one row in each table, all of whose times are the same instant."""
    store_rows(host)
    return host


@pytest.fixture
def tokyo_host() -> Iterator[Host]:
    """A host whose PostgreSQL answers in the time of Tokyo."""
    with new_database("postgresql") as url:
        query = {"options": "-c timezone=Asia/Tokyo"}
        tokyo = sa.make_url(url).update_query_dict(query).render_as_string(hide_password=False)
        with running_host(tokyo) as host:
            yield host


def test_times_are_utc_to_the_microsecond_when_loaded(timed_host: Host) -> None:
    with timed_host.app.app_context():
        for model in TIMES:
            assert times_of(first(timed_host, model)) == all_at(INSTANT, model)


@pytest.mark.parametrize("again", ["refresh", "refresh_some", "expire", "commit", "populate"])
def test_times_are_utc_when_loaded_again(timed_host: Host, again: str) -> None:
    with timed_host.app.app_context():
        for model in TIMES:
            row = first(timed_host, model)

            load_again(timed_host, row, again)

            assert times_of(row) == all_at(INSTANT, model)


def test_times_are_utc_when_the_database_lives_elsewhere(tokyo_host: Host) -> None:
    store_rows(tokyo_host)

    with tokyo_host.app.app_context():
        assert tokyo_host.db.session.scalar(sa.text("SHOW timezone")) == "Asia/Tokyo"
        for model in TIMES:
            row = first(tokyo_host, model)
            assert times_of(row) == all_at(INSTANT, model)
            load_again(tokyo_host, row, "refresh")
            assert times_of(row) == all_at(INSTANT, model)


def test_times_are_utc_in_rows_that_come_by_a_join(timed_host: Host) -> None:
    alerts = timed_host.alerts
    with timed_host.app.app_context():
        statement = (
            sa.select(alerts.AlertEvent, alerts.Alert, alerts.Integration)
            .join(alerts.Alert, alerts.Alert.id == alerts.AlertEvent.alert_id)
            .join(alerts.Integration, alerts.Integration.id == alerts.Alert.integration_id)
        )

        for row in timed_host.db.session.execute(statement).one():
            assert times_of(row) == all_at(INSTANT, type(row).__name__)


def test_a_time_in_another_zone_is_stored_as_the_same_instant(host: Host) -> None:
    store_rows(host, INSTANT.astimezone(TOKYO))

    with host.app.app_context():
        for model in TIMES:
            assert times_of(first(host, model)) == all_at(INSTANT, model)


def test_a_time_that_is_set_is_utc_at_once(sqlite_host: Host) -> None:
    alert = sqlite_host.alerts.Alert(acknowledged_at=INSTANT.astimezone(TOKYO))

    assert alert.acknowledged_at == INSTANT
    assert alert.acknowledged_at.tzinfo is dt.UTC


def test_loading_another_column_forgets_no_pending_time(sqlite_host: Host) -> None:
    store_rows(sqlite_host)
    later = INSTANT + dt.timedelta(days=1)

    with sqlite_host.app.app_context():
        session = sqlite_host.db.session
        row = first(sqlite_host, "Integration")
        session.expire(row, ["name"])
        row.previous_token_expires_at = later
        with session.no_autoflush:
            assert row.name == "a sender"
        session.commit()
        assert row.previous_token_expires_at == later


def test_loading_a_row_does_not_make_it_dirty(timed_host: Host) -> None:
    with timed_host.app.app_context():
        rows = [first(timed_host, model) for model in TIMES]

        assert len(rows) == 3
        assert not timed_host.db.session.dirty


def test_an_update_moves_updated_at(host: Host) -> None:
    store_rows(host)

    with host.app.app_context():
        row = first(host, "Integration")
        row.name = "another name"
        host.db.session.commit()

        assert row.created_at == INSTANT
        assert row.updated_at > INSTANT
        assert row.updated_at.tzinfo is dt.UTC


# --- Options ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def integration_model() -> type[t.Any]:
    """The model of integrations, for what needs no database."""
    return WebhookAlerts(SQLAlchemy()).Integration


def test_ids_are_int_and_14_letters_or_digits(host: Host) -> None:
    ids = {host.create_integration() for _ in range(5)}

    assert len(ids) == 5
    assert all(re.fullmatch(r"int_[A-Za-z0-9]{14}", id_) for id_ in ids)


def test_a_row_that_the_host_adds_itself_gets_an_id_too(host: Host) -> None:
    with host.app.app_context():
        row = host.alerts.Integration(name="by hand")
        host.db.session.add(row)
        host.db.session.commit()

        assert re.fullmatch(r"int_[A-Za-z0-9]{14}", row.id)
        assert (row.enabled, row.strict, row.capture_additional_data) == (True, True, False)


def test_a_token_cannot_be_read_back(integration_model: type[t.Any]) -> None:
    row = integration_model(name="a", token="secret-token")

    with pytest.raises(AttributeError, match="only its hash is stored"):
        _ = row.token
    assert row.has_token


def test_a_token_is_nowhere_in_the_row(host: Host) -> None:
    id_ = host.create_integration(token="secret-token")

    with host.app.app_context():
        row = host.db.session.get(host.alerts.Integration, id_)
        table = sa.inspect(host.alerts.Integration).local_table
        stored = host.db.session.execute(sa.select(table)).one()

        assert re.fullmatch("[0-9a-f]{64}", stored.token_hash)
        for shown in (repr(row), str(row), str(vars(row)), str(stored)):
            assert "secret-token" not in shown


def test_repr_shows_no_hash_either(integration_model: type[t.Any]) -> None:
    row = integration_model(name="a", token="secret-token")

    assert row.token_hash not in repr(row)


def test_no_token_is_no_token(integration_model: type[t.Any]) -> None:
    row = integration_model(name="a", token="secret-token")

    row.token = None

    assert not row.has_token
    assert row.token_hash is None


def test_a_token_that_is_set_ends_the_one_before(integration_model: type[t.Any]) -> None:
    row = integration_model(
        name="a", previous_token_hash="0" * 64, previous_token_expires_at=INSTANT
    )

    row.token = "a new one"

    assert (row.previous_token_hash, row.previous_token_expires_at) == (None, None)


BAD_OPTIONS: list[tuple[str, t.Any]] = [
    ("token", ""),
    ("token", "   "),
    ("token", "\t\n"),
    ("token", "kl\u00e4ffer"),
    ("token", "\N{GRINNING FACE}"),
    ("token", " before"),
    ("token", "after "),
    ("token", "two\nlines"),
    ("token", "a\0b"),
    ("name", ""),
    ("name", "  "),
    ("name", "x" * 256),
    ("name", None),
    ("name", "a\0b"),
    ("name", "a\ud800b"),
    ("token", 5),
    ("strict", "no"),
    ("strict", 1),
    ("enabled", None),
    ("capture_additional_data", "yes"),
    ("wrapper_key", "["),
    ("wrapper_key", "a.."),
    ("wrapper_key", "a" * 201),
    ("title_template", "{{ payload"),
    ("title_template", "{% for %}"),
    ("title_template", "{{ payload | no_such_filter }}"),
    ("title_template", "{{ payload.__class__() }}"),
    ("description_template", "{% include 'x' %}"),
    ("description_template", "x" * 2_001),
]


@pytest.mark.parametrize(("option", "value"), BAD_OPTIONS)
def test_a_bad_option_is_refused_by_the_constructor(
    integration_model: type[t.Any], option: str, value: t.Any
) -> None:
    with pytest.raises(InvalidOption):
        integration_model(**{"name": "a sender", option: value})


@pytest.mark.parametrize(("option", "value"), BAD_OPTIONS)
def test_a_bad_option_is_refused_when_set(
    integration_model: type[t.Any], option: str, value: t.Any
) -> None:
    row = integration_model(name="a sender")

    with pytest.raises(InvalidOption):
        setattr(row, option, value)
    assert (row.name, row.has_token) == ("a sender", False)
    assert (row.wrapper_key, row.title_template, row.description_template) == (None, None, None)


@pytest.mark.parametrize(("option", "value"), BAD_OPTIONS)
def test_a_bad_option_stores_no_integration(sqlite_host: Host, option: str, value: t.Any) -> None:
    options = {"name": "a sender", option: value}
    name = options.pop("name")

    with sqlite_host.app.app_context(), pytest.raises(InvalidOption):
        get_state().integrations.create(name, options)
    with sqlite_host.app.app_context():
        count = sa.select(sa.func.count(sqlite_host.alerts.Integration.id))
        assert sqlite_host.db.session.scalar(count) == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("wrapper_key", "data.alert"),
        ("wrapper_key", "alerts[0]"),
        ("title_template", "{{ payload.Title }} on {{ payload.Meta.host }}"),
        ("description_template", "{% for tag in payload.Tags %}{{ tag }} {% endfor %}"),
        ("name", f"{GRIN * 255}"),
    ],
)
def test_a_good_option_is_kept_as_it_is(host: Host, option: str, value: str) -> None:
    id_ = host.create_integration(**{"name": "a sender", option: value})

    with host.app.app_context():
        row = host.db.session.get(host.alerts.Integration, id_)
        assert getattr(row, option) == value


@pytest.mark.parametrize("option", ["wrapper_key", "title_template", "description_template"])
def test_an_empty_option_is_none(integration_model: type[t.Any], option: str) -> None:
    row = integration_model(name="a sender", **{option: ""})

    assert getattr(row, option) is None


# --- Values -------------------------------------------------------------------------------------


def test_long_text_of_wide_characters_comes_back_whole(host: Host) -> None:
    payload = {
        "event_type": "create",
        "Id": GRIN * 512,
        "Title": LONG,
        "Description": LONG,
        "Meta": {"incident": True, "incident_message": LONG},
    }

    with host.app.app_context():
        receipt = host.alerts.receive(host.create_integration(), payload)

        alert = receipt.alert
        assert alert.thirdparty_id == GRIN * 512
        assert (alert.title, alert.description, alert.incident_message) == (LONG, LONG, LONG)


def test_a_long_error_comes_back_whole(host: Host) -> None:
    store_rows(host)

    with host.app.app_context():
        event = first(host, "AlertEvent")
        event.last_error = LONG
        host.db.session.commit()

        assert event.last_error == LONG


VALUES: list[t.Any] = [
    {},
    {"a": None, "b": True, "c": [], "d": {}},
    {"deep": {"er": [1, [2, {"x": ["y"]}]]}},
    {"numbers": [0, -1, 2**53 + 1, 2**63, 10**60, 0.1, 1e-300, 1.7976931348623157e308]},
    {"text": ["", " ", "kl\u00e4ffer", GRIN, "\u2028", "\\", '"', "'; --", "%s", ":name"]},
    {GRIN: 1, "": 2, "A": 3, "a": 4},
]


@pytest.mark.parametrize("value", VALUES)
def test_json_values_come_back_as_they_were(host: Host, value: t.Any) -> None:
    store_rows(host)

    with host.app.app_context():
        alert = first(host, "Alert")
        alert.meta = alert.additional_data = value
        host.db.session.commit()

        assert alert.meta == alert.additional_data == value
        assert list(alert.meta) == list(value)


def test_lists_come_back_in_their_order(host: Host) -> None:
    store_rows(host)

    with host.app.app_context():
        alert, event = first(host, "Alert"), first(host, "AlertEvent")
        alert.tags = alert.dedup_keys = ["z", "a", GRIN]
        event.notes = event.delivered_to = ["second", "first"]
        host.db.session.commit()

        assert alert.tags == alert.dedup_keys == ["z", "a", GRIN]
        assert event.notes == event.delivered_to == ["second", "first"]


def test_what_is_not_given_is_empty_and_not_null(host: Host) -> None:
    with host.app.app_context():
        integration_id = host.create_integration()
        alert = host.alerts.Alert(integration_id=integration_id, thirdparty_id="a", title="a")
        host.db.session.add(alert)
        host.db.session.commit()

        assert (alert.tags, alert.dedup_keys, alert.meta, alert.additional_data) == ([], [], {}, {})
        assert (alert.status, alert.occurrences, alert.incident) == ("open", 1, False)


def test_rows_that_are_new_share_no_list(sqlite_host: Host) -> None:
    store_rows(sqlite_host)

    with sqlite_host.app.app_context():
        first(sqlite_host, "Alert").tags.append("mine")
        other = sqlite_host.alerts.Alert(
            integration_id=first(sqlite_host, "Integration").id, thirdparty_id="b", title="b"
        )
        sqlite_host.db.session.add(other)
        sqlite_host.db.session.commit()

        assert other.tags == []


def test_ids_count_beyond_32_bits(host: Host) -> None:
    store_rows(host)

    with host.app.app_context():
        integration_id = first(host, "Integration").id
        big = host.alerts.Alert(
            id=2**40,
            integration_id=integration_id,
            thirdparty_id="b",
            title="b",
            occurrences=2**40,
        )
        host.db.session.add(big)
        host.db.session.flush()
        host.db.session.add(host.alerts.AlertEvent(alert_id=2**40, kind="created"))
        host.db.session.commit()

        assert (big.id, big.occurrences) == (2**40, 2**40)
        assert [event.alert_id for event in big.events] == [2**40]


# --- Relationships ------------------------------------------------------------------------------


def test_rows_lead_to_each_other(host: Host) -> None:
    with host.app.app_context():
        integration_id = host.create_integration()
        alert = host.alerts.receive(integration_id, payload_of("a")).alert
        host.alerts.resolve(alert)
        host.db.session.expire_all()

        assert alert.integration.id == integration_id
        assert [event.kind for event in alert.events] == ["created", "resolved"]
        assert all(event.alert is alert for event in alert.events)


def test_repr_tells_which_row_it_is(sqlite_host: Host) -> None:
    with sqlite_host.app.app_context():
        integration_id = sqlite_host.create_integration("CPU")
        alert = sqlite_host.alerts.receive(integration_id, payload_of("disk")).alert
        (event,) = alert.events

        assert repr(alert.integration) == f"<Integration {integration_id} 'CPU'>"
        assert repr(alert) == f"<Alert {alert.id} open 'disk'>"
        assert repr(event) == f"<AlertEvent {event.id} created alert={alert.id}>"


# --- One active alert ---------------------------------------------------------------------------


def test_the_database_itself_refuses_a_second_active_alert(host: Host) -> None:
    with host.app.app_context():
        integration_id = host.create_integration()
        host.db.session.add(new_alert(host, integration_id, active_key="k" * 64))
        host.db.session.commit()

        host.db.session.add(new_alert(host, integration_id, active_key="k" * 64))
        with pytest.raises(IntegrityError):
            host.db.session.commit()


def test_any_number_of_alerts_may_be_resolved(host: Host) -> None:
    with host.app.app_context():
        integration_id = host.create_integration()
        rows = [new_alert(host, integration_id, active_key=None) for _ in range(3)]
        host.db.session.add_all(rows)
        host.db.session.commit()

        assert len({row.id for row in rows}) == 3


def test_two_integrations_may_have_one_key(host: Host) -> None:
    with host.app.app_context():
        for integration_id in (host.create_integration("one"), host.create_integration("two")):
            host.db.session.add(new_alert(host, integration_id, active_key="k" * 64))
        host.db.session.commit()

    assert len(host.stored_alerts()) == 2


# --- Helpers ------------------------------------------------------------------------------------


def payload_of(key: str) -> dict[str, str]:
    return {"event_type": "create", "Id": key, "Title": "a", "Description": "b"}


def new_alert(host: Host, integration_id: str, **values: t.Any) -> t.Any:
    return host.alerts.Alert(integration_id=integration_id, thirdparty_id="a", title="a", **values)


def store_rows(host: Host, at: dt.datetime = INSTANT) -> None:
    """Store one row in each table, with all its times at one instant."""
    times = {model: dict.fromkeys(names, at) for model, names in TIMES.items()}
    with host.app.app_context():
        session, alerts = host.db.session, host.alerts
        integration = alerts.Integration(name="a sender", **times["Integration"])
        session.add(integration)
        session.flush()
        alert = new_alert(host, integration.id, **times["Alert"])
        session.add(alert)
        session.flush()
        session.add(alerts.AlertEvent(alert_id=alert.id, kind="created", **times["AlertEvent"]))
        session.commit()


def first(host: Host, model: str) -> t.Any:
    return host.db.session.scalars(sa.select(getattr(host.alerts, model))).first()


def load_again(host: Host, row: t.Any, how: str) -> None:
    session = host.db.session
    if how == "refresh":
        session.refresh(row)
    elif how == "refresh_some":
        session.refresh(row, [TIMES[type(row).__name__][0]])
    elif how == "expire":
        session.expire(row)
    elif how == "commit":
        session.commit()
    else:
        session.get(type(row), row.id, populate_existing=True)


def times_of(row: t.Any) -> dict[str, tuple[dt.datetime, dt.tzinfo | None]]:
    names = TIMES[type(row).__name__]
    return {name: (getattr(row, name), getattr(row, name).tzinfo) for name in names}


def all_at(instant: dt.datetime, model: str) -> dict[str, tuple[dt.datetime, dt.tzinfo | None]]:
    return dict.fromkeys(TIMES[model], (instant, dt.UTC))
