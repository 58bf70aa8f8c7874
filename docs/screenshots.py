"""Take the pictures of the dashboard: ``python docs/screenshots.py`` (``make screenshots``).

It serves the example app with a week of made-up alerts, and looks at it with a headless Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import random
import sys
import tempfile
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from example_app import create_app  # noqa: E402 - found by the line above
from example_app import demo  # noqa: E402
from example_app import history  # noqa: E402
from example_app.database import alerts  # noqa: E402
from example_app.database import db  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
HEIGHTS = {1280: 860, 320: 640}
DAYS = 7


@dataclasses.dataclass(frozen=True)
class Shot:
    """One page, and what its pictures are called."""

    name: str
    path: str
    whole: bool = False


PAGES = (
    Shot("alerts", "/dashboard/"),
    Shot("all", "/dashboard/?status=all&tag=customer-facing", whole=True),
    Shot("alert", "/dashboard/{alert}", whole=True),
    Shot("raw", "/dashboard/{alert}?tab=raw"),
    Shot("integrations", "/dashboard/integrations", whole=True),
    Shot("new", "/dashboard/integrations/new", whole=True),
    Shot("integration", "/dashboard/integrations/{integration}?setup=curl", whole=True),
    Shot("waiting", "/dashboard/integrations/{fresh}?setup=uptime-kuma", whole=True),
    Shot("deliveries", "/dashboard/deliveries", whole=True),
    Shot("stats", "/dashboard/stats", whole=True),
    Shot("hours", "/dashboard/stats?days=1", whole=True),
    Shot("help", "/dashboard/help", whole=True),
    Shot("quiet", "/dashboard/?q=nothing+has+this"),
)
KEPT = (
    ("alerts", "light", 1280), ("alerts", "dark", 1280), ("alerts", "light", 320),
    ("alerts", "dark", 320), ("alert", "dark", 1280), ("integration", "light", 1280),
    ("stats", "light", 1280),
)  # fmt: skip
"""The pictures that the documentation shows: page, theme, width."""


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page into this folder")
    folder = parser.parse_args().all
    with tempfile.TemporaryDirectory() as place, served(Path(place)) as (address, names):
        wanted = [
            (shot, theme, width)
            for shot in PAGES
            for theme in ("light", "dark")
            for width in HEIGHTS
            if folder or (shot.name, theme, width) in KEPT
        ]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
            for shot, theme, width in wanted:
                take(browser, address, names, shot, theme, width, folder)
            browser.close()


def take(
    browser: Browser, address: str, names: dict[str, str], shot: Shot, theme: str, width: int,
    folder: Path | None,
) -> None:  # fmt: skip
    """Take one picture."""
    scheme = t.cast(t.Literal["light", "dark"], theme)
    viewport = {"width": width, "height": HEIGHTS[width]}
    context = browser.new_context(
        color_scheme=scheme, viewport=t.cast(t.Any, viewport), reduced_motion="reduce"
    )
    page = context.new_page()
    sign_in(page, address)
    page.goto(address + shot.path.format(**names))
    page.wait_for_load_state("networkidle")
    (folder or HERE).mkdir(parents=True, exist_ok=True)
    name = f"{'' if folder else 'dashboard-'}{shot.name}-{theme}-{width}.png"
    page.screenshot(path=(folder or HERE) / name, full_page=shot.whole and folder is not None)
    context.close()


def sign_in(page: Page, address: str) -> None:
    """Say who we are."""
    page.goto(f"{address}/enter")
    page.get_by_role("button", name="Amara").click()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Serve the example app with a week of alerts; yield its address and the ids for the pages."""
    app = create_app({"SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder / 'desk.db'}"})
    app.config["SECRET_KEY"] = "for pictures"
    with app.app_context():
        names = fill(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}", names
    finally:
        server.shutdown()
        thread.join()


def fill(app: Flask) -> dict[str, str]:
    """Store a past, and return the ids that addresses need."""
    db.create_all()
    demo.add_services()
    demo.add_integration()
    integration_id = str(db.session.scalars(sa.select(alerts.Integration.id)).one())
    alerts.create_integration("Nightly backups", token="a token of the past").id  # noqa: B018, S106
    fresh = str(alerts.create_integration("Uptime Kuma at home", strict=False).id)
    history.make_up(DAYS, random.Random(7))  # noqa: S311 - lifelike, not secret
    client = app.test_client()
    client.post(f"/integration/{fresh}", json={"event_type": "create", "Id": 7})
    client.post("/integration/int_mistyped", json={})
    incident = sa.select(alerts.Alert.id).where(
        alerts.Alert.incident.is_(True), alerts.Alert.status == "open"
    )
    alert_id = db.session.scalars(incident).first()
    troubled = db.session.scalars(sa.select(alerts.AlertEvent).limit(3)).all()
    for number, event in enumerate(troubled):
        event.delivered_at, event.attempts = None, 10 if number else 4
        event.next_attempt_at = None if number else event.at
        event.last_error = "example_app.receivers:page_owner: ConnectionRefusedError: [Errno 111]"
        event.delivered_to = []
    db.session.commit()
    alerts.add_note(alert_id, "The provider confirms it: https://status.example.com/1423", "Edda")
    return {"alert": str(alert_id), "integration": integration_id, "fresh": fresh}


if __name__ == "__main__":
    main()
