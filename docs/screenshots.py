"""Take the pictures of the dashboard: ``python docs/screenshots.py`` (``make screenshots``).

It serves the example app with a week of made-up alerts, and looks at it with a headless Chromium.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
import tempfile
import typing as t
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from example_app import create_app  # noqa: E402 - found by the line above
from example_app import demo  # noqa: E402
from example_app import history  # noqa: E402
from example_app.database import alerts  # noqa: E402
from example_app.database import db  # noqa: E402
from tests.dashboard.browsers import chromium  # noqa: E402
from tests.dashboard.browsers import NARROW  # noqa: E402
from tests.dashboard.browsers import serving  # noqa: E402
from tests.dashboard.browsers import WIDE  # noqa: E402

HEIGHTS = {WIDE: 860, NARROW: 640}
THEMES: tuple[t.Literal["light", "dark"], ...] = ("light", "dark")
DAYS = 7


@dataclasses.dataclass(frozen=True)
class Shot:
    """One page, and what its pictures are called.

    :ivar is_whole: whether the picture goes on below the window.
    :ivar keys: what is pressed first.
    """

    name: str
    path: str
    is_whole: bool = True
    keys: str = ""


EMPTY = (Shot("enter", "/enter"), Shot("first", "/dashboard/"))
"""What is seen before anything was made."""

FULL = (
    Shot("alerts", "/dashboard/?status=all", is_whole=False),
    Shot("open", "/dashboard/", is_whole=False),
    Shot("chosen", "/dashboard/?status=all", is_whole=False, keys="jxjx"),
    Shot("tagged", "/dashboard/?status=all&tag=customer-facing&urgency=high", is_whole=False),
    Shot("none", "/dashboard/?q=nothing+has+this", is_whole=False),
    Shot("keyboard", "/dashboard/", is_whole=False, keys="?"),
    Shot("alert", "/dashboard/{alert}"),
    Shot("raw", "/dashboard/{alert}?tab=raw", is_whole=False),
    Shot("integrations", "/dashboard/integrations"),
    Shot("new", "/dashboard/integrations/new"),
    Shot("integration", "/dashboard/integrations/{integration}?setup=alertmanager"),
    Shot("refused", "/dashboard/integrations/{refused}?setup=uptime-kuma"),
    Shot("waiting", "/dashboard/integrations/{waiting}?setup=curl"),
    Shot("deliveries", "/dashboard/deliveries"),
    Shot("dead", "/dashboard/deliveries?state=dead"),
    Shot("stats", "/dashboard/stats"),
    Shot("hours", "/dashboard/stats?days=1"),
    Shot("help", "/dashboard/help"),
    Shot("missing", "/dashboard/999"),
)
"""What is seen in a week like any other."""

QUIET = (Shot("quiet", "/dashboard/", is_whole=False),)
"""What is seen when all are resolved."""

KEPT = {("alerts", WIDE), ("alert", WIDE), ("waiting", WIDE), ("stats", WIDE)}
"""The pictures that the documentation shows, in both themes."""


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page into this folder")
    folder: Path | None = parser.parse_args().all
    with tempfile.TemporaryDirectory() as place, chromium() as browser:
        app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{place}/desk.db"})
        app.config["SECRET_KEY"] = "for pictures"
        with serving(app) as address, app.app_context():
            db.create_all()
            take(browser, address, EMPTY, folder)
            names = fill(app)
            take(browser, address, FULL, folder, names)
            for alert in db.session.query(alerts.Alert).where(alerts.Alert.active_key.is_not(None)):
                alerts.resolve(alert, by="Edda")
            take(browser, address, QUIET, folder)


def take(
    browser: Browser, address: str, shots: t.Iterable[Shot], folder: Path | None,
    names: t.Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Take pictures into a folder; if there is none, those that the documentation shows."""
    for shot in shots:
        for width in HEIGHTS:
            if folder is not None or (shot.name, width) in KEPT:
                for theme in THEMES:
                    path = address + shot.path.format(**names or {})
                    _take(browser, dataclasses.replace(shot, path=path), theme, width, folder)


def _take(
    browser: Browser, shot: Shot, theme: t.Literal["light", "dark"], width: int,
    folder: Path | None,
) -> None:  # fmt: skip
    context = browser.new_context(
        color_scheme=theme,
        viewport={"width": width, "height": HEIGHTS[width]},
        reduced_motion="reduce",
    )
    page = context.new_page()
    if not shot.path.endswith("/enter"):
        page.goto(shot.path)
        page.get_by_role("button", name="Amara").click()
    page.goto(shot.path)
    page.wait_for_load_state("networkidle")
    for key in shot.keys:
        page.keyboard.press(key)
    name = f"{'' if folder else 'dashboard-'}{shot.name}-{theme}-{width}.png"
    place = folder or HERE / "_static"
    place.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=place / name, full_page=shot.is_whole and folder is not None)
    context.close()


def fill(app: Flask) -> dict[str, str]:
    """Store a past, and return the ids that addresses need."""
    demo.add_services()
    demo.add_integration()
    integration_id = str(db.session.scalars(sa.select(alerts.Integration.id)).one())
    waiting = alerts.create_integration("Nightly backups", token="a token of the past").id
    refused = alerts.create_integration("Uptime Kuma at home").id
    history.make_up(DAYS, random.Random(7))  # noqa: S311 - lifelike, not secret
    client = app.test_client()
    for number, place in enumerate([refused, refused, "int_mistyped"]):
        event = {"event_type": "create", "Id": number}
        client.post(f"/integration/{place}", json=event, buffered=True)
    incident = sa.select(alerts.Alert.id).where(
        alerts.Alert.incident.is_(True), alerts.Alert.status == "open"
    )
    alert_id = db.session.scalars(incident).first()
    _make_trouble()
    alerts.add_note(alert_id, "The provider confirms it: https://status.example.com/1423", "Edda")
    return {
        "alert": str(alert_id),
        "integration": integration_id,
        "waiting": str(waiting),
        "refused": str(refused),
    }


def _make_trouble() -> None:
    """Have a receiver that failed."""
    newest_first = sa.select(alerts.AlertEvent).order_by(alerts.AlertEvent.id.desc())
    for number, event in enumerate(db.session.scalars(newest_first.offset(20).limit(3))):
        event.delivered_at, event.attempts = None, 10 if number else 4
        event.next_attempt_at = None if number else event.at
        event.last_error = "example_app.receivers:page_owner: ConnectionRefusedError: [Errno 111]"
        event.delivered_to = []
    db.session.commit()


if __name__ == "__main__":
    main()
