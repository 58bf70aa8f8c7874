"""Write to one database from several processes at once, each with a connection of its own.

``python -m tests.faults.writers`` reads the host's settings from the environment, and writes the
attempts to a journal, as senders do. There is no web server between.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing as mp
import time
from pathlib import Path

from flask import Flask

from tests.faults.clients import body_of
from tests.faults.clients import read_answer
from tests.faults.host_app import serve
from tests.faults.journal import write_line
from tests.faults.records import Attempt


def write(app: Flask, options: argparse.Namespace, writer: int) -> None:
    """Create one alert after the other through the app's own endpoint."""
    client = app.test_client()
    for number in range(options.writes_each):
        name = f"{writer}-{number}"
        invoked_at = time.monotonic()
        response = client.post(
            f"/integration/{options.integration}",
            data=body_of("create", name, name),
            content_type="application/json",
        )
        attempt = Attempt(
            client=f"writer-{writer}",
            op="create",
            integration=options.integration,
            thirdparty_id=name,
            nonce=name,
            invoked_at=invoked_at,
            answered_at=time.monotonic(),
            **dataclasses.asdict(read_answer(response.status_code, response.data)),
        )
        write_line(options.journal, dataclasses.asdict(attempt))


def main() -> None:
    """Start the writers, together, and wait for them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--integration", required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--writers", type=int, required=True)
    parser.add_argument("--writes-each", type=int, required=True)
    options = parser.parse_args()

    # Forked, so that the app is loaded once; it has not connected to anything yet.
    app = serve()
    context = mp.get_context("fork")
    processes = [
        context.Process(target=write, args=(app, options, writer))
        for writer in range(options.writers)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    raise SystemExit(any(process.exitcode for process in processes))


if __name__ == "__main__":
    main()
