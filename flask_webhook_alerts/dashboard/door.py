"""Let in whom the host lets in: the first thing that happens to every request of the dashboard."""

from __future__ import annotations

import logging

from flask import current_app
from flask import g
from flask import Response
from markupsafe import Markup

from flask_webhook_alerts.access import ask
from flask_webhook_alerts.access import Authorize
from flask_webhook_alerts.access import Grant
from flask_webhook_alerts.access import InvalidAnswer

from . import csrf

logger: logging.Logger = logging.getLogger(__name__)

_PAGE = Markup("""<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<main><h1>{title}</h1>
{content}</main>
""")
_NO_GUARD = Markup("""<p>Pass a function that says who is asking.
It looks at Flask’s <code>request</code> and returns the person’s name,
<code>None</code> to refuse, or a response, such as a redirect to a login:</p>
<p>Your users of Flask-Login:<br>
<code>Dashboard(alerts, authorize=flask_login())</code></p>
<p>Names and passwords:<br>
<code>Dashboard(alerts, authorize=basic_auth({"me": HASH}))</code></p>
<p>A session of your own:<br>
<code>Dashboard(alerts, authorize=lambda: session.get("user"))</code></p>
<p>All of them are in <code>flask_webhook_alerts.dashboard</code>.</p>
<p>You see this explanation because the app is in debug mode.</p>
""")
_PARAGRAPH = Markup("<p>{}</p>\n")


def admit(authorize: Authorize | None, site: str | None) -> Response | None:
    """Return what to answer instead of the page; None if the person may see and do it.

    :param site: what people call the site; the app's name if it is not given.
    """
    if authorize is None:
        return _no_guard()

    try:
        answer = ask(authorize)
    except InvalidAnswer as error:
        return _explanation(error)

    if not isinstance(answer, Grant):
        return answer or _refusal("Ask whoever runs it to let you in.")

    g.webhook_alerts_name = answer.name
    g.webhook_alerts_site = site or current_app.name
    objection = csrf.objection(answer.name)
    if objection is None:
        return None

    return _refusal(
        f"{objection} Nothing was changed. Go back, load the page again, and try once more."
    )


def _explanation(error: InvalidAnswer) -> Response:
    logger.error(
        "The guard of the dashboard lets nobody in: %s", error, exc_info=error,
        extra={"action": "dashboard_guard_failed"},
    )  # fmt: skip
    title = "The guard of this page does not work, so nobody may see it"
    words = str(error) if current_app.debug else "Whoever runs it finds out why in the app’s log."
    return _page(500, title, _PARAGRAPH.format(words))


def _no_guard() -> Response:
    if not current_app.debug:
        return _refusal("No guard is set up.")

    return _page(403, "The dashboard has no guard, so nobody may see it", _NO_GUARD)


def _refusal(words: str) -> Response:
    return _page(403, "You may not see this page", _PARAGRAPH.format(words))


def _page(status: int, title: str, content: Markup) -> Response:
    text = _PAGE.format(title=title, content=content)
    return Response(text, status=status, mimetype="text/html")
