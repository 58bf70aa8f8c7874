"""Put the desk together."""

from __future__ import annotations

import logging
import typing as t
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from . import database
from . import demo
from . import pages
from . import programs
from . import receivers
from .secret import secret_key


def create_app(config: Mapping[str, t.Any] | None = None) -> Flask:
    """Return the desk. ``config`` wins over ``FLASK_…`` variables, and they over the defaults."""
    app = Flask(__name__)
    # Pages are logged as information, and people want to see them.
    app.logger.setLevel(logging.INFO)

    _configure(app, config or {})
    database.init_app(app)
    receivers.connect(app)
    pages.init_app(app)
    programs.api.init_app(app)
    app.cli.add_command(demo.demo)
    return app


def _configure(app: Flask, config: Mapping[str, t.Any]) -> None:
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI="sqlite:///desk.db",  # in the instance folder
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # the page stays open all night; its buttons must work at four
    )
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    if not app.config["SECRET_KEY"]:
        app.config["SECRET_KEY"] = secret_key(Path(app.instance_path))
