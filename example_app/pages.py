"""Show the desk, and take its buttons."""

from __future__ import annotations

from flask import Blueprint
from flask import flash
from flask import Flask
from flask import redirect
from flask import render_template
from flask import request
from flask import Response
from flask import url_for
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect

from flask_webhook_alerts import Receipt

from . import clock
from . import desk
from . import people
from . import shop
from .database import alerts
from .database import db
from .models import Alert

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)

# What every database holds as an id, so that a longer number is a page that does not exist.
_ALERT = "/alerts/<int(max=9223372036854775807):alert_id>"

bp = Blueprint("desk", __name__)
csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Give ``app`` the desk's pages, and a guard to its forms."""
    csrf.init_app(app)
    app.register_blueprint(bp)
    app.register_blueprint(people.bp)
    app.add_template_filter(clock.age)
    app.add_template_filter(clock.as_utc)
    app.jinja_env.globals["shop_name"] = shop.NAME


@bp.get("/")
def home() -> ResponseReturnValue:
    """Show what is wrong now, who was paged, and what was put right."""
    live = request.args.get("live", type=int)
    return render_template("desk.html", desk=desk.look(), live=live)


@bp.post(f"{_ALERT}/acknowledge")
def acknowledge(alert_id: int) -> ResponseReturnValue:
    """Note that somebody at the desk looks after the alert."""
    receipt = alerts.acknowledge(db.get_or_404(Alert, alert_id), by=shop.DESK)
    return _back_home(receipt)


@bp.post(f"{_ALERT}/resolve")
def resolve(alert_id: int) -> ResponseReturnValue:
    """Note that the alert is over."""
    receipt = alerts.resolve(db.get_or_404(Alert, alert_id), by=shop.DESK)
    return _back_home(receipt)


def _back_home(receipt: Receipt) -> ResponseReturnValue:
    flash(desk.describe(receipt))
    return redirect(url_for("desk.home", live=request.args.get("live", type=int)))


@bp.after_app_request
def forbid_foreign_content(response: Response) -> Response:
    """Let a page load our own style sheet and images, and nothing else."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    return response
