"""Let in whom the host lets in: the first thing that happens to every request of the dashboard."""

from __future__ import annotations

from flask import current_app
from flask import g
from flask import Response

from flask_webhook_alerts.access import ask
from flask_webhook_alerts.access import Authorize
from flask_webhook_alerts.access import Grant

from . import csrf

_NO_GUARD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>No guard</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<h1>The dashboard has no guard, so nobody may see it</h1>
<p>Pass a function that says who is asking. It looks at Flask’s <code>request</code> and returns
the person’s name, <code>None</code> to refuse, or a response, such as a redirect to a login:</p>
<pre>from flask_webhook_alerts.dashboard import Dashboard, basic_auth, flask_login

dashboard = Dashboard(alerts, authorize=flask_login())               # your Flask-Login users
dashboard = Dashboard(alerts, authorize=basic_auth({"me": HASH}))    # a name and a password
dashboard = Dashboard(alerts, authorize=lambda: session.get("user")) # a session of your own</pre>
<p>You see this explanation because the app is in debug mode.</p>
"""
_REFUSED = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Not allowed</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<h1>You may not see this page</h1>
<p>{}</p>
"""


def admit(authorize: Authorize | None, site: str | None) -> Response | None:
    """Return what to answer instead of the page; None if the person may see and do it.

    :param site: what people call the site; the app's name if it is not given.
    """
    if authorize is None:
        return _refusal(_NO_GUARD if current_app.debug else _REFUSED.format("No guard is set up."))

    answer = ask(authorize)
    if not isinstance(answer, Grant):
        return answer or _refusal(_REFUSED.format("Ask whoever runs it to let you in."))

    g.webhook_alerts_name = answer.name
    g.webhook_alerts_site = site or current_app.name
    objection = csrf.objection(answer.name)
    if objection is None:
        return None

    words = f"{objection} Nothing was changed. Go back, load the page again, and try once more."
    return _refusal(_REFUSED.format(words))


def _refusal(text: str) -> Response:
    return Response(text, status=403, mimetype="text/html")
