"""What docs/testing.md shows is written into a folder and run, as a reader would do it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flask_webhook_alerts import testing
from flask_webhook_alerts.testing import clients

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
FILES = re.findall(r"<!-- (file|append): (\S+) -->\n```python\n(.*?)```", PAGE, re.DOTALL)
PASSED = re.findall(r"^(\d+) passed in …s$", PAGE, re.MULTILINE)

pytest_plugins = "pytester"


def write_files(folder: Path) -> None:
    """Write the files of the page."""
    for how, name, text in FILES:
        with (folder / name).open("w" if how == "file" else "a") as file:
            file.write(text)


def test_every_test_of_the_page_passes(pytester: pytest.Pytester) -> None:
    write_files(pytester.path)

    options = ["-p", "no:randomly", "-p", "no:hypothesispytest", "-W", "error", "test_shop.py"]
    result = pytester.runpytest_subprocess(*options)

    result.assert_outcomes(passed=int(PASSED[-1]))
    result.stdout.fnmatch_lines([f"*{PASSED[-1]} passed*"])


def test_the_tests_of_the_page_without_pytest_pass(tmp_path: Path) -> None:
    write_files(tmp_path)

    command = [sys.executable, "-W", "error", "-m", "unittest", "-q", "test_plain"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stderr.rstrip().endswith("OK")


def test_every_python_block_of_the_page_is_run() -> None:
    assert PAGE.count("```python") == len(FILES)
    assert PASSED[0] == "1"


def test_the_tables_name_every_fixture_and_every_builder() -> None:
    named = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE))
    plugin = (Path(__file__).parents[2] / "pytest_webhook_alerts.py").read_text("utf-8")
    fixtures = set(re.findall(r"^@pytest\.fixture\ndef (\w+)", plugin, re.MULTILINE))

    assert named == fixtures | set(clients.__all__) - {"Payload"}
    assert set(clients.__all__) <= set(testing.__all__)
