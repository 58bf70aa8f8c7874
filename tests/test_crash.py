"""A process that dies loses no signal: a real one, killed on its way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts import Host

Run = Callable[..., "subprocess.CompletedProcess[str]"]

KILLED = 9
ROOT = Path(__file__).parent.parent


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """The file in which the receivers of all processes write."""
    return tmp_path / "journal"


@pytest.fixture
def run(database_url: str, journal: Path) -> Run:
    """Run a command of the host in a process of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.crash_host", database_url, str(journal), *arguments]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def test_a_process_killed_between_commit_and_signal_loses_no_signal(
    host: Host, run: Run, journal: Path
) -> None:
    killed = run("receive", host.create_integration(), "between commit and signal")
    (event,) = host.stored_events()
    delivered = run("deliver", "30", "61", "7200")

    assert killed.returncode == KILLED, killed.stderr
    assert (event.delivered_at, event.attempts) == (None, 1)
    assert delivered.stdout.split() == ["0", "1", "0"], delivered.stderr
    assert journal.read_text().split("\n") == [f"first {event.id}", f"second {event.id}", ""]
    assert is_delivered_by_attempt(host, 2)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("place", "told"),
    [("inside a receiver", ["first"]), ("between signal and mark", ["first", "second"])],
)
def test_a_process_killed_on_its_way_loses_no_signal(
    host: Host, run: Run, journal: Path, place: str, told: list[str]
) -> None:
    run("receive", host.create_integration(), place)
    told_before = [line.split()[0] for line in journal.read_text().splitlines()]
    delivered = run("deliver", "30", "61", "7200")

    assert told_before == told
    assert delivered.stdout.split() == ["0", "1", "0"], delivered.stderr
    lines = journal.read_text().splitlines()[len(told) :]
    assert [line.split()[0] for line in lines] == ["first", "second"]
    assert is_delivered_by_attempt(host, 2)


def is_delivered_by_attempt(host: Host, attempt: int) -> bool:
    (event,) = host.stored_events()
    return event.delivered_at is not None and event.attempts == attempt
