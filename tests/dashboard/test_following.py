"""How the pages follow what happens: how often they ask, and when they stop."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t
from collections.abc import Iterator

import pytest
from flask import get_flashed_messages
from flask import redirect
from flask_login import login_user
from flask_login import LoginManager
from flask_login import UserMixin
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page
from playwright.sync_api import Route

from flask_webhook_alerts.dashboard import flask_login
from tests.dashboard.browsers import NARROW
from tests.dashboard.browsers import serving
from tests.dashboard.browsers import visiting
from tests.dashboard.browsers import Visitor
from tests.dashboard.browsers import WIDE
from tests.dashboard.people import EVENT
from tests.dashboard.people import with_dashboard
from tests.hosts import Host
from tests.hosts import running_host

pytestmark = pytest.mark.browser

OVER = "Signed out: this page no longer follows. Reload it to go on."
# The browser's own word about an answer that is no 2xx.
REFUSED = "Failed to load resource"
# Seconds of the page's clock that may pass while it waits for an answer.
LATE = 2.5


@dataclasses.dataclass
class Door:
    """A host whose guard answers what a test tells it."""

    host: Host
    address: str
    answers: list[t.Any]
    sender: str


@pytest.fixture
def door(sqlite_url: str) -> Iterator[Door]:
    answers: list[t.Any] = ["Amara"]
    db, alerts, dashboard = with_dashboard(authorize=lambda: answers[-1])
    with running_host(sqlite_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        host.app.add_url_rule("/login", "login", lambda: "Who are you?")
        sender = host.create_integration("Nightly backups")
        host.post(sender, EVENT)
        with serving(host.app) as address:
            yield Door(host, address, answers, sender)


def note_questions(page: Page) -> None:
    """Note, from now on, when the page asks, by a clock that :func:`pass_seconds` moves."""
    page.clock.install()
    page.add_init_script(
        "window.asked = []; window.flying = 0; const real = window.fetch;"
        "window.fetch = (...all) => { asked.push(Date.now()); flying += 1;"
        " return real(...all).finally(() => { flying -= 1 }) }"
    )


def pass_seconds(page: Page, count: int) -> None:
    """Let time pass on a page of :func:`note_questions`, which stands still for its answers."""
    for _ in range(count):
        page.clock.run_for(1_000)
        while page.evaluate("window.flying"):
            page.wait_for_timeout(5)


def pauses(page: Page) -> list[float]:
    """Return the seconds between the questions so far."""
    asked = page.evaluate("window.asked")
    return [(later - earlier) / 1_000 for earlier, later in itertools.pairwise(asked)]


# Stopping


def is_still(visitor: Visitor) -> bool:
    """Tell whether the page asks nothing for five minutes."""
    before = visitor.page.evaluate("window.asked.length")
    visitor.page.clock.run_for(61_000)
    visitor.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    visitor.page.clock.run_for(240_000)
    visitor.page.wait_for_timeout(100)
    return bool(visitor.page.evaluate("window.asked.length") == before)


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pytest.mark.parametrize(
    "answer", [redirect("/login"), None, ("Who?", 401)], ids=["redirect", "403", "401"]
)
@pytest.mark.parametrize("path", ["/", "/1", "/integrations/{sender}"])
def test_who_is_signed_out_is_told_so_and_the_page_asks_no_more(
    browser: Browser, door: Door, path: str, answer: t.Any, width: int
) -> None:
    with visiting(browser, door.address, width=width) as visitor:
        page = visitor.page
        note_questions(page)
        visitor.see(path.format(sender=door.sender))
        heading = page.get_by_role("heading", level=1)
        place = heading.bounding_box()

        door.answers.append(answer)
        pass_seconds(page, 5)

        expect(page.locator("#over")).to_have_text(OVER)
        expect(page.locator("#over")).to_be_in_viewport()
        assert heading.bounding_box() == place
        assert is_still(visitor)
        assert not visitor.is_wider_than_the_screen()
        visitor.forgive(REFUSED)


def test_an_answer_from_before_a_sign_out_says_nothing_after_it(
    browser: Browser, door: Door
) -> None:
    held: list[tuple[Route, t.Any]] = []
    with visiting(browser, door.address) as visitor:
        page = visitor.page
        page.route("**/alerts/live*", lambda route: held.append((route, route.fetch())))
        visitor.see(f"/integrations/{door.sender}")
        while not held:
            page.wait_for_timeout(20)

        title = page.title()
        door.answers.append(None)
        expect(page.locator("#over")).to_be_visible(timeout=10_000)
        ((route, answer),) = held
        route.fulfill(response=answer)
        page.wait_for_timeout(300)

        expect(page.locator("[data-beat]")).to_have_text("Signed out")
        assert page.title() == title
        visitor.forgive(REFUSED)


def test_what_is_pressed_or_asked_for_after_a_sign_out_says_why_it_fails(
    browser: Browser, door: Door
) -> None:
    with visiting(browser, door.address) as visitor:
        page = visitor.see()
        door.host.post(door.sender, {**EVENT, "Id": "another"})
        show = page.get_by_role("link", name="1 new alert: show")
        expect(show).to_be_visible(timeout=10_000)
        door.answers.append(redirect("/login"))

        page.locator("#list").get_by_role("button", name="Resolve").click()
        expect(page.get_by_text("Not done: you are signed out")).to_be_visible()
        show.click()
        expect(page.get_by_text("Who are you?")).to_be_visible()
        visitor.forgive(REFUSED)

    assert door.host.stored_alerts()[0].status == "open"


def test_without_a_connection_what_is_asked_for_is_not_shown(browser: Browser, door: Door) -> None:
    with visiting(browser, door.address) as visitor:
        page = visitor.see()
        door.host.post(door.sender, {**EVENT, "Id": "another"})
        show = page.get_by_role("link", name="1 new alert: show")
        expect(show).to_be_visible(timeout=10_000)
        visitor.context.set_offline(True)

        show.click()

        expect(page.get_by_text("No connection: nothing was loaded.")).to_be_visible()
        visitor.forgive(REFUSED)


class User(UserMixin):  # type: ignore[misc] # the library has no types
    def __init__(self, ident: str) -> None:
        self.id = ident


def test_a_login_hears_nothing_of_pages_that_were_left_open(
    browser: Browser, sqlite_url: str
) -> None:
    db, alerts, dashboard = with_dashboard(authorize=flask_login())
    with running_host(sqlite_url, db=db, alerts=alerts, config={"DEBUG": False}) as host:
        manager: t.Any = LoginManager(host.app)
        manager.login_view = "login"
        manager.user_loader(User)
        host.app.add_url_rule("/enter", "enter", lambda: str(login_user(User("7"))))
        host.app.add_url_rule("/login", "login", lambda: f"{len(get_flashed_messages())} messages")
        dashboard.init_app(host.app)
        host.post(host.create_integration(), EVENT)
        with serving(host.app) as address, visiting(browser, address) as visitor:
            page = visitor.page
            note_questions(page)
            page.goto(f"{address}/enter")
            visitor.see()
            visitor.context.clear_cookies(name="session")
            pass_seconds(page, 5)
            expect(page.locator("#over")).to_be_visible()
            visitor.forgive(REFUSED)

            page.goto(f"{address}/login")
            expect(page.get_by_text("0 messages")).to_be_visible()


# How often


def test_a_page_asks_less_and_less_until_something_happens(browser: Browser, door: Door) -> None:
    with visiting(browser, door.address) as visitor:
        page = visitor.page
        note_questions(page)
        visitor.see()
        pass_seconds(page, 260)
        quiet = pauses(page)

        door.host.post(door.sender, {**EVENT, "Id": "another"})
        pass_seconds(page, 36)
        lively = pauses(page)[len(quiet) + 1 :]

    assert quiet[0] == pytest.approx(4, abs=LATE)
    assert all(later > earlier - LATE for earlier, later in itertools.pairwise(quiet))
    assert quiet[-1] == pytest.approx(30, abs=LATE)
    assert len(quiet) < 20
    assert lively[0] == pytest.approx(4, abs=LATE)


def test_a_page_in_the_background_asks_once_a_minute(browser: Browser, door: Door) -> None:
    with visiting(browser, door.address) as visitor:
        page = visitor.page
        note_questions(page)
        page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => true })")
        visitor.see()
        pass_seconds(page, 250)
        found = pauses(page)

    assert found == pytest.approx([60, 60, 60], abs=LATE)


def test_an_app_that_cannot_answer_is_asked_seldom(browser: Browser, door: Door) -> None:
    with visiting(browser, door.address) as visitor:
        page = visitor.page
        note_questions(page)
        visitor.see()
        door.answers.append(("Not now.", 503))
        pass_seconds(page, 66)
        expect(page.get_by_text("No answer (503)")).to_be_visible()
        door.answers.append("Amara")
        pass_seconds(page, 31)
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        visitor.forgive(REFUSED)

        assert pauses(page)[:2] == pytest.approx([30, 30], abs=LATE)
