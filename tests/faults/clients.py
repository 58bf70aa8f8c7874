"""Send events as senders do: again, with the same nonce, until they are taken in."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import itertools
import json
import threading
import time
import typing as t
import uuid
from collections import Counter
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.journal import write_line
from tests.faults.records import Attempt

Task: t.TypeAlias = tuple[str, str]
"""What to do, and with which Id."""

MAX_PAUSE: t.Final = 0.25


class GaveUp(Exception):
    """A sender's patience ended before its event was taken in."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said; nothing, if there is no status."""

    status: int | None = None
    outcome: str | None = None
    alert_id: int | None = None
    occurrences: int | None = None


class Tally:
    """The journal of all senders, and the counts of it that a running test looks at."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self.statuses: Counter[int | None] = Counter()
        self.last_accepted_at = 0.0

    @property
    def accepted(self) -> int:
        return self.statuses[200]

    def note(self, attempt: Attempt) -> None:
        """Write an attempt down."""
        write_line(self._path, dataclasses.asdict(attempt))
        with self._lock:
            self.statuses[attempt.status] += 1
            if attempt.is_accepted:
                self.last_accepted_at = max(self.last_accepted_at, attempt.answered_at)


class Sender:
    """One client with one connection, which it keeps open."""

    def __init__(
        self, name: str, port: int, integration: str, tally: Tally, *, patience: float = 60.0
    ) -> None:
        self._name = name
        self._integration = integration
        self._tally = tally
        self._patience = patience
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def send(self, op: str, thirdparty_id: str) -> Attempt:
        """Send one event until it is taken in or found faulty; return the last attempt."""
        nonce = uuid.uuid4().hex
        deadline = time.monotonic() + self._patience
        for number in itertools.count():
            attempt = self._attempt(op, thirdparty_id, nonce)
            self._tally.note(attempt)
            if attempt.is_accepted or not attempt.may_have_counted:
                return attempt

            if time.monotonic() > deadline:
                raise GaveUp(f"{op} of {thirdparty_id}: {attempt}")

            time.sleep(min(MAX_PAUSE, 0.01 * 2**number))
        raise AssertionError  # the loop above has no end

    def _attempt(self, op: str, thirdparty_id: str, nonce: str) -> Attempt:
        invoked_at = time.monotonic()
        answer = self._post(body_of(op, thirdparty_id, nonce))
        return Attempt(
            client=self._name,
            op=op,
            integration=self._integration,
            thirdparty_id=thirdparty_id,
            nonce=nonce,
            invoked_at=invoked_at,
            answered_at=time.monotonic(),
            **dataclasses.asdict(answer),
        )

    def _post(self, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json"}
        try:
            self._connection.request("POST", f"/integration/{self._integration}", body, headers)
            response = self._connection.getresponse()
            return read_answer(response.status, response.read())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer()


def body_of(op: str, thirdparty_id: str, nonce: str) -> bytes:
    """Return a payload that carries the nonce."""
    payload: dict[str, t.Any] = {"event_type": op, "Id": thirdparty_id, "Meta": {"nonce": nonce}}
    if op == "create":
        payload |= {"Title": f"{thirdparty_id} is full", "Description": "Sent by a test."}
    return json.dumps(payload).encode()


def read_answer(status: int, body: bytes) -> Answer:
    """Return what an answer of the endpoint says."""
    if status != 200:
        return Answer(status=status)

    told = json.loads(body)
    alert = told["alert"] or {"id": None, "occurrences": None}
    return Answer(
        status=status,
        outcome=told["outcome"],
        alert_id=alert["id"],
        occurrences=alert["occurrences"],
    )


SenderFor: t.TypeAlias = Callable[[str], Sender]
"""Name → a sender."""


@contextlib.contextmanager
def load(sender_for: SenderFor, tasks: Sequence[Iterator[Task]]) -> Iterator[None]:
    """Keep one sender busy with each of ``tasks`` until the block ends."""
    is_over = threading.Event()

    def keep_sending(number: int) -> None:
        with contextlib.closing(sender_for(f"client-{number}")) as sender:
            for op, thirdparty_id in tasks[number]:
                if is_over.is_set():
                    return

                sender.send(op, thirdparty_id)

    with ThreadPoolExecutor(len(tasks)) as pool:
        futures = [pool.submit(keep_sending, number) for number in range(len(tasks))]
        try:
            yield
        finally:
            is_over.set()
    for future in futures:
        future.result()


def charge(sender_for: SenderFor, rounds: Sequence[Sequence[Task]]) -> None:
    """Send the tasks of each round all at once, one sender for each, round after round."""
    ways = len(rounds[0])
    start = threading.Barrier(ways)

    def take_part(number: int) -> None:
        with contextlib.closing(sender_for(f"client-{number}")) as sender:
            for tasks in rounds:
                start.wait()
                sender.send(*tasks[number])

    def take_part_or_free_the_others(number: int) -> None:
        try:
            take_part(number)
        except BaseException:
            start.abort()
            raise

    with ThreadPoolExecutor(ways) as pool:
        futures = [pool.submit(take_part_or_free_the_others, number) for number in range(ways)]
    for future in sorted(futures, key=_was_freed):
        future.result()


def _was_freed(future: t.Any) -> bool:
    # The error that broke the barrier comes first, not those of the senders that waited at it.
    return isinstance(future.exception(), threading.BrokenBarrierError)
