"""Write the pages: our templates, in an environment that no setting of the host's changes."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import typing as t
from pathlib import Path

import jinja2
from flask import current_app
from flask import g
from flask import request
from flask import Response
from flask import url_for
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.filters import FILTERS as DEFAULT_FILTERS
from jinja2.tests import TESTS as DEFAULT_TESTS

from flask_webhook_alerts import __about__
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.state import get_state

from . import csrf
from . import notices
from . import places
from . import preferences
from .formats import FILTERS
from .formats import MOST_ENTRIES
from .queries import ListQuery

STATIC: Path = Path(__file__).parent / "static"
"""The folder of the style sheet, the script and the icons."""

KEY: str = "webhook_alerts_dashboard"
"""What ``app.extensions`` calls the environment of an app's pages."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shell:
    """What is around every page.

    :ivar name: the acting person's; None if the host does not say.
    :ivar site: what people call the site.
    :ivar counts: how many alerts are in each status; empty if nobody can tell now.
    """

    name: str | None
    site: str
    counts: dict[AlertStatus, int]
    notice: notices.Notice | None
    view: preferences.Preferences
    here: str

    @property
    def open_count(self) -> int:
        """How many alerts wait for somebody."""
        return self.counts.get(AlertStatus.OPEN, 0)


def page(template: str, *, status: int = 200, **context: t.Any) -> Response:
    """Return a whole page, in the shell that all pages share."""
    shell = _shell(get_state().reading.counts(), context.pop("notice", None) or notices.take())
    return Response(render(template, shell=shell, **context), status=status, mimetype="text/html")


def bare_page(status: int, title: str, words: str) -> Response:
    """Return a page that says what went wrong; it asks no database."""
    text = render("fault.html", shell=_shell({}, None), title=title, words=words)
    return Response(text, status=status, mimetype="text/html")


def fragment(template: str, **context: t.Any) -> Response:
    """Return a part of a page, for the script to put into one."""
    return with_etag(render(template, **context), "text/html")


def with_etag(text: str, mimetype: str) -> Response:
    """Return an answer that is 304 to a browser that has it."""
    response = Response(text, mimetype=mimetype)
    response.set_etag(hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32])
    return t.cast(Response, response.make_conditional(request))


def render(template: str, **context: t.Any) -> str:
    """Return a template's text. Everything that is put into it is escaped."""
    return _environment().get_template(f"webhook_alerts/{template}").render(context)


def acting() -> str | None:
    """Return the name of the person whose request this is."""
    return t.cast("str | None", g.webhook_alerts_name)


def wants_fragment() -> bool:
    """Tell whether our script asks, which shows the answer in the page that there is.

    It sends the header with all that it asks for, so that a guard may refuse it without a redirect.
    """
    return request.headers.get("X-Fragment") == "1"


def _shell(counts: dict[AlertStatus, int], notice: notices.Notice | None) -> Shell:
    return Shell(
        name=acting(),
        site=g.webhook_alerts_site,
        counts=counts,
        notice=notice,
        view=preferences.read(),
        here=places.here(),
    )


def _environment() -> jinja2.Environment:
    extensions = current_app.extensions
    if KEY not in extensions:
        extensions[KEY] = _overlay(current_app.jinja_env)
    return t.cast(jinja2.Environment, extensions[KEY])


def _overlay(host: jinja2.Environment) -> jinja2.Environment:
    """Return the host's environment with our settings: its own templates may replace ours."""
    environment = host.overlay(
        block_start_string="{%", block_end_string="%}",
        variable_start_string="{{", variable_end_string="}}",
        comment_start_string="{#", comment_end_string="#}",
        line_statement_prefix=None, line_comment_prefix=None,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False,
        autoescape=True, undefined=jinja2.StrictUndefined, finalize=None,
    )  # fmt: skip
    environment.filters = {**DEFAULT_FILTERS, **FILTERS}
    environment.tests = dict(DEFAULT_TESTS)
    environment.globals = {
        **DEFAULT_NAMESPACE,
        "CHOICES": preferences.CHOICES,
        "MOST_ENTRIES": MOST_ENTRIES,
        "act_args": _act_args,
        "csrf_field": csrf.FIELD,
        "csrf_token": lambda: csrf.token(acting()),
        "static": _static,
        "url": url_for,
        "version": __about__.__version__,
    }
    return environment


def _act_args() -> dict[str, t.Any]:
    """Return what brings an action back to this page: the alert's, or this view of the list."""
    alert_id = (request.view_args or {}).get("alert_id") or request.args.get("alert")
    return {"alert": alert_id} if alert_id else ListQuery.read(request.args).here()


def _static(filename: str) -> str:
    return url_for(".static", filename=filename, v=_digest(filename))


@functools.cache
def _digest(filename: str) -> str:
    return hashlib.sha256((STATIC / filename).read_bytes()).hexdigest()[:10]
