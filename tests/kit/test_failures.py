"""The errors of receivers, which the product swallows, are kept for a test."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

import pytest

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import alert_repeated
from flask_webhook_alerts import receivers
from flask_webhook_alerts.observers import Observers
from flask_webhook_alerts.testing import AlertSender
from flask_webhook_alerts.testing import ReceiverFailures
from tests.hosts import Host
from tests.hosts import running_host
from tests.kit.conftest import sender_to

Connect: t.TypeAlias = Callable[..., None]


def test_errors_are_kept_as_they_come(
    sender: AlertSender, failing: list[int], connect: Connect
) -> None:
    connect(alert_repeated, needs_more)
    with ReceiverFailures() as failures:
        sender()
        sender()

    assert [type(error) for error in failures.errors] == [ConnectionError, TypeError]
    with pytest.raises(ExceptionGroup, match="Several receivers have failed"):
        failures.raise_any()


def test_an_app_may_be_picked(sqlite_host: Host, failing: list[int]) -> None:
    with (
        running_host("sqlite://") as other,
        ReceiverFailures(sqlite_host.app) as ours,
        ReceiverFailures(other.app) as theirs,
    ):
        sender_to(sqlite_host)()

    assert (len(ours.errors), len(theirs.errors)) == (1, 0)
    assert len(ours.errors[0].__notes__) == 1


def test_nothing_is_kept_before_and_after(sender: AlertSender, failing: list[int]) -> None:
    failures = ReceiverFailures()
    sender()
    with failures:
        pass
    failures.raise_any()

    assert Observers.of_all_apps == []


def test_an_error_before_the_receivers_first_line_keeps_its_whole_traceback(
    sender: AlertSender, connect: Connect
) -> None:
    connect(alert_created, needs_more)
    with ReceiverFailures() as failures:
        sender()

    (error,) = failures.errors
    assert error.__traceback__ is not None
    assert error.__traceback__.tb_frame.f_globals["__name__"] == receivers.__name__


async def fails_later(app: object, **_extra: object) -> None:
    raise LookupError("nobody is on call")


def test_a_coroutine_function_fails_like_any_other(sender: AlertSender, connect: Connect) -> None:
    connect(alert_created, fails_later)
    with pytest.raises(LookupError, match="nobody is on call"):
        sender(raise_errors=True)


def needs_more(app: object, *, more: object, **_extra: object) -> None: ...
