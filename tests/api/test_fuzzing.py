"""Let Schemathesis send what the document allows and forbids, in every order that makes sense."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from flask_webhook_alerts.api.blueprint import OPERATIONS
from tests.api.hosts import add_api
from tests.api.hosts import AUTHORIZATION
from tests.api.hosts import bury
from tests.api.hosts import create_alert
from tests.hosts import Host
from tests.hosts import running_host
from tests.serving import serving

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HOOKS = "tests.api.fuzzing_hooks"
EXAMPLES = os.environ.get("FUZZING_EXAMPLES", "20")
"""Cases of each operation and phase; some hundred for a long run."""

SEED = os.environ.get("FUZZING_SEED", "1")
"""Where chance begins. The same each time, so that no run fails for what another change did."""


def fill(host: Host) -> None:
    """Leave something to find: alerts, and events that are dead."""
    integration_id = host.create_integration()
    for number in range(60):
        create_alert(host, f"disk-{number}", integration_id=integration_id, Tags=["db"])
    bury(host)


def fuzz(url: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run every check in every phase."""
    # From a file, since the path that a document was loaded from would be left out.
    document = folder / "openapi.json"
    document.write_text(
        requests.get(f"{url}/api/v1/openapi.json", headers=AUTHORIZATION, timeout=60).text
    )
    headers = [f"{name}: {value}" for name, value in AUTHORIZATION.items()]
    return subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli",
            "--config-file", str(HERE / "schemathesis.toml"),
            "run", str(document), "--url", url, "--header", *headers, "--checks", "all",
            "--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure", "--no-color",
        ],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": HOOKS},
    )  # fmt: skip


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_no_request_is_answered_otherwise_than_the_document_says(
    database_url: str, tmp_path: Path
) -> None:
    with running_host(database_url) as host:
        add_api(host)
        fill(host)
        with serving(host.app) as url:
            done = fuzz(url, tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {len(OPERATIONS) + 1}" in done.stdout  # and the webhook endpoint
    assert all(f"{phase} (in" in done.stdout for phase in ("Coverage", "Fuzzing", "Stateful"))
