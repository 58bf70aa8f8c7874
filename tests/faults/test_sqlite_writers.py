"""Many processes write to one SQLite file: is any of them refused?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.conftest import MakeRig
from tests.faults.conftest import Report
from tests.faults.figures import losses
from tests.faults.history import broken_rules
from tests.faults.rig import Rig
from tests.faults.servers import create_sqlite_file
from tests.faults.sizes import Sizes
from tests.faults.web import PACKAGE

pytestmark = pytest.mark.faults


def run_writers(rig: Rig, sizes: Sizes) -> None:
    """Let all writers write their share, and wait for them."""
    options = {
        "integration": rig.integration,
        "journal": rig.attempts_journal,
        "writers": sizes.sqlite_writers,
        "writes-each": sizes.sqlite_writes // sizes.sqlite_writers,
    }
    subprocess.run(
        [
            *(sys.executable, "-m", f"{PACKAGE}.writers"),
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        env={**os.environ, **rig.environment()},
        check=True,
    )


@pytest.mark.parametrize("journal_mode", ["DELETE", "WAL"])
def test_no_writer_is_refused(
    journal_mode: str, tmp_path: Path, make_rig: MakeRig, sizes: Sizes, report: Report
) -> None:
    rig = make_rig(create_sqlite_file(tmp_path, journal_mode=journal_mode))

    run_writers(rig, sizes)
    rig.drain()

    history = rig.history()
    answers = Counter(attempt.status for attempt in history.attempts)
    slowest = max(attempt.answered_at - attempt.invoked_at for attempt in history.attempts)
    report(
        writers=sizes.sqlite_writers,
        writes=len(history.attempts),
        refused=len(history.attempts) - answers[200],
        slowest=f"{slowest:.2f} s",
        **losses(history),
    )
    assert set(answers) == {200}
    assert broken_rules(history) == []
