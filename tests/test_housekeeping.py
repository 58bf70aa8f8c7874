"""Deleting what is no longer wanted, and never what is still owed."""

from __future__ import annotations

import datetime as dt
import threading
import time
import typing as t
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event

from flask_webhook_alerts import integrations
from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import NotFound
from flask_webhook_alerts import purging
from flask_webhook_alerts import Refused
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.database import Database
from flask_webhook_alerts.integrations import HasAlerts
from flask_webhook_alerts.integrations import Integrations
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store import Housekeeping
from tests.hosts import Host
from tests.hosts import running_host

NOW = dt.datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=dt.UTC)
BEFORE = NOW - dt.timedelta(days=30)
AFTER = NOW + dt.timedelta(days=30)
DELIVERED = {"delivered_at": BEFORE, "next_attempt_at": None, "attempts": 1}
OWED = {"delivered_at": None, "next_attempt_at": BEFORE, "attempts": 0}
FAILED_ONCE = {"delivered_at": None, "next_attempt_at": AFTER, "attempts": 1}
DEAD = {"delivered_at": None, "next_attempt_at": None, "attempts": 10}


# --- What may be purged -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([], id="no event"),
        pytest.param([DELIVERED], id="delivered"),
        pytest.param([DELIVERED, DELIVERED, DELIVERED], id="all delivered"),
    ],
)
def test_an_old_resolved_alert_may_be_purged(host: Host, events: list[t.Any]) -> None:
    alert_id = store_alert(host, events=events)

    assert purgeable(host) == [alert_id]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([OWED], id="owed"),
        pytest.param([FAILED_ONCE], id="to be tried again"),
        pytest.param([DELIVERED, OWED], id="last owed"),
        pytest.param([OWED, DELIVERED], id="first owed"),
        pytest.param([DEAD, FAILED_ONCE], id="dead and owed"),
    ],
)
def test_an_alert_with_an_owed_event_is_never_purged(host: Host, events: list[t.Any]) -> None:
    store_alert(host, events=events)
    other = store_alert(host, events=[DELIVERED])

    assert purgeable(host) == [other]


@pytest.mark.parametrize("status", ["open", "acknowledged"])
def test_an_active_alert_is_never_purged(host: Host, status: str) -> None:
    store_alert(host, status=status, resolved_at=None, created_at=BEFORE)

    assert purgeable(host, resolved_before=AFTER) == []


def test_an_alert_is_kept_until_it_is_old_enough_to_the_microsecond(host: Host) -> None:
    alert_id = store_alert(host, resolved_at=NOW)

    assert purgeable(host, resolved_before=NOW) == []
    assert purgeable(host, resolved_before=NOW + dt.timedelta(microseconds=1)) == [alert_id]


def test_candidates_come_from_a_range_of_ids(host: Host) -> None:
    ids = [store_alert(host) for _ in range(5)]

    assert purgeable(host, until=ids[1]) == ids[:2]
    assert purgeable(host, after=ids[1], until=ids[3]) == ids[2:4]
    assert purgeable(host, after=ids[3], until=ids[4]) == ids[4:]
    assert purgeable(host, after=ids[4]) == []


def test_pages_end_at_ids_that_are_there(host: Host) -> None:
    ids = [store_alert(host) for _ in range(5)]
    in_store(host, lambda store, connection: store.delete_alerts(connection, [ids[0], ids[2]]))

    def end_of_page(after: int) -> t.Any:
        return in_store(
            host, lambda store, connection: store.end_of_page(connection, after=after, size=2)
        )

    assert [end_of_page(after) for after in (0, ids[3], ids[4])] == [ids[3], ids[4], None]


def test_a_purge_goes_through_all_pages(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "_PAGE", 4)
    monkeypatch.setattr(purging, "_PAUSE", 0)
    kept = [store_alert(host, status="open", resolved_at=None) for _ in range(5)]
    for _ in range(5):
        store_alert(host, events=[DELIVERED])
    kept.append(store_alert(host, resolved_at=NOW))

    with host.app.app_context():
        job = purging.Purge(host.app.extensions["webhook_alerts"].database, NOW)
        found, deleted = job.count(), list(job.run(2))

    assert (found, deleted) == (5, [0, 2, 1, 2])
    assert [alert.id for alert in host.stored_alerts()] == kept


def test_a_purge_spares_what_is_owed_or_open_by_now(host: Host) -> None:
    revived, reopened = store_alert(host, events=[DEAD]), store_alert(host)
    gone = store_alert(host, events=[DEAD])
    with host.app.app_context():
        job = purging.Purge(host.app.extensions["webhook_alerts"].database, NOW)
        write = job._database.write

        def write_late(work: t.Any) -> t.Any:
            alert, event = host.alerts.Alert, host.alerts.AlertEvent
            revive = sa.update(event).where(event.alert_id == revived)
            host.db.session.execute(revive.values(next_attempt_at=NOW))
            reopen = sa.update(alert).where(alert.id == reopened)
            host.db.session.execute(reopen.values(status="open"))
            host.db.session.commit()
            return write(work)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(job._database, "write", write_late)
            deleted = sum(job.run())

    assert deleted == 1
    assert gone not in [alert.id for alert in host.stored_alerts()]


def test_an_alert_that_the_host_refers_to_is_left_and_all_others_go(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_PAUSE", 0)
    with host_with_pages(database_url) as host:
        integration_id = host.create_integration()
        ids = [store_alert(host, integration_id, events=[DELIVERED]) for _ in range(20)]
        kept = [ids[2], ids[9], ids[10]]
        for alert_id in kept:
            refer_to(host, alert_id)

        deleted, left = purge(host, batch=8)

        assert (sum(deleted), left) == (17, 3)
        assert [alert.id for alert in host.stored_alerts()] == kept
        assert [event.alert_id for event in host.stored_events()] == kept


def test_finding_the_alert_that_stays_costs_two_transactions_for_each_halving(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_PAUSE", 0)
    with host_with_pages(sqlite_url) as host:
        integration_id = host.create_integration()
        ids = [store_alert(host, integration_id) for _ in range(64)]
        refer_to(host, ids[0])

        deleted, left = purge(host, batch=64)

    assert deleted == [0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32]
    assert left == 1


def test_no_more_than_two_transactions_for_each_alert_are_made_if_all_stay(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "_PAUSE", 0)
    with host_with_pages(sqlite_url) as host:
        integration_id = host.create_integration()
        for _ in range(16):
            refer_to(host, store_alert(host, integration_id))

        deleted, left = purge(host, batch=16)

    assert deleted == [0] * 31
    assert left == 16


# --- Deleting alerts ----------------------------------------------------------------------------


def test_alerts_are_deleted_with_their_events_and_no_others(host: Host) -> None:
    one, two, three = (store_alert(host, events=[DELIVERED, DELIVERED]) for _ in range(3))

    deleted = in_store(
        host, lambda store, connection: store.delete_alerts(connection, [one, three])
    )

    assert deleted == 2
    assert [alert.id for alert in host.stored_alerts()] == [two]
    assert [event.alert_id for event in host.stored_events()] == [two, two]


def test_deleting_what_is_gone_deletes_nothing(host: Host) -> None:
    alert_id = store_alert(host)

    assert in_store(host, lambda store, connection: store.delete_alerts(connection, [4711])) == 0
    assert [alert.id for alert in host.stored_alerts()] == [alert_id]


def test_alerts_that_the_host_refers_to_stay_whole(database_url: str) -> None:
    with host_with_pages(database_url) as host:
        alert_id = store_alert(host, events=[DELIVERED])
        refer_to(host, alert_id)

        with pytest.raises(Refused):
            in_store(host, lambda store, connection: store.delete_alerts(connection, [alert_id]))
        assert [alert.id for alert in host.stored_alerts()] == [alert_id]
        assert [event.alert_id for event in host.stored_events()] == [alert_id]


@pytest.mark.parametrize("database_url", ["postgresql", "mariadb"], indirect=True)
@pytest.mark.parametrize(
    ("model", "values", "events"),
    [
        pytest.param("Alert", {"status": "open", "resolved_at": None}, [], id="reopened"),
        pytest.param("AlertEvent", {"next_attempt_at": NOW}, [DEAD], id="revived"),
    ],
)
def test_what_is_wanted_again_at_this_very_moment_is_not_purged(
    host: Host, model: str, values: dict[str, t.Any], events: list[t.Any]
) -> None:
    alert_id = store_alert(host, events=events)
    with host.app.app_context():
        engine, table = host.db.engine, getattr(host.alerts, model).__table__
    with ThreadPoolExecutor(1) as pool, engine.connect() as other:
        other.execute(sa.update(table).values(values))
        purged = pool.submit(purge, host, batch=10)
        time.sleep(0.5)
        assert not purged.done()
        other.commit()
        assert sum(purged.result(30)[0]) == 0

    assert [alert.id for alert in host.stored_alerts()] == [alert_id]


# --- Deleting integrations ----------------------------------------------------------------------


def test_an_integration_without_alerts_is_deleted(host: Host) -> None:
    gone, kept = host.create_integration("gone"), host.create_integration("kept")

    assert delete(host, gone) == 0
    assert integration_ids(host) == [kept]


@pytest.mark.parametrize("status", ["open", "resolved"])
def test_an_integration_with_alerts_is_kept(host: Host, status: str) -> None:
    integration_id = host.create_integration()
    store_alert(host, integration_id, status=status)
    store_alert(host, integration_id, status=status)

    with pytest.raises(HasAlerts, match="has 2 alerts"):
        delete(host, integration_id)
    assert integration_ids(host) == [integration_id]
    assert len(host.stored_alerts()) == 2


def test_has_alerts_is_one_of_our_errors() -> None:
    assert issubclass(HasAlerts, InvalidOption)


@pytest.mark.parametrize("events", [[], [DELIVERED], [OWED], [DEAD, OWED]])
def test_an_integration_is_deleted_with_its_alerts_if_asked(host: Host, events: t.Any) -> None:
    gone, kept = host.create_integration("gone"), host.create_integration("kept")
    store_alert(host, gone, events=events)
    other = store_alert(host, kept, events=[DELIVERED])

    assert delete(host, gone, with_alerts=True) == 1
    assert integration_ids(host) == [kept]
    assert [alert.id for alert in host.stored_alerts()] == [other]
    assert [event.alert_id for event in host.stored_events()] == [other]


def test_more_alerts_than_a_batch_are_all_deleted(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "BATCH", 2)
    integration_id = host.create_integration()
    for _ in range(5):
        store_alert(host, integration_id, events=[DELIVERED])

    assert delete(host, integration_id, with_alerts=True) == 5
    assert (host.stored_alerts(), host.stored_events(), integration_ids(host)) == ([], [], [])


@pytest.mark.parametrize("with_alerts", [False, True])
def test_an_integration_that_somebody_else_deletes_first_is_not_found(
    host: Host, monkeypatch: pytest.MonkeyPatch, with_alerts: bool
) -> None:
    integration_id = host.create_integration()
    require = Integrations._require

    def lose(own: Integrations, found: str) -> None:
        require(own, found)
        monkeypatch.undo()
        delete(host, integration_id)

    monkeypatch.setattr(Integrations, "_require", lose)

    with pytest.raises(NotFound, match=integration_id):
        delete(host, integration_id, with_alerts=with_alerts)


def test_an_event_that_comes_while_its_integration_is_deleted_is_refused(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrations, "BATCH", 2)
    integration_id = host.create_integration()
    for number in range(3):
        host.post(integration_id, {**PAYLOAD, "Id": str(number)})
    stop = threading.Event()
    statuses: list[int] = []

    def send() -> None:
        while not stop.is_set():
            payload = {**PAYLOAD, "Id": str(len(statuses) + 10)}
            statuses.append(host.post(integration_id, payload).status_code)

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(send)
        while not statuses:
            time.sleep(0.01)
        deleted = delete(host, integration_id, with_alerts=True)
        stop.set()
        sending.result(30)

    assert statuses.count(200) + 3 == deleted
    assert set(statuses) <= {200, 404}
    assert (integration_ids(host), host.stored_alerts(), host.stored_events()) == ([], [], [])


def test_an_integration_whose_alerts_the_host_refers_to_is_kept(database_url: str) -> None:
    with host_with_pages(database_url) as host:
        integration_id = host.create_integration()
        refer_to(host, store_alert(host, integration_id))

        with pytest.raises(Refused):
            delete(host, integration_id, with_alerts=True)
        assert integration_ids(host) == [integration_id]
        assert len(host.stored_alerts()) == 1


@pytest.mark.parametrize("with_alerts", [False, True])
def test_an_unknown_integration_cannot_be_deleted(host: Host, with_alerts: bool) -> None:
    with pytest.raises(NotFound, match="int_nothing"):
        delete(host, "int_nothing", with_alerts=with_alerts)


def test_nothing_is_deleted_while_the_session_holds_changes(host: Host) -> None:
    integration_id = host.create_integration()

    with host.app.app_context():
        host.db.session.add(host.alerts.Integration(name="pending"))
        with pytest.raises(RuntimeError, match="not committed"):
            integrations_of(host).delete(integration_id)
    assert integration_ids(host) == [integration_id]


def test_a_deleted_integration_takes_no_more_alerts(host: Host) -> None:
    integration_id = host.create_integration()
    assert host.post(integration_id, PAYLOAD).status_code == 200

    delete(host, integration_id, with_alerts=True)

    assert host.post(integration_id, PAYLOAD).status_code == 404
    assert host.stored_alerts() == []


def test_an_integration_that_is_gone_is_not_found(sqlite_host: Host) -> None:
    with sqlite_host.app.app_context(), pytest.raises(NotFound, match="no integration 'int_x'"):
        get_state().integrations.get("int_x")


def test_an_integration_that_another_process_deleted_takes_no_more_alerts(
    host: Host, database_url: str
) -> None:
    with running_host(database_url) as other_process:
        integration_id = host.create_integration()
        assert host.post(integration_id, PAYLOAD).status_code == 200

        delete(other_process, integration_id, with_alerts=True)

        assert host.post(integration_id, PAYLOAD).status_code == 404
        assert host.stored_alerts() == []


# --- Helpers ------------------------------------------------------------------------------------


PAYLOAD = {"event_type": "create", "Id": "disk", "Title": "Disk full", "Description": "/var"}


def store_alert(
    host: Host,
    integration_id: str | None = None,
    *,
    status: str = "resolved",
    events: t.Sequence[dict[str, t.Any]] = (),
    **values: t.Any,
) -> int:
    """Store an alert as old as it takes, with events in the given states, and return its id."""
    values = {"resolved_at": BEFORE, "title": "a", "thirdparty_id": "a", **values}
    integration_id = integration_id or host.create_integration()
    with host.app.app_context():
        alert = host.alerts.Alert(integration_id=integration_id, status=status, **values)
        host.db.session.add(alert)
        host.db.session.flush()
        for state in events:
            row = host.alerts.AlertEvent(alert_id=alert.id, kind="created", **state)
            host.db.session.add(row)
        host.db.session.commit()
        return int(alert.id)


def host_with_pages(url: str) -> t.ContextManager[Host]:
    """Return a host with a table of its own that refers to alerts."""
    db = SQLAlchemy()
    sa.Table(
        "page",
        db.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("alert_id", sa.ForeignKey("webhook_alert.id")),
    )
    return running_host(url, db=db, alerts=WebhookAlerts(db))


def refer_to(host: Host, alert_id: int) -> None:
    """Write a row of the host's that refers to an alert, and have the database guard that."""
    page = host.db.metadata.tables["page"]
    with host.app.app_context():
        if host.db.engine.dialect.name == "sqlite":
            host.db.engine.dispose()
            event.listen(host.db.engine, "connect", guard_references)
        host.db.session.execute(sa.insert(page), {"alert_id": alert_id})
        host.db.session.commit()


def guard_references(connection: t.Any, _record: object) -> None:
    connection.execute("PRAGMA foreign_keys=ON")


def in_store(host: Host, work: Callable[[Housekeeping, sa.Connection], t.Any]) -> t.Any:
    with host.app.app_context():
        database: Database = host.app.extensions["webhook_alerts"].database
        return database.write(lambda connection: work(database.store.housekeeping, connection))


def purgeable(
    host: Host, *, resolved_before: dt.datetime = NOW, after: int = 0, until: int = 2**31 - 1
) -> t.Any:
    return in_store(
        host,
        lambda store, connection: store.purgeable(
            connection, resolved_before, after=after, until=until
        ),
    )


def purge(host: Host, *, batch: int) -> tuple[list[int], int]:
    """Purge what is old; return what each transaction deleted, and how many alerts are left."""
    with host.app.app_context():
        job = purging.Purge(host.app.extensions["webhook_alerts"].database, NOW)
        return list(job.run(batch)), job.left


def integrations_of(host: Host) -> Integrations:
    return t.cast(Integrations, host.app.extensions["webhook_alerts"].integrations)


def delete(host: Host, integration_id: str, *, with_alerts: bool = False) -> int:
    with host.app.app_context():
        return integrations_of(host).delete(integration_id, with_alerts=with_alerts)


def integration_ids(host: Host) -> list[str]:
    with host.app.app_context():
        return list(host.db.session.scalars(sa.select(host.alerts.Integration.id)))
