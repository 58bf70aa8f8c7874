"""A desk of the example app that has an endpoint, and is served."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from example_app import demo
from example_app.database import db
from example_app.tests.desks import open_desk
from tests.serving import serving


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Flask]:
    """A desk with an endpoint."""
    with open_desk(f"sqlite:///{tmp_path / 'desk.db'}") as app:
        with app.app_context():
            db.create_all()
            demo.add_integration()
        yield app


@pytest.fixture
def served_at(desk: Flask) -> Iterator[str]:
    """Serve the desk on a port of its own, and say where."""
    with serving(desk) as url:
        yield url
