"""The real Apprise library, which knows PagerTree and not us, opens and closes alerts."""

from __future__ import annotations

import json
import typing as t
import urllib.parse
from collections.abc import Iterator

import pytest
from apprise import Apprise
from apprise.plugins.pagertree import NotifyPagerTree
from flask import request

from flask_webhook_alerts import testing
from flask_webhook_alerts import tokens
from tests.hosts import Host
from tests.serving import serving

# Apprise imports a module that Python 3.13 no longer has, and copes where it is missing.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


@pytest.fixture
def served_host(sqlite_host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host on a port of its own, which Apprise takes for PagerTree."""
    with serving(sqlite_host.app) as url:
        monkeypatch.setattr(NotifyPagerTree, "notify_url", f"{url}/integration/{{}}")
        yield sqlite_host


def notify(integration_id: str, **options: str) -> bool:
    """Send what Apprise makes of a URL with these options. Return whether it was content."""
    # An instance of its own each time: Apprise pauses between two messages of one.
    sender = Apprise()
    assert sender.add(url_of(integration_id, **options))
    return bool(sender.notify(title="Disk full", body="/var"))


def url_of(integration_id: str, **options: str) -> str:
    """Return the URL that people give to Apprise."""
    query = urllib.parse.urlencode(options, quote_via=urllib.parse.quote)
    return f"pagertree://{integration_id}?{query}".rstrip("?")


def integration_of(host: Host, integration_id: str) -> t.Any:
    """Return the row in the host's session."""
    return host.db.session.get(host.alerts.Integration, integration_id)


@pytest.mark.parametrize("strict", [True, False])
def test_apprise_creates_acknowledges_and_resolves(strict: bool, served_host: Host) -> None:
    integration_id = served_host.create_integration(strict=strict)
    statuses: list[str] = []

    for action in ("create", "acknowledge", "resolve"):
        assert notify(integration_id, tid="disk-full", action=action)
        statuses += [alert.status for alert in served_host.stored_alerts()]

    (alert,) = served_host.stored_alerts()
    assert statuses == ["open", "acknowledged", "resolved"]
    assert (alert.thirdparty_id, alert.title, alert.description) == (
        "disk-full", "Disk full", "/var",
    )  # fmt: skip


def test_apprise_sends_what_the_kit_says_it_sends(
    served_host: Host,
) -> None:
    sent: list[dict[str, t.Any]] = []
    served_host.app.before_request(lambda: sent.append(json.loads(request.get_data())))
    integration_id = served_host.create_integration()
    options = {"tid": "disk-full", "urgency": "high", "tags": "web", "-host": "db-1", ":Id": "mine"}
    for action in ("create", "acknowledge", "resolve"):
        assert notify(integration_id, action=action, **options)

    made = testing.Apprise(
        urgency="high", tags=("web",), meta={"host": "db-1"}, extras={"Id": "mine"}
    )
    assert sent == [made.create(), made.acknowledge(), made.resolve()]
    assert [list(body) for body in sent] == [
        list(body) for body in (made.create(), made.acknowledge(), made.resolve())
    ]


def test_apprise_sends_urgency_tags_and_meta_values_as_strings(served_host: Host) -> None:
    options = {
        "urgency": "high",
        "tags": "web,db",
        "-host": "db-1",
        "-incident": "yes",
        "-incident_severity": "sev-2",
        "-incident_message": "Join the bridge",
        "-count": "3",
    }

    assert notify(served_host.create_integration(), **options)

    (alert,) = served_host.stored_alerts()
    assert (alert.urgency, sorted(alert.tags)) == ("high", ["db", "web"])
    assert alert.meta == {"host": "db-1", "count": "3"}
    assert (alert.incident, alert.incident_severity) == (True, "SEV-2")
    assert alert.incident_message == "Join the bridge"


@pytest.mark.parametrize("word", ["false", "no", "off", "0"])
def test_an_incident_that_is_none_in_words_is_none(word: str, served_host: Host) -> None:
    assert notify(served_host.create_integration(), **{"-incident": word})

    assert [alert.incident for alert in served_host.stored_alerts()] == [False]


def test_apprise_shows_its_token(served_host: Host) -> None:
    integration_id = served_host.create_integration(token="right")

    assert not notify(integration_id)
    assert not notify(integration_id, **{"+pagertree-token": "wrong"})
    assert served_host.stored_alerts() == []
    assert notify(integration_id, **{"+pagertree-token": "right"})
    assert len(served_host.stored_alerts()) == 1


def test_two_messages_of_apprise_without_an_id_are_two_alerts(served_host: Host) -> None:
    integration_id = served_host.create_integration()

    assert notify(integration_id)
    assert notify(integration_id)

    first, second = served_host.stored_alerts()
    assert first.thirdparty_id != second.thirdparty_id


def test_an_extra_id_of_apprise_comes_later_and_counts(served_host: Host) -> None:
    assert notify(served_host.create_integration(), tid="first", **{":Id": "second"})

    assert [alert.thirdparty_id for alert in served_host.stored_alerts()] == ["second"]


def test_extras_of_apprise_are_additional_data(served_host: Host) -> None:
    integration_id = served_host.create_integration(capture_additional_data=True)

    assert notify(integration_id, **{":Service": "checkout"})

    assert [alert.additional_data for alert in served_host.stored_alerts()] == [
        {"Service": "checkout"}
    ]


def test_apprise_hears_that_an_integration_is_unknown_or_disabled(served_host: Host) -> None:
    integration_id = served_host.create_integration()
    with served_host.app.app_context():
        row = integration_of(served_host, integration_id)
        row.enabled = False
        served_host.db.session.commit()

    assert not notify(integration_id)
    assert not notify("int_aaaaaaaaaaaaaa")


def test_apprise_takes_every_id_that_we_make() -> None:
    ids = [tokens.new_integration_id() for _ in range(100)]

    made = [NotifyPagerTree(integration=integration_id).integration for integration_id in ids]

    assert made == ids


@pytest.mark.parametrize(
    "integration_id",
    ["int_", "int_123456", "int_1234567890abcde", "abc_1234567", "int_é234567"],
)
def test_apprise_refuses_ids_of_another_form(integration_id: str) -> None:
    assert not Apprise().add(url_of(integration_id))
