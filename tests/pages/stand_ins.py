"""Put real ports, ids, tokens and addresses where a page shows made-up ones, and back."""

from __future__ import annotations

import re
import socket

from tests.faults.processes import free_port

INTEGRATION_ID = r"int_[A-Za-z0-9]{14}"
TOKEN = r"(?<![\w-])[A-Za-z0-9_-]{43}(?![\w-])"
TIME = r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"

_PORT = r"(?P<host>\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):|--port[ =]|-p )(?P<port>\d{4,5})\b"
_WILD = re.compile(rf"(?P<any> *(?:\.\.\.|…))|(?P<value>{INTEGRATION_ID}|{TOKEN})|(?P<time>{TIME})")


class StandIns:
    """What one page's made-up values stand for.

    A made-up id or token stands for whatever is printed where the page shows it first.
    """

    def __init__(self) -> None:
        self._ports: dict[str, int] = {}
        self._values: dict[str, str] = {}
        self._addresses: dict[str, str] = {}

    def port(self, shown: str) -> int:
        """Return the free port that a shown one stands for, the same on the whole page."""
        if shown not in self._ports:
            self._ports[shown] = free_port()
        return self._ports[shown]

    def port_in(self, line: str) -> str:
        """Return the port that a shown line names, else Flask's."""
        match = re.search(_PORT, line)
        return match["port"] if match else "5000"

    def answers(self, shown: str) -> bool:
        """Tell whether somebody listens on the port that a shown one stands for."""
        try:
            socket.create_connection(("127.0.0.1", self.port(shown)), timeout=1).close()
        except OSError:
            return False

        return True

    def stand_for(self, pattern: str, real: str) -> None:
        """Let every address of a service that fits ``pattern`` be ``real``."""
        self._addresses[pattern] = real

    def to_real(self, text: str) -> str:
        """Return what the page shows as it can be run here."""
        patterns = [f"(?P<address{n}>{pattern})" for n, pattern in enumerate(self._addresses)]
        patterns += [f"(?P<value>{INTEGRATION_ID}|{TOKEN})", _PORT]
        return re.sub("|".join(patterns), self._real, text)

    def to_shown(self, text: str) -> str:
        """Return what was printed here as the page would show it."""
        for shown, real in self._values.items():
            text = text.replace(real, shown)
        for shown, port in self._ports.items():
            text = re.sub(rf"(?<=:){port}\b", shown, text)
        return text

    def find(self, shown: str, printed: str, *, whole: bool = True) -> bool:
        """Tell whether ``printed`` is what the page shows, and learn the values in it."""
        printed = _unspaced(self.to_shown(printed))
        values: list[str] = []
        pattern = self._pattern(_unspaced(shown), values)
        match = (re.fullmatch if whole else re.search)(pattern, printed, re.DOTALL)
        if match is None:
            return False

        self._values.update(zip(values, match.groups(), strict=True))
        return True

    def _pattern(self, shown: str, values: list[str]) -> str:
        parts, end = [], 0
        for wild in _WILD.finditer(shown):
            parts += [re.escape(shown[end : wild.start()]), self._wild(wild, values)]
            end = wild.end()
        return "".join([*parts, re.escape(shown[end:])])

    def _wild(self, wild: re.Match[str], values: list[str]) -> str:
        if wild["any"]:
            return ".*?"
        if wild["time"]:
            return TIME
        if wild[0] in self._values:
            return re.escape(wild[0])
        if wild[0] in values:
            return rf"\{values.index(wild[0]) + 1}"

        values.append(wild[0])
        return f"({INTEGRATION_ID})" if wild[0].startswith("int_") else f"({TOKEN})"

    def _real(self, match: re.Match[str]) -> str:
        if match["port"]:
            return f"{match['host']}{self.port(match['port'])}"
        if match["value"]:
            return self._values.get(match[0], match[0])

        reals = list(self._addresses.values())
        return next(real for n, real in enumerate(reals) if match[f"address{n}"])


def _unspaced(text: str) -> str:
    """Return ``text`` with single blanks and without those at the ends of lines."""
    lines = [re.sub(" +", " ", line).rstrip() for line in text.strip().splitlines()]
    return "\n".join(lines)
