"""The factories: rows that came to be as in production, at whatever time a test wants."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_webhook_alerts import AlertMixin
from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts import Rejected
from flask_webhook_alerts import Unavailable
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.testing import AlertFactory
from flask_webhook_alerts.testing import AlertRecorder
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import IntegrationFactory
from flask_webhook_alerts.testing import Plain
from tests.hosts import Host
from tests.hosts import running_host
from tests.kit.conftest import drop_tables
from tests.kit.conftest import factory_of

MONDAY = dt.datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def make_alert(sqlite_host: Host) -> AlertFactory:
    """A factory of alerts of an integration that keeps additional data."""
    return factory_of(sqlite_host, capture_additional_data=True)


# --- Integrations ---


def test_an_integration_is_committed_and_readable_without_a_session(any_host: Host) -> None:
    make_integration = IntegrationFactory(any_host.app)

    first, second = make_integration(), make_integration("Uptime Kuma", strict=False, enabled=False)

    assert (first.name, first.strict, first.enabled) == ("Monitor 1", True, True)
    assert (second.name, second.strict, second.enabled) == ("Uptime Kuma", False, False)
    AlertSender(any_host.app, first)()
    AlertSender(any_host.app, second)(expect=405)


def test_in_a_context_rows_belong_to_its_session(any_host: Host) -> None:
    with any_host.app.app_context():
        integration = IntegrationFactory(any_host.app)()
        alert = AlertFactory(any_host.app, integration)(status="acknowledged")

        assert sa.inspect(integration).session is any_host.session
        assert alert.integration is integration
        assert [event.kind for event in alert.events] == ["created", "acknowledged"]


def test_an_unknown_option_is_refused(sqlite_host: Host) -> None:
    with pytest.raises(InvalidOption, match="Unknown option: speed"):
        IntegrationFactory(sqlite_host.app)(speed=1)


def test_a_factory_says_whose_it_is(sqlite_host: Host) -> None:
    assert repr(IntegrationFactory(sqlite_host.app)) == "<IntegrationFactory of 'host'>"
    assert repr(factory_of(sqlite_host)) == "<AlertFactory of 'host'>"


def test_missing_tables_are_named_with_what_to_do(any_host: Host) -> None:
    drop_tables(any_host)

    with pytest.raises(Unavailable) as caught:
        IntegrationFactory(any_host.app)()
    assert "Tables are missing" in caught.value.__notes__[0]
    assert "create_all()" in caught.value.__notes__[0]


# --- Alerts ---


def test_alerts_are_told_apart_by_themselves(make_alert: AlertFactory) -> None:
    alerts = [make_alert() for _ in range(3)]

    assert [alert.thirdparty_id for alert in alerts] == ["alert-1", "alert-2", "alert-3"]
    assert [alert.title for alert in alerts] == ["Alert 1", "Alert 2", "Alert 3"]
    assert {alert.status for alert in alerts} == {"open"}


def test_every_column_of_a_sender_can_be_given(any_host: Host) -> None:
    make_alert = factory_of(any_host, capture_additional_data=True)
    columns: dict[str, t.Any] = {
        "thirdparty_id": "disk",
        "title": "Disk full",
        "description": "/var",
        "urgency": "high",
        "tags": ["a"],
        "dedup_keys": ["k"],
        "meta": {"service": "search"},
        "additional_data": {"Heartbeat": [1]},
        "incident": True,
        "incident_severity": "SEV-2",
        "incident_message": "Room 4",
        "occurrences": 3,
    }

    alert = make_alert(**columns)

    assert {name: getattr(alert, name) for name in columns} == columns


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (None, ["created"]),
        ("open", ["created"]),
        ("acknowledged", ["created", "acknowledged"]),
        ("resolved", ["created", "resolved"]),
    ],
)
def test_an_alert_has_the_timeline_of_its_status(
    status: str | None, kinds: list[str], any_host: Host
) -> None:
    alert = factory_of(any_host)(status=status, by="Ann")

    assert alert.status == (status or "open")
    assert [event.kind for event in any_host.stored_events()] == kinds
    assert [event.by for event in any_host.stored_events()][1:] == ["Ann"] * (len(kinds) - 1)


def test_each_change_happens_at_its_time(any_host: Host) -> None:
    times: dict[str, t.Any] = {
        "created_at": MONDAY,
        "last_received_at": MONDAY + HOUR,
        "acknowledged_at": MONDAY + 2 * HOUR,
        "resolved_at": MONDAY + 3 * HOUR,
    }

    alert = factory_of(any_host)(**times)

    assert {name: getattr(alert, name) for name in times} == times
    assert (alert.status, alert.occurrences) == ("resolved", 2)
    assert [event.at for event in any_host.stored_events()] == [
        MONDAY,
        MONDAY + 2 * HOUR,
        MONDAY + 3 * HOUR,
    ]


def test_what_has_no_time_happens_at_the_time_before_it(make_alert: AlertFactory) -> None:
    resolved = make_alert(status="resolved", created_at=MONDAY)
    acknowledged = make_alert(status="acknowledged", created_at=MONDAY, occurrences=2)
    both = make_alert(status="resolved", created_at=MONDAY, acknowledged_at=MONDAY + HOUR)

    assert (resolved.resolved_at, resolved.acknowledged_at) == (MONDAY, None)
    assert (acknowledged.acknowledged_at, acknowledged.last_received_at) == (MONDAY, MONDAY)
    assert both.resolved_at == MONDAY + HOUR


def test_times_say_what_the_status_is(make_alert: AlertFactory) -> None:
    assert make_alert(acknowledged_at=MONDAY).status == "acknowledged"
    assert make_alert(resolved_at=MONDAY).status == "resolved"
    with pytest.raises(ValueError, match="An alert that was resolved is not open in the end"):
        make_alert(status="open", resolved_at=MONDAY)
    with pytest.raises(ValueError, match="done"):
        make_alert(status="done")


def test_an_alert_is_created_by_the_first_of_its_times(make_alert: AlertFactory) -> None:
    resolved = make_alert(resolved_at=MONDAY + HOUR, acknowledged_at=MONDAY)

    assert (resolved.created_at, resolved.last_received_at) == (MONDAY, MONDAY)


def test_an_alert_that_came_again_was_resolved_after_that(make_alert: AlertFactory) -> None:
    times: dict[str, t.Any] = {
        "created_at": MONDAY,
        "acknowledged_at": MONDAY + HOUR,
        "last_received_at": MONDAY + 2 * HOUR,
    }

    resolved = make_alert(status="resolved", **times)

    assert resolved.resolved_at == MONDAY + 2 * HOUR


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"occurrences": 0}, "occurrences is 1 or more"),
        (
            {"occurrences": 1, "last_received_at": MONDAY + HOUR},
            "last received when it was created",
        ),
        ({"last_received_at": MONDAY - HOUR}, "created first and resolved last"),
        ({"acknowledged_at": MONDAY - HOUR}, "created first and resolved last"),
        ({"resolved_at": MONDAY - HOUR}, "created first and resolved last"),
        ({"acknowledged_at": MONDAY + HOUR, "resolved_at": MONDAY}, "created first and resolved"),
        (
            {"last_received_at": MONDAY + HOUR, "resolved_at": MONDAY.replace(tzinfo=None)},
            "created first and resolved last",
        ),
    ],
)
def test_columns_that_contradict_each_other_are_refused(
    any_host: Host, columns: dict[str, t.Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        factory_of(any_host)(created_at=MONDAY, **columns)
    assert any_host.stored_alerts() == []


def test_the_next_alert_is_of_today_again(make_alert: AlertFactory) -> None:
    before = dt.datetime.now(dt.UTC)
    make_alert(created_at=MONDAY)

    assert make_alert().created_at >= before


def test_an_alert_of_another_integration(sqlite_host: Host, make_alert: AlertFactory) -> None:
    other = IntegrationFactory(sqlite_host.app)()

    assert make_alert(integration=other).integration_id == other.id
    assert make_alert(integration=other.id).integration_id == other.id
    assert make_alert().integration_id != other.id


def test_a_made_alert_can_be_resolved_by_its_sender(sqlite_host: Host) -> None:
    integration = IntegrationFactory(sqlite_host.app)()
    alert = AlertFactory(sqlite_host.app, integration)()

    answer = AlertSender(sqlite_host.app, integration)(Plain(key=alert.thirdparty_id).resolve())

    assert (answer.outcome, answer.alert_id) == ("resolved", alert.id)


def test_receivers_hear_of_made_alerts(sqlite_host: Host, make_alert: AlertFactory) -> None:
    with AlertRecorder(sqlite_host.app) as heard:
        make_alert(status="resolved", occurrences=2)

    heard.expect("created alert-1", "repeated", "resolved")


def test_what_cannot_be_given_is_refused(make_alert: AlertFactory) -> None:
    with pytest.raises(TypeError, match="An alert has no active_key, colour that can be given"):
        make_alert(colour="red", active_key="x")
    with pytest.raises(Rejected) as caught:
        make_alert(title="")
    assert caught.value.errors.keys() == {"Title"}


def test_two_active_alerts_of_one_id_are_refused(make_alert: AlertFactory) -> None:
    make_alert(thirdparty_id="disk")

    with pytest.raises(ValueError, match="An alert with the Id 'disk' is active already"):
        make_alert(thirdparty_id="disk")
    assert make_alert(thirdparty_id="disk2").status == "open"


def test_additional_data_need_an_integration_that_keeps_them(sqlite_host: Host) -> None:
    with pytest.raises(ValueError, match="capture_additional_data=True"):
        factory_of(sqlite_host)(additional_data={"x": 1})


# --- Alerts with columns of the host's own ---


class Base(orm.DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "team"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(40))


class Alert(AlertMixin, Base):
    escalated: orm.Mapped[bool] = orm.mapped_column(default=False)
    team_id: orm.Mapped[int | None] = orm.mapped_column(sa.ForeignKey("team.id"))
    team: orm.Mapped[Team | None] = orm.relationship(lazy="joined")


@pytest.fixture
def own_host(database_url: str) -> Iterator[Host]:
    """A host whose alerts belong to teams."""
    db = SQLAlchemy(model_class=Base)
    alerts = WebhookAlerts(db, alert_model=Alert)
    with running_host(database_url, db=db, alerts=alerts) as host:
        yield host


def test_columns_and_relationships_of_the_host_can_be_given(own_host: Host) -> None:
    make_alert = factory_of(own_host)
    with own_host.app.app_context():
        team = Team(name="night")
        own_host.db.session.add(team)
        own_host.db.session.commit()
        related = make_alert(team=team, escalated=True, status="resolved")
        assert related.team is team
        team_id = team.id
    by_id = make_alert(team_id=team_id)

    assert (related.team_id, related.escalated, related.status) == (team_id, True, "resolved")
    assert (by_id.team_id, by_id.team.name, by_id.escalated) == (team_id, "night", False)


def test_the_recorder_sees_columns_of_the_host(own_host: Host) -> None:
    with AlertRecorder(own_host.app) as heard:
        factory_of(own_host)()

    assert heard[0].alert.escalated is False
