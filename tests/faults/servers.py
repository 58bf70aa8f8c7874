"""Run databases of our own: temporary, on the loopback interface, made to be killed."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import typing as t
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pymysql

from tests.faults.processes import free_port
from tests.faults.processes import Program

DEBIAN_KEEPS_POSTGRESQL_IN: t.Final = Path("/usr/lib/postgresql")


class DatabaseServer:
    """A database server in a folder of its own.

    :param folder: empty, and gone when the test run is over.
    """

    programs: t.ClassVar[tuple[str, ...]]
    account: t.ClassVar[str]
    """Whom the server runs as if we are root, which it refuses to be."""
    crash_signal: t.ClassVar[signal.Signals]
    stop_signal: t.ClassVar[signal.Signals]

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.user = self.account if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(folder, self.user)
        self._numbers = itertools.count(1)
        self._make_files()
        self.program = Program(self._command(), log=folder / "log", user=self.user)

    @classmethod
    def missing_programs(cls) -> list[str]:
        """Return what the machine lacks to run this server."""
        return [name for name in cls.programs if find_program(name) is None]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.program.start(self._answers)

    def stop(self) -> None:
        """End the server in good order."""
        self.program.end(self.stop_signal)

    def crash(self) -> None:
        """End the server at once, with all that was under way."""
        self.program.end(self.crash_signal)

    def create_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"faults_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def execute(self, statement: str) -> None:
        """Run a statement of the administrator's."""
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError

    def _make_files(self) -> None:
        raise NotImplementedError

    def _command(self) -> Sequence[str | Path]:
        raise NotImplementedError

    def _url(self, name: str) -> str:
        raise NotImplementedError

    def _prepare(self, *command: str | Path) -> None:
        subprocess.run(command, check=True, capture_output=True, user=self.user, cwd=self.folder)


class PostgreSQL(DatabaseServer):
    """A PostgreSQL cluster that trusts everybody on this machine."""

    programs = ("initdb", "postgres")
    account = "postgres"
    crash_signal = signal.SIGQUIT  # what "pg_ctl stop -m immediate" sends
    stop_signal = signal.SIGINT  # "-m fast"

    def execute(self, statement: str) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError):
            self.execute("SELECT 1")
            return True
        return False

    def _make_files(self) -> None:
        self._prepare(
            *(_program("initdb"), "-D", self.folder / "data", "-U", "faults"),
            *("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"),
        )

    def _command(self) -> Sequence[str | Path]:
        return (
            *(_program("postgres"), "-D", self.folder / "data", "-p", str(self.port)),
            *("-h", "127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"),
        )

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://faults@127.0.0.1:{self.port}/{name}"

    @property
    def _dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=faults dbname=postgres connect_timeout=2"


class MariaDB(DatabaseServer):
    """A MariaDB server whose root has no password."""

    programs = ("mariadb-install-db", "mariadbd")
    account = "mysql"
    crash_signal = signal.SIGKILL
    stop_signal = signal.SIGTERM

    def execute(self, statement: str) -> None:
        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", connect_timeout=2, autocommit=True
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _answers(self) -> bool:
        with contextlib.suppress(pymysql.OperationalError):
            self.execute("SELECT 1")
            return True
        return False

    def _make_files(self) -> None:
        self._prepare(
            *(_program("mariadb-install-db"), "--no-defaults", "--skip-test-db"),
            *(f"--datadir={self.folder / 'data'}", "--auth-root-authentication-method=normal"),
        )

    def _command(self) -> Sequence[str | Path]:
        return (
            *(_program("mariadbd"), "--no-defaults", f"--datadir={self.folder / 'data'}"),
            *("--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve"),
            *(f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}"),
            *("--max-connections=200", "--character-set-server=utf8mb4"),
        )

    def _url(self, name: str) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{name}?charset=utf8mb4"


@contextlib.contextmanager
def running(kind: type[DatabaseServer]) -> Iterator[DatabaseServer]:
    """Run a new server, and leave neither a process nor a file of it behind."""
    # Not in pytest's temporary folder: only its owner may enter that one.
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        server = kind(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def create_sqlite_file(folder: Path, *, journal_mode: str) -> str:
    """Create an empty SQLite database with a journal of this mode, and return its URL."""
    path = folder / "host.db"
    # The file remembers the mode if it is WAL; DELETE is what files begin with.
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {journal_mode}")
    return f"sqlite:///{path}"


def find_program(name: str) -> Path | None:
    """Return where a program is, on the path or where Debian keeps it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found:
        return Path(found)

    return max(DEBIAN_KEEPS_POSTGRESQL_IN.glob(f"*/bin/{name}"), default=None)


def _program(name: str) -> Path:
    path = find_program(name)
    if path is None:
        raise FileNotFoundError(f"{name} is not installed.")

    return path
