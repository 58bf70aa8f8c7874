"""Purge as a nightly job does, in a process of its own, and tell how long its locks were held."""

from __future__ import annotations

import json
import sys

from benchmarks.purging import LockTimes
from flask_webhook_alerts import clock
from flask_webhook_alerts.purging import Purge
from tests.faults.host_app import serve


def main() -> None:
    app = serve()
    with app.app_context():
        database = app.extensions["webhook_alerts"].database
        times = LockTimes(database.engine)
        deleted = sum(Purge(database, clock.now()).run())
    json.dump({"deleted": deleted, "locked": times.seconds}, sys.stdout)


if __name__ == "__main__":
    main()
