"""Give a page what it says it needs: an app to begin with, and services of its own."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.databases import new_database
from tests.faults.processes import free_port
from tests.faults.processes import Program
from tests.needs import is_missing

from .blocks import find_blocks
from .recognised import ROOT
from .stand_ins import StandIns

_RECEIVER = re.compile(r"@alert_created\.connect\n.*?\n\n\n", re.DOTALL)
_NEEDS = re.compile(r"^<!-- *needs: *(.*?) *-->$", re.MULTILINE)


def provide(path: Path, stand_ins: StandIns, folder: Path, ending: ExitStack) -> None:
    """Start or find what a page says it needs, and let its addresses stand for that."""
    for needs in _NEEDS.findall(path.read_text("utf-8")):
        for need in needs.split():
            _SERVICES[need](stand_ins, folder, ending)


def _provide_app(stand_ins: StandIns, folder: Path, _ending: ExitStack) -> None:
    """Write README's app, without its receiver, whose output would be in the way."""
    (code,) = [block for block in find_blocks(ROOT / "README.md") if "file" in block.comments]
    text = _RECEIVER.sub("", stand_ins.to_real(code.text))
    (folder / code.comments["file"]).write_text(text, "utf-8")


def _provide_demo(_stand_ins: StandIns, folder: Path, _ending: ExitStack) -> None:
    """Copy the example app into the page's folder, so that its database comes to lie there too."""
    left_out = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(ROOT / "example_app", folder / "example_app", ignore=left_out)


def _provide_nginx(_stand_ins: StandIns, _folder: Path, _ending: ExitStack) -> None:
    if shutil.which("nginx") is None:
        is_missing("nginx is not installed.")


def _provide_redis(stand_ins: StandIns, folder: Path, ending: ExitStack) -> None:
    if shutil.which("redis-server") is None:
        is_missing("redis-server is not installed.")
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    server = Program([*command, "--dir", str(folder)], log=folder / "redis.log")
    ending.callback(server.end)
    server.start(lambda: _answers(port))
    stand_ins.stand_for(r"redis://localhost(?::6379)?", f"redis://127.0.0.1:{port}")


def _provide_rabbitmq(_stand_ins: StandIns, _folder: Path, _ending: ExitStack) -> None:
    if not _answers(5672):
        is_missing("No RabbitMQ answers on port 5672.")


def _provide_postgresql(stand_ins: StandIns, _folder: Path, ending: ExitStack) -> None:
    url = ending.enter_context(new_database("postgresql"))
    stand_ins.stand_for(r"postgresql\+psycopg://\w+(?::\w+)?@localhost/\w+", url)


def _provide_mariadb(stand_ins: StandIns, _folder: Path, ending: ExitStack) -> None:
    url = ending.enter_context(new_database("mariadb"))
    stand_ins.stand_for(r"mysql\+pymysql://\w+(?::\w+)?@localhost/\w+", url)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False

    return True


_SERVICES: dict[str, Callable[[StandIns, Path, ExitStack], None]] = {
    "app": _provide_app,
    "demo": _provide_demo,
    "nginx": _provide_nginx,
    "redis": _provide_redis,
    "rabbitmq": _provide_rabbitmq,
    "postgresql": _provide_postgresql,
    "mariadb": _provide_mariadb,
}
