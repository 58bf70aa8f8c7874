"""Serve one contestant: what gunicorn loads, told by two variables of the environment."""

from __future__ import annotations

import os

from flask import Flask

from benchmarks.contestants import CONTESTANTS


def create_app() -> Flask:
    return CONTESTANTS[os.environ["BENCH_CONTESTANT"]](os.environ["BENCH_DATABASE_URL"]).app
