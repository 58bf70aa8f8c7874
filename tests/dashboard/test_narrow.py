"""The pages on a screen of 320 pixels: cards say what there is, and nothing is cut off."""

from __future__ import annotations

import typing as t

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page

from tests.dashboard.browsers import NARROW
from tests.dashboard.browsers import visiting
from tests.dashboard.test_browser import fill
from tests.dashboard.test_browser import newest
from tests.dashboard.test_browser import send
from tests.hosts import Host

pytestmark = pytest.mark.browser

# How far the ends of a card's numbers, times and boxes are from the card's own.
ROOM = """
() => [...document.querySelectorAll("#list tbody tr")].flatMap(row =>
  [...row.querySelectorAll(".n, .t, th > a, .from > bdi, .tag, .do > button")]
  .filter(part => part.checkVisibility())
  .map(part => {
    const range = document.createRange()
    range.selectNodeContents(part)
    const end = (part.matches(".n, .t") ? range : part).getBoundingClientRect().right
    return row.getBoundingClientRect().right - end
  }))
"""

# What has its ring cut off when it has focus: by the screen, or by what is around it.
CUT = """
() => {
  const box = (one, room) => {
    const { left, top, right, bottom } = one.getBoundingClientRect()
    return [left - room, top - room, -right - room, -bottom - room]
  }
  const screen = [0, -Infinity, -document.documentElement.clientWidth, -Infinity]
  return [...document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")]
    .filter(one => one.checkVisibility() && !one.matches(".skip, main"))
    .filter(one => {
      one.focus()
      const ring = box(one, 2 + parseFloat(getComputedStyle(one).outlineOffset))
      const frames = [screen]
      for (let around = one.parentElement; around !== document.body; around = around.parentElement)
        if (getComputedStyle(around).overflow !== "visible") frames.push(box(around, 0))
      return frames.some(frame => frame.some((edge, side) => ring[side] < edge - .5))
    })
    .map(one => one.outerHTML)
}
"""


@pytest.fixture
def narrow(browser: Browser, served: tuple[Host, str]) -> t.Iterator[Page]:
    """A page of a host with a little of everything, on a narrow screen."""
    host, address = served
    url = fill(host, address)
    send(
        url,
        Id="long",
        Title="A title with quite some words in it, of a length that people do write",
        Tags=["customer-facing", "eu-west-1", "payments"],
        Description="https://status.example.com/1423 says why\nhttps://status.example.com/1424",
    )
    with visiting(browser, address, width=NARROW) as visitor:
        yield visitor.page


def see(page: Page, served: tuple[Host, str], path: str) -> None:
    """Go to a page, and open what is folded."""
    page.goto(f"{served[1]}/alerts{path}")
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true })")


def test_a_card_says_nothing_of_what_there_is_not(narrow: Page, served: tuple[Host, str]) -> None:
    see(narrow, served, "/?status=all")

    cards = narrow.locator("#list tbody tr").all_inner_texts()

    assert "–" not in "".join(cards)
    assert sum("×2" in card for card in cards) == 1
    assert len(cards) == 6


@pytest.mark.parametrize("status", ["all", "resolved"])
def test_nothing_touches_the_edge_of_its_card(
    narrow: Page, served: tuple[Host, str], status: str
) -> None:
    host = served[0]
    with host.app.app_context():
        for alert in host.db.session.query(host.alerts.Alert):
            alert.occurrences = 2_000
        host.db.session.commit()
    see(narrow, served, f"/?status={status}")

    assert min(narrow.evaluate(ROOM)) >= 8


@pytest.mark.parametrize(
    "path",
    ["/", "/?status=all&tag=db", "/{alert}", "/{alert}?tab=raw", "/integrations",
     "/integrations/new", "/integrations/{one}?setup=curl", "/deliveries?state=dead", "/stats",
     "/help"],
)  # fmt: skip
def test_the_ring_around_what_has_focus_is_seen_whole(
    narrow: Page, served: tuple[Host, str], path: str
) -> None:
    host = served[0]
    with host.app.app_context():
        one = host.db.session.query(host.alerts.Integration).order_by("created_at").first()
        see(narrow, served, path.format(alert=newest(host), one=one.id))

    assert narrow.evaluate(CUT) == []
