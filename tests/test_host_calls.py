"""What host code may call: the same transitions as from the wire, and integrations."""

from __future__ import annotations

import contextlib
import datetime as dt
import typing as t
from collections.abc import Callable
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import alert_acknowledged
from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_resolved
from flask_webhook_alerts import AlertMixin
from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import NotFound
from flask_webhook_alerts import Receipt
from flask_webhook_alerts import Refused
from flask_webhook_alerts import Rejected
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts import WebhookAlertsError
from tests.hosts import Host
from tests.hosts import is_scoped
from tests.hosts import MakeWiring
from tests.hosts import on_both
from tests.hosts import running_host

Connect: t.TypeAlias = Callable[..., None]

CREATE = {"event_type": "create", "Id": "disk", "Title": "Disk full", "Description": "/var"}
RESOLVE = {"event_type": "resolve", "Id": "disk"}
ACKNOWLEDGE = {"event_type": "acknowledge", "Id": "disk"}


@pytest.fixture
def inside(host: Host) -> Iterator[Host]:
    """A host on every kind of database, in whose app context the test runs."""
    with host.app.app_context():
        yield host


@pytest.fixture
def inside_sqlite(sqlite_host: Host) -> Iterator[Host]:
    """A host in whose app context the test runs, for what does not depend on the database."""
    with sqlite_host.app.app_context():
        yield sqlite_host


def facts(receipt: Receipt) -> tuple[object, ...]:
    return receipt.outcome, receipt.status, receipt.occurrences, receipt.reason


# --- receive ---


@on_both
def test_receive_does_what_the_endpoint_does(inside: Host) -> None:
    integration = inside.alerts.create_integration("a sender")
    payloads = [ACKNOWLEDGE, CREATE, CREATE, ACKNOWLEDGE, ACKNOWLEDGE, RESOLVE]
    receipts = [inside.alerts.receive(integration, payload) for payload in payloads]

    assert [facts(receipt) for receipt in receipts] == [
        ("ignored", None, None, "No open or acknowledged alert has this Id."),
        ("created", "open", 1, None),
        ("repeated", "open", 2, None),
        ("acknowledged", "acknowledged", 2, None),
        ("unchanged", "acknowledged", 2, None),
        ("resolved", "resolved", 2, None),
    ]
    assert {receipt.thirdparty_id for receipt in receipts} == {"disk"}
    assert len({receipt.alert_id for receipt in receipts[1:]}) == 1


def test_a_receipt_is_plain_and_frozen(inside_sqlite: Host) -> None:
    integration = inside_sqlite.alerts.create_integration("a sender")
    receipt = inside_sqlite.alerts.receive(integration, CREATE)

    assert receipt == Receipt(
        outcome=receipt.outcome,
        alert_id=receipt.alert_id,
        thirdparty_id="disk",
        status="open",
        occurrences=1,
    )
    with pytest.raises(AttributeError):
        receipt.status = "resolved"  # type: ignore[misc] # that is the point


def test_an_ignored_receipt_has_no_alert(inside_sqlite: Host) -> None:
    integration = inside_sqlite.alerts.create_integration("a sender")
    receipt = inside_sqlite.alerts.receive(integration, RESOLVE)

    assert (receipt.alert_id, receipt.alert) == (None, None)


@on_both
def test_the_alert_of_a_receipt_is_as_fresh_as_the_receipt(inside: Host) -> None:
    integration_id = inside.alerts.create_integration("a sender").id
    created = inside.alerts.receive(integration_id, CREATE)
    alert = created.alert
    # This begins a transaction that goes on seeing what it has seen, on MariaDB.
    assert inside.db.session.scalar(sa.select(inside.alerts.Alert.status)) == "open"
    receipt = inside.alerts.receive(integration_id, ACKNOWLEDGE)

    assert receipt.alert is alert
    assert (alert.status, alert.acknowledged_at is None) == ("acknowledged", False)
    assert (alert.title, alert.integration.name) == ("Disk full", "a sender")


def test_receive_tells_which_fields_are_wrong(inside_sqlite: Host) -> None:
    integration = inside_sqlite.alerts.create_integration("a sender")

    with pytest.raises(Rejected) as caught:
        inside_sqlite.alerts.receive(integration, {**CREATE, "Title": " ", "Tags": "x"})

    assert caught.value.status == 422
    assert caught.value.errors.keys() == {"Title", "Tags"}
    assert inside_sqlite.stored_alerts() == []


def test_receive_takes_what_a_compatible_integration_takes(inside_sqlite: Host) -> None:
    integration = inside_sqlite.alerts.create_integration("a sender", strict=False)
    payload = {"event_type": "create", "id": 7, "title": "Down", "more": (1, 2)}

    assert inside_sqlite.alerts.receive(integration, payload).thirdparty_id == "7"


def test_receive_reads_a_payload_as_its_integration_says(inside_sqlite: Host) -> None:
    integration = inside_sqlite.alerts.create_integration(
        "a sender",
        wrapper_key="body.alert",
        title_template="{{ payload.Title }} ({{ integration.name }})",
        description_template="{{ payload.nothing }}",
    )
    wrapped = inside_sqlite.alerts.receive(integration, {"body": {"alert": CREATE}}).alert
    plain = inside_sqlite.alerts.receive(integration, {**CREATE, "Id": "cpu"}).alert

    for alert in (wrapped, plain):
        assert (alert.title, alert.description) == ("Disk full (a sender)", "/var")
        assert ["Description" in note for note in alert.events[0].notes] == [True]


@on_both
def test_receive_looks_at_neither_token_nor_enabled(inside: Host) -> None:
    integration = inside.alerts.create_integration("a sender", token="t0ken")
    integration.enabled = False
    inside.db.session.commit()

    assert inside.alerts.receive(integration, CREATE).outcome == "created"


def cyclic() -> dict[str, t.Any]:
    payload: dict[str, t.Any] = dict(CREATE)
    payload["Meta"] = {"self": payload}
    return payload


def deep() -> dict[str, t.Any]:
    meta: dict[str, t.Any] = {}
    for _ in range(5_000):
        meta = {"deeper": meta}
    return {**CREATE, "Meta": meta}


def test_receive_takes_mappings_of_any_kind(inside_sqlite: Host) -> None:
    integration = inside_sqlite.alerts.create_integration("a sender")
    meta = MappingProxyType({"host": MappingProxyType({"name": "db-1"})})

    inside_sqlite.alerts.receive(integration, MappingProxyType({**CREATE, "Meta": meta}))

    (alert,) = inside_sqlite.stored_alerts()
    assert alert.meta == {"host": {"name": "db-1"}}


NOT_JSON: dict[str, t.Any] = {
    "NaN": {**CREATE, "Meta": {"load": float("nan")}},
    "infinity": {**CREATE, "Meta": {"load": float("-inf")}},
    "datetime": {**CREATE, "Meta": {"at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}},
    "set": {**CREATE, "Tags": {"a", "b"}},
    "bytes": {**CREATE, "Title": b"Disk full"},
    "an odd key": {**CREATE, "Meta": {(1, 2): 3}},
    "cyclic": cyclic(),
    "too deep": deep(),
    "a large number": {**CREATE, "Meta": {"number": 10**100}},
    "a huge number": {**CREATE, "Meta": {"number": 10**5_000}},
    "a list": [CREATE],
    "a text": "create",
    "nothing": None,
}


@pytest.mark.parametrize("payload", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json_object_is_rejected(inside_sqlite: Host, payload: t.Any) -> None:
    integration = inside_sqlite.alerts.create_integration("a sender")

    with pytest.raises(Rejected) as caught:
        inside_sqlite.alerts.receive(integration, payload)

    assert (caught.value.status, caught.value.errors) == (400, {})
    assert inside_sqlite.stored_alerts() == []


def test_what_cannot_be_written_as_json_is_named(inside_sqlite: Host) -> None:
    integration = inside_sqlite.alerts.create_integration("a sender")

    with pytest.raises(Rejected, match=r"^The payload .* JSON: set is no JSON value$") as caught:
        inside_sqlite.alerts.receive(integration, {**CREATE, "Tags": {"a", "b"}})

    assert caught.value.code == "not_json"


def test_texts_of_host_code_are_cleaned_like_those_of_senders(inside: Host) -> None:
    integration = inside.alerts.create_integration("a sender")
    payload = {**CREATE, "Title": "a\0b\ud800", "Meta": {"k\0": ["\udfff"]}}
    alert = inside.alerts.receive(integration, payload).alert

    assert (alert.title, alert.meta) == ("a\ufffdb\ufffd", {"k\ufffd": ["\ufffd"]})


# --- acknowledge and resolve ---


@on_both
def test_host_code_moves_alerts_with_the_same_signals(inside: Host, connect: Connect) -> None:
    told: list[tuple[str, str | None]] = []

    def listen(app: Flask, *, event: t.Any, **extra: t.Any) -> None:
        told.append((event.kind, event.by))

    for signal in (alert_created, alert_acknowledged, alert_resolved):
        connect(signal, listen)
    alerts = inside.alerts
    alert = alerts.receive(alerts.create_integration("a sender"), CREATE).alert
    receipts = [
        alerts.acknowledge(alert, by="ann@example.com"),
        alerts.acknowledge(alert, by="bob@example.com"),
        alerts.resolve(alert.id),
        alerts.resolve(alert),
        alerts.acknowledge(alert.id),
    ]

    assert [facts(receipt) for receipt in receipts] == [
        ("acknowledged", "acknowledged", 1, None),
        ("unchanged", "acknowledged", 1, None),
        ("resolved", "resolved", 1, None),
        ("ignored", "resolved", 1, "The alert is resolved."),
        ("ignored", "resolved", 1, "The alert is resolved."),
    ]
    assert told == [("created", None), ("acknowledged", "ann@example.com"), ("resolved", None)]
    assert {(receipt.alert_id, receipt.thirdparty_id) for receipt in receipts} == {
        (alert.id, "disk")
    }
    assert receipts[1].alert is alert


@pytest.mark.parametrize(("by", "kept"), [("a\0b", "a\ufffdb"), ("\ud800", "\ufffd"), ("😀", "😀")])
def test_any_name_of_a_person_is_kept(inside: Host, by: str, kept: str) -> None:
    integration_id = inside.alerts.create_integration("a sender").id
    alert_id = inside.alerts.receive(integration_id, CREATE).alert_id
    inside.alerts.acknowledge(alert_id, by=by)

    assert [event.by for event in inside.stored_events()] == [None, kept]


def test_a_long_name_of_a_person_is_kept_whole_or_refused(inside: Host) -> None:
    integration_id = inside.alerts.create_integration("a sender").id
    alert_id = inside.alerts.receive(integration_id, CREATE).alert_id
    with contextlib.suppress(WebhookAlertsError):
        inside.alerts.acknowledge(alert_id, by="x" * 256)

    assert [event.by for event in inside.stored_events()][1:] in ([], ["x" * 256])


def test_host_code_resolves_the_alert_it_means_and_not_its_successor(inside: Host) -> None:
    alerts = inside.alerts
    integration_id = alerts.create_integration("a sender").id
    first = alerts.receive(integration_id, CREATE).alert_id
    alerts.receive(integration_id, RESOLVE)
    second = alerts.receive(integration_id, CREATE)

    assert alerts.resolve(first).outcome == "ignored"
    assert second.alert.status == "open"


def test_what_does_not_exist_is_not_found(inside: Host) -> None:
    calls: list[Callable[[], object]] = [
        lambda: inside.alerts.receive("int_AAAAAAAAAAAAAA", CREATE),
        lambda: inside.alerts.acknowledge(4711),
        lambda: inside.alerts.resolve(4711),
        lambda: inside.alerts.rotate_token("int_AAAAAAAAAAAAAA"),
    ]

    for call in calls:
        with pytest.raises(NotFound, match=r"There is no (alert|integration) "):
            call()


@pytest.mark.parametrize("ident", [None, 0, -1, 2**70, -(2**70)])
def test_what_cannot_exist_is_not_found_either(inside: Host, ident: t.Any) -> None:
    calls: list[Callable[[], object]] = [
        lambda: inside.alerts.receive(ident, CREATE),
        lambda: inside.alerts.acknowledge(ident),
        lambda: inside.alerts.reopen(ident),
        lambda: inside.alerts.add_note(ident, "hello"),
        lambda: inside.alerts.rotate_token(ident),
        lambda: inside.alerts.endpoint_url(ident),
    ]

    for call in calls:
        with pytest.raises(NotFound, match=r"There is no (alert|integration) "):
            call()


@pytest.mark.parametrize("ident", ["", "a/b", "a b", "int_AAAAAAAAAAAAAAA", "a?b"])
def test_what_can_be_no_id_has_no_url(inside_sqlite: Host, ident: str) -> None:
    with pytest.raises(NotFound, match="There is no integration "):
        inside_sqlite.alerts.endpoint_url(ident)


def test_ids_are_taken_byte_for_byte(host: Host) -> None:
    integration_id = host.create_integration(token="t0ken")
    other_case = integration_id.swapcase()

    with host.app.app_context():
        with pytest.raises(NotFound):
            host.alerts.receive(other_case, CREATE)
        with pytest.raises(NotFound):
            host.alerts.rotate_token(other_case)

    assert opens(host, integration_id, "t0ken")


# --- integrations ---


@on_both
def test_an_integration_is_committed_with_its_options(inside: Host) -> None:
    options: dict[str, t.Any] = {
        "capture_additional_data": True,
        "strict": False,
        "wrapper_key": "alert",
        "title_template": "{{ payload.Title }}!",
        "description_template": "{{ integration.name }}",
    }
    integration = inside.alerts.create_integration("a sender", token="t0ken", **options)
    inside.db.session.rollback()

    assert (integration.name, integration.enabled, integration.has_token) == (
        "a sender",
        True,
        True,
    )
    assert {name: getattr(integration, name) for name in options} == options
    assert "t0ken" not in repr(vars(integration))


@pytest.mark.parametrize(
    "options",
    [{"name": " "}, {"name": "x" * 256}, {"name": 5}, {"token": ""}, {"token": "größe"},
     {"token": " t"}, {"token": 5}, {"token": b"t"}, {"strict": "no"}, {"strict": None},
     {"capture_additional_data": 1}, {"wrapper_key": "a["}, {"wrapper_key": 5},
     {"title_template": "{{"}, {"title_template": 5}, {"description_template": "{% x %}"}],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_options_that_cannot_be_stored_are_refused(
    inside_sqlite: Host, options: dict[str, t.Any]
) -> None:
    with pytest.raises(InvalidOption):
        inside_sqlite.alerts.create_integration(**{"name": "a sender", **options})

    found = inside_sqlite.db.session.scalars(sa.select(inside_sqlite.alerts.Integration))
    assert list(found) == []


@pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
def test_an_integration_that_another_process_has_just_deleted_is_unknown(host: Host) -> None:
    integration_id = host.create_integration()
    before = host.post(integration_id, {**RESOLVE, "Id": "no such alert"}).status_code
    with host.app.app_context(), host.db.engine.begin() as other:
        other.exec_driver_sql("DELETE FROM webhook_integration")

    assert (before, host.post(integration_id, CREATE).status_code) == (200, 404)


def test_what_the_host_s_own_tables_refuse_is_an_error_of_ours(database_url: str) -> None:
    db = SQLAlchemy()

    class Alert(AlertMixin, db.Model):  # type: ignore[name-defined, misc] # its base is made late
        __table_args__ = (sa.CheckConstraint("title <> 'Forbidden'"),)

    alerts = WebhookAlerts(db, alert_model=Alert)
    with running_host(database_url, db=db, alerts=alerts) as host:
        integration_id = host.create_integration()
        forbidden = {**CREATE, "Title": "Forbidden"}

        assert host.post(integration_id, forbidden).status_code == 422
        with host.app.app_context(), pytest.raises(Refused):
            alerts.receive(integration_id, forbidden)
        assert host.post(integration_id, CREATE).status_code == 200


def test_more_integrations_than_are_remembered_are_served(
    sqlite_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_webhook_alerts.memory._MOST", 2)
    ids = [sqlite_host.create_integration(token="t0ken") for _ in range(4)]

    assert [opens(sqlite_host, id_, "t0ken") for id_ in ids + ids] == [True] * 8


def opens(host: Host, integration_id: str, token: str) -> bool:
    """Tell whether the endpoint takes the token."""
    answer = host.post(integration_id, CREATE, headers={"pagertree-token": token})
    assert answer.status_code in {200, 403}
    return answer.status_code == 200


def rotate(host: Host, integration_id: str, **options: t.Any) -> str:
    with host.app.app_context():
        return host.alerts.rotate_token(integration_id, **options)


@on_both
def test_a_rotated_token_stays_valid_beside_the_new_one(host: Host) -> None:
    integration_id = host.create_integration(token="t0ken")
    made = rotate(host, integration_id)

    assert len(made) > 30
    assert (opens(host, integration_id, made), opens(host, integration_id, "t0ken")) == (True, True)


def test_a_third_token_ends_the_first(host: Host) -> None:
    integration_id = host.create_integration(token="first")
    given = [rotate(host, integration_id, token=token) for token in ("second", "third")]

    assert given == ["second", "third"]
    valid = [token for token in ("first", "second", "third") if opens(host, integration_id, token)]
    assert valid == ["second", "third"]


def test_the_old_token_ends_when_its_time_is_over(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    integration_id = host.create_integration(token="old")
    rotate(host, integration_id, token="new", keep_for=dt.timedelta(hours=2))
    later = [dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours) for hours in (1.99, 2.01)]
    answers = []
    for time in later:
        monkeypatch.setattr("flask_webhook_alerts.clock.now", lambda time=time: time)
        answers.append((opens(host, integration_id, "old"), opens(host, integration_id, "new")))

    assert answers == [(True, True), (False, True)]


def test_a_first_token_may_be_set_by_rotation(host: Host) -> None:
    integration_id = host.create_integration()
    rotate(host, integration_id, token="first")

    assert opens(host, integration_id, "first")
    assert not opens(host, integration_id, "")


@pytest.mark.parametrize(
    "options",
    [
        *({"token": ""}, {"token": "größe"}, {"token": 5}),
        *({"keep_for": dt.timedelta(seconds=-1)}, {"keep_for": dt.timedelta.max}, {"keep_for": 5}),
    ],
)
def test_a_rotation_that_cannot_be_is_refused(sqlite_host: Host, options: dict[str, t.Any]) -> None:
    integration_id = sqlite_host.create_integration(token="t0ken")

    with pytest.raises(InvalidOption):
        rotate(sqlite_host, integration_id, **options)
    assert opens(sqlite_host, integration_id, "t0ken")


# --- Changes that are not committed ---

Change: t.TypeAlias = Callable[[Host], object]


def sql(host: Host) -> sa.TextClause:
    return sa.text("UPDATE webhook_integration SET name = 'changed'")


def bulk_update(host: Host) -> sa.Update:
    return sa.update(host.alerts.Integration).values(name="changed")


def bulk_insert(host: Host) -> sa.Insert:
    table = t.cast(sa.Table, sa.inspect(host.alerts.Integration).local_table)
    return sa.insert(table).values(id="int_new", name="changed", enabled=True)


def set_name(host: Host) -> None:
    host.db.session.scalars(sa.select(host.alerts.Integration)).one().name = "changed"


def flush_name(host: Host) -> None:
    set_name(host)
    host.db.session.flush()


def flushed_session(host: Host) -> t.Any:
    flush_name(host)
    return host.db.session


def remove(host: Host) -> None:
    session = flushed_session(host)
    session.remove() if is_scoped(session) else session.close()


def flush_in_a_savepoint(host: Host) -> None:
    with host.db.session.begin_nested():
        set_name(host)


def update_in_a_savepoint(host: Host) -> None:
    with host.db.session.begin_nested():
        host.db.session.connection().execute(bulk_update(host))


def read_in_a_savepoint(host: Host) -> None:
    with host.db.session.begin_nested():
        host.db.session.scalar(sa.select(host.alerts.Integration.id))


def write_by_a_cte(host: Host) -> None:
    host.db.session.execute(
        sa.text(
            "WITH one AS (SELECT 'changed' AS name)"
            " UPDATE webhook_integration SET name = (SELECT name FROM one)"
        )
    )


def delete_event(host: Host) -> None:
    host.db.session.delete(host.db.session.scalars(sa.select(host.alerts.AlertEvent)).one())


def add_integration(host: Host) -> None:
    host.db.session.add(host.alerts.Integration(name="changed"))


def save_in_bulk(host: Host) -> None:
    host.session.bulk_save_objects([host.alerts.Integration(name="changed")])


def update_in_bulk(host: Host) -> None:
    mapping = {
        "id": host.db.session.scalar(sa.select(host.alerts.Integration.id)),
        "name": "changed",
    }
    host.session.bulk_update_mappings(sa.inspect(host.alerts.Integration), [mapping])


# Whoever tries all ways to read them does not come to an end.
BOXES = f"{'-' * 60}\n-- a title\n{'-' * 60}\n" * 20

UNCOMMITTED: dict[str, Change] = {
    "new": add_integration,
    "dirty": set_name,
    "deleted": delete_event,
    "flushed": flush_name,
    "flushed in a savepoint": flush_in_a_savepoint,
    "updated in bulk": lambda host: host.db.session.execute(bulk_update(host)),
    "inserted in bulk": lambda host: host.db.session.execute(bulk_insert(host)),
    "updated by a query": lambda host: host.db.session.query(host.alerts.Integration).update(
        {"name": "changed"}
    ),
    "saved as objects": save_in_bulk,
    "updated as mappings": update_in_bulk,
    "updated by SQL": lambda host: host.db.session.execute(sql(host)),
    "updated behind boxes of comments": lambda host: host.db.session.execute(
        sa.text(f"{BOXES}{sql(host)}")
    ),
    "updated below the session": lambda host: host.db.session.connection().execute(
        bulk_update(host)
    ),
    "SQL below the session": lambda host: host.db.session.connection().execute(sql(host)),
    "the driver's SQL": lambda host: host.db.session.connection().exec_driver_sql(
        f"UPDATE {host.alerts.Integration.__tablename__} SET name = 'changed'"
    ),
    "below the session in a savepoint": update_in_a_savepoint,
    "a CTE that writes": write_by_a_cte,
}

HARMLESS: dict[str, Change] = {
    "nothing": lambda host: None,
    "a read": lambda host: host.db.session.scalars(sa.select(host.alerts.Alert)).all(),
    "a read of SQL": lambda host: host.db.session.scalar(sa.text("SELECT 1")),
    "a read below the session": lambda host: host.db.session.connection().scalar(
        sa.text("SELECT 1")
    ),
    "a CTE that reads": lambda host: host.db.session.scalar(
        sa.text("WITH one AS (SELECT 1 AS updated) SELECT updated FROM one")
    ),
    "a savepoint": read_in_a_savepoint,
    "a read behind comments": lambda host: host.db.session.scalar(
        sa.text("/* app */ -- and\n SELECT 1")
    ),
    "a broken connection": lambda host: host.db.session.connection().invalidate(),
    "a transaction begun": lambda host: host.db.session.begin(),
    "a locking read": lambda host: host.db.session.scalars(
        sa.select(host.alerts.Alert).with_for_update()
    ).all(),
    "commit": lambda host: flushed_session(host).commit(),
    "rollback": lambda host: flushed_session(host).rollback(),
    "close": lambda host: flushed_session(host).close(),
    "remove": remove,
}

CALLS: dict[str, Callable[[Host], object]] = {
    "receive": lambda host: host.alerts.receive(ids(host)[0], RESOLVE),
    "acknowledge": lambda host: host.alerts.acknowledge(ids(host)[1]),
    "resolve": lambda host: host.alerts.resolve(ids(host)[1]),
    "create_integration": lambda host: host.alerts.create_integration("another"),
    "rotate_token": lambda host: host.alerts.rotate_token(ids(host)[0]),
    "deliver_pending": lambda host: host.alerts.deliver_pending(),
}


@pytest.fixture
def busy_host(sqlite_url: str, make_wiring: MakeWiring) -> Iterator[Host]:
    """A host with an alert, in whose app context the test runs, and whose locks are waited for."""
    wiring, options = make_wiring(), {"connect_args": {"timeout": 0.2}}
    with running_host(
        sqlite_url, db=wiring.db, alerts=wiring.alerts, engine_options=options
    ) as host:
        with host.app.app_context():
            host.alerts.receive(host.alerts.create_integration("a sender"), CREATE)
        with host.app.app_context():
            yield host


def ids(host: Host) -> tuple[str, int]:
    """Return the ids of the integration and of its alert, without touching the session."""
    with host.app.app_context():
        alert = host.db.session.scalars(sa.select(host.alerts.Alert)).one()
        return alert.integration_id, alert.id


@on_both
@pytest.mark.parametrize("change", UNCOMMITTED.values(), ids=UNCOMMITTED)
def test_uncommitted_changes_are_an_error_at_once(busy_host: Host, change: Change) -> None:
    change(busy_host)

    with pytest.raises(RuntimeError, match=r"db\.session\.commit\(\)"):
        busy_host.alerts.acknowledge(ids(busy_host)[1])

    busy_host.db.session.commit()
    assert busy_host.stored_alerts()[0].status == "open"
    assert was_changed(busy_host)


def was_changed(host: Host) -> bool:
    """Tell whether one of the changes above is stored."""
    with host.app.app_context():
        names = list(host.db.session.scalars(sa.select(host.alerts.Integration.name)))
    return "changed" in names or host.stored_events() == []


@on_both
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_every_call_minds_uncommitted_changes(
    busy_host: Host, call: Callable[[Host], object]
) -> None:
    flush_name(busy_host)

    with pytest.raises(RuntimeError, match=r"db\.session\.commit\(\)"):
        call(busy_host)


@on_both
@pytest.mark.parametrize("begin", ["begin", "begin_nested"])
def test_a_block_of_the_session_is_an_error_at_once(busy_host: Host, begin: str) -> None:
    session, alert_id = busy_host.db.session, ids(busy_host)[1]

    with getattr(session, begin)(), pytest.raises(RuntimeError, match="before or after the block"):
        busy_host.alerts.acknowledge(alert_id)

    assert busy_host.stored_alerts()[0].status == "open"


@on_both
def test_what_a_selected_function_wrote_is_kept(host: Host) -> None:
    host.create_integration()
    with host.app.app_context():
        connection = host.session.connection()
        cursor = connection.connection.cursor()  # as a function would write: out of sight
        cursor.execute("UPDATE webhook_integration SET name = 'changed'")
        cursor.close()
        host.alerts.create_integration("another")

        assert was_changed(host)


@on_both
def test_a_connection_that_the_session_has_left_is_no_longer_minded(busy_host: Host) -> None:
    session, alert_id = busy_host.db.session, ids(busy_host)[1]
    with busy_host.session.get_bind().engine.connect() as connection:
        session.execute(sa.select(1), bind_arguments={"bind": connection})
        session.commit()
        connection.execute(sql(busy_host))
        connection.rollback()

    assert busy_host.alerts.acknowledge(alert_id).outcome == "acknowledged"


@on_both
@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_is_committed_or_only_read_is_no_obstacle(host: Host, change: Change) -> None:
    integration_id = host.create_integration()
    host.post(integration_id, CREATE)
    with host.app.app_context():
        change(host)
        receipt = host.alerts.acknowledge(ids(host)[1])

        assert (receipt.outcome, receipt.alert.status) == ("acknowledged", "acknowledged")


@on_both
def test_a_host_that_only_read_may_call_from_many_threads(host: Host) -> None:
    integration_id = host.create_integration()

    def work(number: int) -> str:
        with host.app.app_context():
            integration = host.db.session.get(host.alerts.Integration, integration_id)
            return host.alerts.receive(integration, {**CREATE, "Id": str(number)}).outcome

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(work, range(20))) == {"created"}


@on_both
def test_outside_of_an_app_context_nothing_works(sqlite_host: Host) -> None:
    with pytest.raises(RuntimeError, match="application context"):
        sqlite_host.alerts.acknowledge(1)


def test_an_app_that_was_not_initialised_says_so(sqlite_host: Host) -> None:
    app = Flask("another")
    with app.app_context(), pytest.raises(RuntimeError, match=r"alerts\.init_app\(app\)"):
        sqlite_host.alerts.acknowledge(1)
