"""Know who is at the desk: a name is enough here, since the shop is made up."""

from __future__ import annotations

import typing as t

from flask import Blueprint
from flask import redirect
from flask import render_template
from flask import request
from flask import session
from flask import url_for
from flask.typing import ResponseReturnValue

from . import shop

NAMES: tuple[str, ...] = tuple(sorted({running.owner for running in shop.SERVICES}))
"""Who works at the shop."""

bp = Blueprint("people", __name__)


def who() -> str | ResponseReturnValue:
    """Return the name of who is asking, or send him to say it: the dashboard's guard."""
    name = session.get("name")
    return t.cast(str, name) if name in NAMES else redirect(url_for("people.enter"))


@bp.get("/enter")
def enter() -> ResponseReturnValue:
    """Ask for a name."""
    return render_template("enter.html", names=NAMES, name=session.get("name"))


@bp.post("/enter")
def remember() -> ResponseReturnValue:
    """Remember the name, and go to the dashboard."""
    session["name"] = request.form.get("name", "")
    return redirect(url_for("webhook_alerts_dashboard.alerts"))


@bp.post("/leave")
def leave() -> ResponseReturnValue:
    """Forget the name."""
    session.pop("name", None)
    return redirect(url_for("desk.home"))
