"""The recorder: every signal of one app, as plain values, also from other threads."""

from __future__ import annotations

import copy
import http.client
import threading
import typing as t
from collections.abc import Callable

import pytest

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import signals
from flask_webhook_alerts.testing import AlertRecorder
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import Deliverer
from flask_webhook_alerts.testing import Plain
from flask_webhook_alerts.testing import SignalKind
from flask_webhook_alerts.testing import Snapshot
from tests.hosts import Host
from tests.hosts import running_host
from tests.kit.conftest import sender_to
from tests.serving import serving

Connect: t.TypeAlias = Callable[..., None]


def test_every_kind_of_signal_is_recorded(any_host: Host) -> None:
    sender = sender_to(any_host)

    with AlertRecorder(any_host.app) as heard:
        sender()
        sender()
        sender(Plain().acknowledge())
        sender(Title="", expect=422)
        alert_id = sender(Plain().resolve()).alert_id
        with any_host.app.app_context():
            any_host.alerts.reopen(alert_id)

    assert heard.lines == [
        "created disk-full",
        "repeated disk-full",
        "acknowledged disk-full",
        "rejected 422",
        "resolved disk-full",
        "reopened disk-full",
    ]
    assert heard.kinds == [line.partition(" ")[0] for line in heard.lines]
    assert set(heard.kinds) == set(SignalKind)
    assert [signal.event.kind for signal in heard.reopened] == ["reopened"]


def test_what_is_recorded_needs_no_session(any_host: Host) -> None:
    sender = sender_to(any_host, name="Uptime Kuma")
    with AlertRecorder(any_host.app) as heard:
        sender(Tags=["a"], Meta={"b": [1]})
        sender()

    created, repeated = heard
    stored = any_host.stored_alerts()[0]
    assert (created.alert.id, created.alert.tags, created.alert.meta) == (1, ["a"], {"b": [1]})
    assert created.alert.created_at == stored.created_at
    assert (created.alert.occurrences, repeated.alert.occurrences) == (1, 2)
    assert created.integration.name == "Uptime Kuma"
    assert (created.event.kind, created.event.by) == ("created", None)


def test_a_rejection_has_a_status_and_a_reason(sqlite_host: Host, sender: AlertSender) -> None:
    with AlertRecorder(sqlite_host.app) as heard:
        sender(b"{", expect=400)
        sender.to("int_00000000000000")(expect=404)

    known, unknown = heard.rejected
    assert (known.status, known.integration.id) == (400, sender.integration_id)
    assert repr(known.reason) in str(known)
    assert unknown.arguments["integration"] is None
    for missing in ("alert", "event", "integration"):
        with pytest.raises(LookupError, match=f"The signal rejected came without {missing}"):
            getattr(unknown, missing)


def test_signals_are_found_by_kind_and_key(sqlite_host: Host, sender: AlertSender) -> None:
    with AlertRecorder(sqlite_host.app) as heard:
        for key in ("a", "b"):
            disk = Plain(key=key)
            for payload in (disk.create(), disk.create(), disk.acknowledge(), disk.resolve()):
                sender(payload)

    assert len(heard) == 8
    for found in (heard.created, heard.repeated, heard.acknowledged, heard.resolved):
        assert [signal.key for signal in found] == ["a", "b"]
    assert [str(signal.kind) for signal in heard.of("created", "resolved", key="b")] == [
        "created",
        "resolved",
    ]
    assert heard.of(key="a") == heard[:4]
    assert heard[0] in heard
    with pytest.raises(ValueError, match="create"):
        heard.of("create")


def test_another_apps_signals_are_not_heard(sqlite_host: Host, sender: AlertSender) -> None:
    with running_host("sqlite://") as other, AlertRecorder(other.app) as heard:
        sender()
        sender_to(other)(Plain(key="theirs").create())

    assert heard.lines == ["created theirs"]


def test_nothing_is_heard_before_and_after(sqlite_host: Host, sender: AlertSender) -> None:
    heard = AlertRecorder(sqlite_host.app)
    sender()
    with heard:
        sender()
    sender()

    assert heard.lines == ["repeated disk-full"]
    assert not any(signal.receivers for signal in vars(signals).values() if is_signal(signal))


def test_what_was_heard_can_be_forgotten(sqlite_host: Host, sender: AlertSender) -> None:
    with AlertRecorder(sqlite_host.app) as heard:
        sender()
        heard.clear()
        sender(Plain().resolve())

    assert repr(heard) == "<AlertRecorder ['resolved disk-full']>"


def test_the_apps_own_receivers_come_first(
    sqlite_host: Host, sender: AlertSender, connect: Connect
) -> None:
    seen: list[int] = []
    with AlertRecorder(sqlite_host.app) as heard:

        def zzz(app: object, **_extra: object) -> None:
            seen.append(len(heard))

        zzz.__module__ = "zzz.receivers"
        connect(alert_created, zzz)
        sender()

    assert (seen, len(heard)) == ([0], 1)


def test_an_event_that_is_sent_again_is_heard_once(
    sqlite_host: Host, sender: AlertSender, failing: list[int]
) -> None:
    with AlertRecorder(sqlite_host.app) as heard:
        sender()
        Deliverer(sqlite_host.app)()

    assert (len(failing), heard.lines) == (2, ["created disk-full"])


# --- Waiting --------------------------------------------------------------------------------------


def test_signals_from_a_server_in_another_thread_are_waited_for(any_host: Host) -> None:
    sender, begin = sender_to(any_host), threading.Event()

    def send_later() -> None:
        begin.wait()
        sender()
        sender(Plain().resolve())

    thread = threading.Thread(target=send_later)
    thread.start()
    with AlertRecorder(any_host.app) as heard:
        begin.set()
        (resolved,) = heard.wait_for(1, "resolved", key="disk-full", timeout=30)

        assert heard.wait_for(2) == heard[:]
    thread.join()
    assert resolved is heard[1]


def test_signals_of_requests_over_the_wire_are_heard(sqlite_host: Host) -> None:
    sender = sender_to(sqlite_host)
    with serving(sqlite_host.app) as url, AlertRecorder(sqlite_host.app) as heard:
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        path = f"/integration/{sender.integration_id}"
        connection.request("POST", path, b"no JSON", {"Content-Type": "application/json"})
        heard.wait_for(1, "rejected", timeout=30)
        connection.close()


def test_waiting_in_vain_tells_what_was_heard(sqlite_host: Host, sender: AlertSender) -> None:
    with AlertRecorder(sqlite_host.app) as heard:
        with pytest.raises(AssertionError) as nothing:
            heard.wait_for(1, timeout=0)
        sender()
        with pytest.raises(AssertionError) as something:
            heard.wait_for(2, "created", "resolved", key="disk-full", timeout=0)

    assert str(nothing.value) == (
        "Expected 1 signals (of any kind) within 0 s, and heard 0. Nothing was heard at all."
    )
    assert str(something.value) == (
        "Expected 2 signals (created resolved disk-full) within 0 s, and heard 1."
        " All that was heard:\n  created disk-full  'Disk full'"
    )


# --- Expecting ------------------------------------------------------------------------------------


@pytest.fixture
def heard(sqlite_host: Host, sender: AlertSender) -> AlertRecorder:
    """What is heard of two disks, of which one is full twice, and of a bad request."""
    with AlertRecorder(sqlite_host.app) as heard:
        sender(Plain(key="a").create())
        sender(Plain(key="b", title="Disk b full").create())
        sender(Plain(key="a").resolve())
        sender(Title="", expect=422)
    return heard


@pytest.mark.parametrize(
    "lines",
    [
        ["created a", "created b", "resolved a", "rejected 422"],
        ["created", "created", "resolved", "rejected"],
        ["created", "created b", "resolved", "rejected 422"],
        ["created a", "created", "resolved a", "rejected"],
    ],
)
def test_what_is_expected_is_a_kind_or_a_kind_and_a_key(
    lines: list[str], heard: AlertRecorder
) -> None:
    heard.expect(*lines)


@pytest.mark.parametrize(
    ("lines", "difference"),
    [
        (
            ["created a", "resolved a", "rejected"],
            [
                "  created a  'Disk full'",
                "+ created b  'Disk b full'",
                "  resolved a  'Disk full'",
                "  rejected 422  'These fields do not fit: Title.'",
            ],
        ),
        (
            ["created a", "created", "acknowledged", "resolved a", "rejected 422"],
            [
                "  created a  'Disk full'",
                "  created b  'Disk b full'",
                "- acknowledged",
                "  resolved a  'Disk full'",
                "  rejected 422  'These fields do not fit: Title.'",
            ],
        ),
        (
            ["created a", "created b", "resolved b", "rejected"],
            [
                "  created a  'Disk full'",
                "  created b  'Disk b full'",
                "- resolved b",
                "+ resolved a  'Disk full'",
                "  rejected 422  'These fields do not fit: Title.'",
            ],
        ),
    ],
)
def test_a_difference_is_shown_line_by_line(
    lines: list[str], difference: list[str], heard: AlertRecorder
) -> None:
    with pytest.raises(AssertionError) as caught:
        heard.expect(*lines)

    head, *shown = str(caught.value).splitlines()
    assert head == "The signals differ (- expected, + heard):"
    assert shown == difference


def test_nothing_can_be_expected(sqlite_host: Host, heard: AlertRecorder) -> None:
    AlertRecorder(sqlite_host.app).expect()
    with pytest.raises(AssertionError, match=r"\+ created a"):
        heard.expect()


# --- Snapshots ------------------------------------------------------------------------------------


def test_a_snapshot_is_not_changed_by_what_comes_later(any_host: Host) -> None:
    alert = sender_to(any_host)(Tags=["a"]).alert
    snapshot = Snapshot(alert)

    alert.tags.append("b")
    alert.title = "changed"

    assert (snapshot.tags, snapshot.title) == (["a"], "Disk full")
    assert snapshot.as_dict().keys() == set(any_host.alerts.Alert.__table__.columns.keys())


def test_snapshots_are_equal_if_their_values_are(sqlite_host: Host, sender: AlertSender) -> None:
    first, second = sender(), sender()

    assert Snapshot(first.alert) == Snapshot(second.alert)
    assert Snapshot(first.alert) != Snapshot(sender(Plain(key="b").create()).alert)
    assert Snapshot(first.alert) != first.alert


def test_a_snapshot_can_be_copied(sender: AlertSender) -> None:
    snapshot = Snapshot(sender().alert)

    assert copy.deepcopy(snapshot) == copy.copy(snapshot) == snapshot
    assert repr(snapshot) == "<Alert 1 open 'disk-full'>"


def test_a_snapshot_says_what_it_does_not_know(sender: AlertSender) -> None:
    with pytest.raises(AttributeError, match="no 'integration', only the columns"):
        _ = Snapshot(sender().alert).integration


def test_a_snapshot_keeps_no_hash_of_a_token(sqlite_host: Host) -> None:
    with AlertRecorder(sqlite_host.app) as heard:
        sender_to(sqlite_host, token="secret")(expect=403)

    integration = heard[0].integration
    assert not [name for name in integration.as_dict() if "hash" in name]


def is_signal(value: object) -> bool:
    return isinstance(value, type(alert_created))
