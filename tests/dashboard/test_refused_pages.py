"""The pages that say no: as accessible as all others, in both themes and at both widths."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page

from flask_webhook_alerts.dashboard import Dashboard
from tests.dashboard.browsers import NARROW
from tests.dashboard.browsers import serving
from tests.dashboard.browsers import visiting
from tests.dashboard.browsers import Visitor
from tests.dashboard.browsers import WIDE
from tests.dashboard.people import EVENT
from tests.dashboard.people import with_dashboard
from tests.dashboard.test_browser import violations
from tests.hosts import Host
from tests.hosts import running_host

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("width", [NARROW, WIDE]),
    pytest.mark.parametrize("theme", ["light", "dark"]),
]


@pytest.fixture
def refusing(
    browser: Browser, served: tuple[Host, str], theme: t.Any, width: int
) -> Iterator[Visitor]:
    """Somebody at a host with an integration that has an alert."""
    host = served[0]
    host.post(host.create_integration("Nightly backups"), EVENT)
    with visiting(browser, served[1], color_scheme=theme, width=width) as visitor:
        yield visitor
        # The browser's own word about an answer that is no 2xx.
        visitor.forgive("Failed to load")


def send(page: Page, action: str, **fields: str) -> None:
    """Send a form of the page as it is, with other values, past the checks of the browser."""
    with page.expect_navigation():
        page.evaluate(
            """([action, fields]) => {
              const form = document.querySelector(`form[action*="${action}"]`)
              for (const [name, value] of Object.entries(fields)) {
                const field = form.elements[name] ?? form.appendChild(
                  Object.assign(document.createElement("input"), { type: "hidden", name }))
                field.value = value
              }
              HTMLFormElement.prototype.submit.call(form)
            }""",
            [action, fields],
        )


FORMS = (
    ("/integrations/new", "/integrations", {"name": "  "}, "1 to 255"),
    ("/integrations/{one}", "/settings", {"wrapper_key": "[[["}, "JMESPath"),
    ("/integrations/{one}", "/delete", {"typed": "x"}, "That is not its name"),
    ("/integrations/{one}", "/test", {"token": "é"}, "printable ASCII"),
    ("/1", "/act", {"bulk": "resolve", "ids": "9999999999999999999"}, "a number as high as that"),
    ("/1", "/note", {"text": " "}, "not all blank"),
    ("/", "/act", {"_csrf": "x"}, "The form is too old"),
)
"""Page, where its form goes, what is written into it, and what is answered."""


def test_what_was_sent_and_cannot_be_done_is_said_on_an_accessible_page(
    refusing: Visitor, served: tuple[Host, str]
) -> None:
    host = served[0]
    with host.app.app_context():
        one = host.db.session.query(host.alerts.Integration).one().id
    for path, action, fields, words in FORMS:
        page = refusing.see(path.format(one=one))

        send(page, action, **fields)

        assert words in page.inner_text("body")
        assert (path, violations(refusing)) == (path, [])
        assert not refusing.is_wider_than_the_screen()


def test_who_is_not_let_in_reads_why_on_an_accessible_page(
    browser: Browser, sqlite_url: str, theme: t.Any, width: int
) -> None:
    answers: list[t.Any] = []
    db, alerts, dashboard = with_dashboard(authorize=lambda: answers[-1])
    bare = Dashboard(alerts, url_prefix="/bare", name="bare")
    with running_host(sqlite_url, db=db, alerts=alerts, config={"DEBUG": True}) as host:
        dashboard.init_app(host.app)
        bare.init_app(host.app)
        with (
            serving(host.app) as address,
            visiting(browser, address, color_scheme=theme, width=width) as visitor,
        ):
            for path, answer, words in (
                ("/bare/", None, "authorize=flask_login()"),
                ("/alerts/", None, "Ask whoever runs it"),
                ("/alerts/", 7, "authorize returned a value of type int"),
            ):
                answers.append(answer)
                visitor.page.goto(address + path)

                assert words in visitor.page.inner_text("body")
                assert violations(visitor) == []
                assert not visitor.is_wider_than_the_screen()
            visitor.complaints.clear()  # the answers are no 2xx, and there is no icon


def test_a_database_that_is_away_is_said_on_an_accessible_page(
    refusing: Visitor, served: tuple[Host, str]
) -> None:
    host = served[0]
    with host.app.app_context():
        host.db.drop_all()

    page = refusing.see()

    assert "Tables are missing" in page.inner_text("main")
    assert violations(refusing) == []
    assert not refusing.is_wider_than_the_screen()
