"""Drive a headless Chromium, and note whatever it complains about."""

from __future__ import annotations

import contextlib
import shutil
import typing as t
import urllib.parse
from collections.abc import Iterator

from flask import Flask
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright
from werkzeug.serving import WSGIRequestHandler

from tests.needs import is_missing
from tests.serving import serving as served

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDE, NARROW = 1280, 320


class _Quiet(WSGIRequestHandler):
    def log(self, *_args: t.Any, **_options: t.Any) -> None:
        """Say nothing: pages ask every few seconds."""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Yield Debian's Chromium; without it skip, or fail where everything must be there."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        is_missing("There is no chromium. On Debian: make system, as root.")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS])
        yield browser
        browser.close()


@contextlib.contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve an app on a port of its own, and say where."""
    with served(app, request_handler=_Quiet) as address:
        yield address


class Visitor:
    """A person with a browser, and what the browser complained about meanwhile."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.context = context
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("dialog", self._note_dialog)
        self.page.on("request", lambda request: self._note_address(request.url))

    def see(self, path: str = "/") -> Page:
        """Go to a page of the dashboard."""
        self.page.goto(f"{self.address}/alerts{path}")
        return self.page

    def prefer(self, view: str) -> None:
        """Have chosen how to see the pages: theme, zone, live, keys."""
        url = f"{self.address}/alerts/"
        self.context.add_cookies(
            [{"name": "webhook_alerts_dashboard_view", "value": view, "url": url}]
        )

    def forgive(self, words: str) -> None:
        """Forget the complaints with these words: they were asked for."""
        self.complaints[:] = [one for one in self.complaints if words not in one]

    def is_wider_than_the_screen(self) -> bool:
        """Tell whether the page scrolls sideways."""
        root = "document.documentElement"
        return bool(self.page.evaluate(f"{root}.scrollWidth > {root}.clientWidth"))

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _note_dialog(self, dialog: t.Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _note_address(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" != self.address:
            self.complaints.append(f"foreign request: {url}")


@contextlib.contextmanager
def visiting(browser: Browser, address: str, **options: t.Any) -> Iterator[Visitor]:
    """Yield a visitor with a fresh browser; the end fails if the browser has complained."""
    width = options.pop("width", WIDE)
    context = browser.new_context(viewport={"width": width, "height": 800}, **options)
    visitor = Visitor(context, address)
    try:
        yield visitor
        assert visitor.complaints == [], visitor.complaints  # this file is not rewritten by pytest
    finally:
        context.close()
