"""Run a host app as hosts do: by a web server in processes of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import sys
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

from tests.faults.processes import children
from tests.faults.processes import free_port
from tests.faults.processes import no_survivors
from tests.faults.processes import Program
from tests.faults.processes import send
from tests.faults.processes import wait_for

PACKAGE: t.Final = "tests.faults"
ROOT: t.Final = Path(__file__).parents[2]
"""Where a process of ours finds :data:`PACKAGE`."""


MakeCommand: t.TypeAlias = Callable[[int], Sequence[str]]
"""Port → what to run."""


class WebServer:
    """A web server, and its workers if it has any.

    :param folder: where its log and its control socket live.
    :param env: the environment of the host app.
    :param make_command: says how the server is started.
    """

    def __init__(self, folder: Path, env: Mapping[str, str], make_command: MakeCommand) -> None:
        self.port = free_port()
        self._program = Program(
            make_command(self.port),
            log=folder / "web.log",
            env={**os.environ, **env, "XDG_RUNTIME_DIR": str(folder)},
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._program.start(self._answers)

    def stop(self) -> None:
        """End the server in good order."""
        self._end(signal.SIGTERM)

    def workers(self) -> list[int]:
        """Return the process ids of the workers that are alive."""
        return children(self._program.pid) if self._program.is_running else []

    def kill_a_worker(self) -> None:
        """Kill one of the workers, without a word."""
        send(random.choice(wait_for("a worker", self.workers)), signal.SIGKILL)

    def kill_all(self) -> None:
        """Kill the master, then its workers."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        with no_survivors(self.workers()):
            self._program.end(how)
        wait_for("the port to be free", lambda: not self._answers())

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            connection.request("GET", "/alive")
            return connection.getresponse().status == 200
        return False


class ThreadedGunicorn(WebServer):
    """A gunicorn master and its workers, each of several threads.

    :param app: the host app, as gunicorn finds it. It answers at ``/alive``.
    """

    def __init__(
        self, folder: Path, env: Mapping[str, str], *, workers: int = 3, threads: int = 4,
        app: str = f"{PACKAGE}.host_app:serve()",
    ) -> None:  # fmt: skip
        self._app = app
        self.workers_wanted = workers
        self.threads = threads
        super().__init__(folder, env, self._command)

    def _command(self, port: int) -> Sequence[str]:
        return [
            *(sys.executable, "-m", "gunicorn", f"--bind=127.0.0.1:{port}"),
            *(f"--workers={self.workers_wanted}", "--worker-class=gthread"),
            # Preloading forks a new worker at once, so that the next kill finds it at work. It is
            # the harder case, too: what is connected before the fork is shared by all workers.
            *(f"--threads={self.threads}", "--preload", "--keep-alive=30", "--timeout=60"),
            *("--graceful-timeout=5", self._app),
        ]
