"""Change the core a little, thousands of times, and see whether its tests notice: ``make mutants``.

Files are mutated a batch at a time, and meet only the tests that are about them. These run on
SQLite; what survives there meets them again on the servers that answer, where it matters.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORK = ROOT / ".work" / "mutants"

_ON_SQLITE = "not postgresql and not mariadb"
_ON_SERVERS = "postgresql or mariadb"
# How pytest ended where nothing noticed: all passed, none was collected, none runs through it, or
# it was never asked.
_PASSED = 0
_UNNOTICED = {_PASSED, 5, 33, None}
# Collecting garbage, twice for each mutant, takes longer than most tests.
_LEAN = ["-p", "no:unraisableexception", "-p", "no:threadexception", "-p", "no:cacheprovider"]


@dataclasses.dataclass(frozen=True)
class Batch:
    """Files of the package that are mutated together, and the files of tests that they meet.

    :ivar meets_servers: whether something in them is for some databases only.
    """

    files: str
    tests: str
    meets_servers: bool = False


PARTS = {
    "tokens": [Batch("tokens", "test_tokens")],
    "payload": [Batch("payload", "test_payload test_fields")],
    "service": [
        Batch(
            "service",
            "test_host_calls test_lifecycle test_races test_recovery test_senders test_triage",
        )
    ],
    "webhook": [
        Batch("webhook", "test_delivery test_lifecycle test_observers test_rejections test_webhook")
    ],
    "delivery": [
        Batch("delivery", "test_delivery test_isolation test_observers test_statements test_waking")
    ],
    "store": [
        Batch(
            "store/__init__ store/changes store/single store/statement store/upserts store/values",
            "test_binds test_lifecycle test_models test_recovery test_statements test_triage",
            meets_servers=True,
        ),
        Batch("store/outbox", "test_delivery test_waking kit/test_owed"),
        Batch("store/reads", "test_host_calls test_lifecycle test_recovery", meets_servers=True),
        Batch("store/facts", "test_cli_doctor", meets_servers=True),
        Batch(
            "store/chronology store/deliveries store/figures store/housekeeping store/listings"
            " store/rejections store/search",
            "test_housekeeping test_reading test_rejections test_retention"
            " api/test_alerts api/test_deliveries",
        ),
    ],
}


def main(names: list[str]) -> None:
    for name in names or PARTS:
        codes: dict[str, int | None] = {}
        for number, batch in enumerate(PARTS[name]):
            codes |= _run(WORK / f"{name}-{number}", batch)
        for mutant, code in codes.items():
            if code in _UNNOTICED:
                print(f"  {mutant}{'' if code == _PASSED else ' (no test)'}")
        killed = sum(code not in _UNNOTICED for code in codes.values())
        print(f"{name}: {killed} of {len(codes)} killed, {killed / len(codes):.1%}")


def _run(place: Path, batch: Batch) -> dict[str, int | None]:
    """Return the mutants of a batch, and how pytest ended with each."""
    _prepare(place, batch)
    _mutmut(place, _ON_SQLITE)
    survivors = [mutant for mutant, code in _codes(place).items() if code in _UNNOTICED]
    if batch.meets_servers and survivors:
        _mutmut(place, _ON_SERVERS, survivors)
    return _codes(place)


def _prepare(place: Path, batch: Batch) -> None:
    """Make a folder to work in: mutmut takes its settings from the one where it is run."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in ("flask_webhook_alerts", "tests"):
        (place / name).symlink_to(ROOT / name)
    settings = {
        "source_paths": ["flask_webhook_alerts"],
        "only_mutate": [f"flask_webhook_alerts/{pattern}.py" for pattern in batch.files.split()],
        "pytest_add_cli_args": _LEAN,
        "pytest_add_cli_args_test_selection": [f"tests/{name}.py" for name in batch.tests.split()],
        # From a process that has run no test: the body of a request cannot be read again.
        "process_isolation": "forkserver",
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    common = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    text = "\n".join([common, "[tool.mutmut]", *lines, ""])
    (place / "pyproject.toml").write_text(text, encoding="utf-8")


def _mutmut(place: Path, which_tests: str, mutants: list[str] | None = None) -> None:
    program = Path(sys.executable).with_name("mutmut")
    subprocess.run(  # noqa: S603 - no words but ours
        [program, "run", "--max-children", "1", *(mutants or ())],
        cwd=place,
        env={**os.environ, "PYTEST_ADDOPTS": f"-k '{which_tests}'"},
        check=True,
    )


def _codes(place: Path) -> dict[str, int | None]:
    codes: dict[str, int | None] = {}
    for path in sorted(place.glob("mutants/flask_webhook_alerts/**/*.meta")):
        codes |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return codes


if __name__ == "__main__":
    main(sys.argv[1:])
