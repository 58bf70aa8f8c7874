"""Start programs, and end each of them by its own process id."""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import time
import typing as t
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path

T = t.TypeVar("T")

MAX_LOG: t.Final = 2_000


class Program:
    """A program of ours, that can be started, stopped, killed and started again.

    :param command: the program and its arguments.
    :param log: where its output goes.
    :param env: its environment; None is ours.
    :param user: whom it runs as; None is us.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._env = env
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self._command[0]} was not started.")

        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, answers: Callable[[], bool]) -> None:
        """Run the program and wait until it answers."""
        self._run()
        try:
            wait_for(f"{self._command[0]} to answer", answers)
        except TimeoutError as error:
            error.add_note(self._log.read_text(errors="replace")[-MAX_LOG:])
            raise

    def _run(self) -> None:
        # In a session of its own, so that a Ctrl-C reaches only the tests.
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                user=self._user,
                group=self._user and pwd.getpwnam(self._user).pw_gid,
                start_new_session=True,
            )

    def end(self, how: signal.Signals = signal.SIGTERM, *, patience: float = 15.0) -> None:
        """Send the signal ``how`` and wait; a program that does not heed it in time is killed."""
        if self._process is None:
            return

        if self.is_running:
            self._process.send_signal(how)
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def children(pid: int) -> list[int]:
    """Return the ids of the processes that ``pid`` started, as Linux tells them."""
    try:
        listing = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []

    return [int(child) for child in listing.split()]


def send(pid: int, what: signal.Signals) -> None:
    """Send a signal to a process, which may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, what)


@contextlib.contextmanager
def no_survivors(pids: Iterable[int]) -> Iterator[None]:
    """End those of the processes that are still there when the block ends."""
    # Handles, because an id may belong to somebody else by then.
    with contextlib.ExitStack() as handles:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                handle = os.pidfd_open(pid)
                handles.callback(os.close, handle)
                handles.callback(_kill, handle)
        yield


def _kill(handle: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)


def free_port() -> int:
    """Return a port of the loopback interface on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for(what: str, is_there: Callable[[], T], *, patience: float = 30.0) -> T:
    """Return the first true value of ``is_there``, asked again and again."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if value := is_there():
            return value

        time.sleep(0.02)
    raise TimeoutError(f"Waited {patience:g} s in vain for {what}.")
