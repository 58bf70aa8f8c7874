"""Look at the dashboard as a person with a browser, but without one."""

from __future__ import annotations

import dataclasses
import html
import re
import typing as t

from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from werkzeug.test import TestResponse

from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.dashboard import Dashboard
from tests.hosts import Host

EVENT = {"event_type": "create", "Id": "disk-full", "Title": "Disk full", "Description": "/var"}


@dataclasses.dataclass(frozen=True)
class Person:
    """Somebody who is let in, and what he sees and presses."""

    host: Host
    client: FlaskClient

    def see(self, path: str = "/", status: int = 200, **options: t.Any) -> str:
        """Return the text of a page."""
        response = self.client.get(f"/alerts{path}", **options)
        assert response.status_code == status, response.text
        return response.text

    def press(self, path: str, data: t.Any = None, **options: t.Any) -> TestResponse:
        """Send a form of the dashboard, with the token that its pages carry."""
        form = {"_csrf": self.token(), **(data or {})}
        return self.client.post(f"/alerts{path}", data=form, **options)

    def press_and_see(self, path: str, data: t.Any = None, status: int = 200) -> str:
        """Send a form, and return the page that it leads to."""
        response = self.press(path, data, follow_redirects=True)
        assert response.status_code == status, response.text
        return response.text

    def token(self) -> str:
        """Return what the forms carry."""
        return str(re.findall(r'name="_csrf" value="([^"]+)"', self.see("/integrations/new"))[0])


def words_of(page: str) -> str:
    """Return the words of a page's main part, without its marks."""
    main = page[page.index("<main") : page.index("</main>")]
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", main).split()))


def notice_of(page: str) -> str:
    """Return what the page says about the last action."""
    found = re.search(r'<div class="notice.*?<p><bdi>(.*?)</bdi>', page, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def with_dashboard(**options: t.Any) -> tuple[SQLAlchemy, WebhookAlerts, Dashboard]:
    """Return the three objects of a host; whoever asks is let in as Amara, unless told."""
    db = SQLAlchemy()
    alerts = WebhookAlerts(db)
    return db, alerts, Dashboard(alerts, **{"authorize": lambda: "Amara", **options})
