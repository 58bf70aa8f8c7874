"""Do what README says, as a stranger would: copy, paste, look."""

from __future__ import annotations

import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with README's app in it."""
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    (tmp_path / "app.py").write_text(code)
    return tmp_path


@pytest.fixture
def port(project: Path) -> Iterator[int]:
    """The port on which README's app is served, its log in ``server.log``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with (project / "server.log").open("w") as log:
        command = [sys.executable, "-m", "flask", "run", "--port", str(port)]
        server = subprocess.Popen(command, cwd=project, stdout=log, stderr=log)
        try:
            wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(10)


def test_the_first_alert_arrives_within_the_lines_of_the_readme(project: Path, port: int) -> None:
    (create,) = re.findall(r"^\$ (flask webhook-alerts .*)$", README, re.MULTILINE)
    printed = run(shlex.split(create), project)
    curl = printed[printed.index("curl ") :].replace("http://localhost", f"http://127.0.0.1:{port}")

    answer = json.loads(run(["sh", "-c", curl.replace("curl ", "curl -sS ", 1)], project))

    assert answer["outcome"] == "created"
    assert "Uptime Kuma says: " in (project / "server.log").read_text()


def test_every_command_of_the_readme_exists() -> None:
    lines = re.findall(r"`(flask webhook-alerts [a-z-]+)", README)

    for line in lines:
        command = [sys.executable, "-m", "flask", "--app", "example_app", *line.split()[1:]]
        subprocess.run([*command, "--help"], check=True, capture_output=True, timeout=60)
    assert len(lines) >= 2


def test_every_link_of_the_readme_leads_somewhere() -> None:
    root = Path(__file__).parent.parent
    links = re.findall(r"\]\(([^)]+)\)", README)

    assert [link for link in links if "://" not in link and not (root / link).exists()] == []


def run(command: list[str], folder: Path) -> str:
    """Run a command as in the folder's shell, with our flask, and return what it printed."""
    if command[0] == "flask":
        command = [sys.executable, "-m", *command]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_for(port: int) -> None:
    """Wait until something listens."""
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(port)
