"""PRODUCT: the extension in the smallest host."""

from __future__ import annotations

import typing as t

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from benchmarks.traffic import OPERATIONS
from benchmarks.traffic import TOKEN
from flask_webhook_alerts import WebhookAlerts


class Product:
    """The app, with the defaults of Flask, Flask-SQLAlchemy and the extension."""

    def __init__(self, url: str, **config: t.Any) -> None:
        self.app = Flask(__name__)
        self.app.config.update(SQLALCHEMY_DATABASE_URI=url, **config)
        self.db = SQLAlchemy(self.app)
        self.alerts = WebhookAlerts(self.db, self.app)

    def prepare(self) -> dict[str, str]:
        with self.app.app_context():
            self.db.create_all()
            integration = self.alerts.create_integration("product", token=TOKEN)
            return dict.fromkeys(OPERATIONS, f"/integration/{integration.id}")
