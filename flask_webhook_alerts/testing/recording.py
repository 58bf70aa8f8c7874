"""Record the signals of one app, so that a test can look at them, and wait for them."""

from __future__ import annotations

import contextlib
import difflib
import threading
import typing as t
from collections.abc import Iterator
from collections.abc import Sequence

import blinker
import sqlalchemy as sa
from flask import Flask

from flask_webhook_alerts import signals

from .hosts import require_app
from .recorded import RecordedSignal
from .recorded import SignalKind
from .snapshots import Snapshot

_SIGNALS: dict[SignalKind, blinker.NamedSignal] = {
    **{SignalKind(kind): signal for kind, signal in signals.OF_EVENTS.items()},
    SignalKind.REPEATED: signals.alert_repeated,
    SignalKind.REJECTED: signals.request_rejected,
}


class AlertRecorder(Sequence[RecordedSignal]):
    """The signals that one app sends from ``with`` to its end, in whatever thread.

    It hears of each event after the app's own receivers were called, and is a receiver itself: an
    event that nobody else wants to hear of is delivered to it.

    :param app: the app, which has WebhookAlerts.
    """

    def __init__(self, app: Flask) -> None:
        self._app = require_app(app)
        self._changed = threading.Condition()
        self._signals: list[RecordedSignal] = []
        self._connected = contextlib.ExitStack()

    def __enter__(self) -> t.Self:
        for kind, signal in _SIGNALS.items():
            ear = _Ear(kind, self._record)
            signal.connect(ear, sender=self._app, weak=False)
            self._connected.callback(signal.disconnect, ear)
        return self

    def __exit__(self, *_error: object) -> None:
        self._connected.close()

    def __len__(self) -> int:
        return len(self._signals)

    @t.overload
    def __getitem__(self, index: int) -> RecordedSignal: ...

    @t.overload
    def __getitem__(self, index: slice) -> list[RecordedSignal]: ...

    def __getitem__(self, index: int | slice) -> RecordedSignal | list[RecordedSignal]:
        return self._signals[index]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {[signal.line for signal in self]}>"

    @property
    def kinds(self) -> list[str]:
        """The kinds of all signals, in order."""
        return [signal.kind.value for signal in self]

    @property
    def lines(self) -> list[str]:
        """The kind and the key of all signals, in order, such as ``created disk-full``."""
        return [signal.line for signal in self]

    @property
    def created(self) -> list[RecordedSignal]:
        """What was told of new alerts."""
        return self.of(SignalKind.CREATED)

    @property
    def acknowledged(self) -> list[RecordedSignal]:
        """What was told of acknowledgements."""
        return self.of(SignalKind.ACKNOWLEDGED)

    @property
    def resolved(self) -> list[RecordedSignal]:
        """What was told of resolutions."""
        return self.of(SignalKind.RESOLVED)

    @property
    def reopened(self) -> list[RecordedSignal]:
        """What was told of alerts that people opened again."""
        return self.of(SignalKind.REOPENED)

    @property
    def repeated(self) -> list[RecordedSignal]:
        """What was told of repeated creates."""
        return self.of(SignalKind.REPEATED)

    @property
    def rejected(self) -> list[RecordedSignal]:
        """What was told of refused requests."""
        return self.of(SignalKind.REJECTED)

    def of(self, *kinds: str, key: str | None = None) -> list[RecordedSignal]:
        """Return the signals of these kinds; of all kinds, if none is given.

        :param key: only of alerts with this key of the sender.
        :raises ValueError: there is no such kind.
        """
        wanted = {SignalKind(kind) for kind in kinds} or set(SignalKind)
        return [
            signal
            for signal in self._signals
            if signal.kind in wanted and key in {None, signal.key}
        ]

    def wait_for(
        self, count: int, *kinds: str, key: str | None = None, timeout: float = 5.0
    ) -> list[RecordedSignal]:
        """Return the signals as soon as there are so many, from other threads too.

        :param count: how many signals of these kinds, and of this key, to wait for.
        :param timeout: for how many seconds.
        :raises AssertionError: there are fewer by then; the message shows what there is.
        """
        __tracebackhide__ = True  # pytest shows the line of the test
        with self._changed:
            self._changed.wait_for(lambda: len(self.of(*kinds, key=key)) >= count, timeout)
            found = self.of(*kinds, key=key)
        if len(found) < count:
            which = " ".join((*kinds, key) if key else kinds) or "of any kind"
            raise AssertionError(
                f"Expected {count} signals ({which}) within {timeout:g} s, and heard {len(found)}."
                f" {self._told()}"
            )

        return found

    def expect(self, *lines: str) -> None:
        """Check that exactly these signals were sent, in this order.

        :param lines: each a kind, such as ``created``, or a kind and a key, such as
            ``created disk-full``; for a rejection the key is its HTTP status.
        :raises AssertionError: others were sent; the message shows the difference.
        """
        __tracebackhide__ = True  # pytest shows the line of the test
        heard = [_as_expected(signal, lines, index) for index, signal in enumerate(self)]
        if heard != list(lines):
            difference = "\n".join(self._compare(lines, heard))
            raise AssertionError(f"The signals differ (- expected, + heard):\n{difference}")

    def clear(self) -> None:
        """Forget what was heard so far, such as what came from arranging the test."""
        with self._changed:
            self._signals.clear()

    def _record(self, signal: RecordedSignal) -> None:
        with self._changed:
            self._signals.append(signal)
            self._changed.notify_all()

    def _told(self) -> str:
        lines = "".join(f"\n  {signal}" for signal in self)
        return f"All that was heard:{lines}" if lines else "Nothing was heard at all."

    def _compare(self, lines: Sequence[str], heard: Sequence[str]) -> Iterator[str]:
        matcher = difflib.SequenceMatcher(None, lines, heard, autojunk=False)
        for tag, first, last, start, stop in matcher.get_opcodes():
            if tag != "equal":
                yield from (f"- {line}" for line in lines[first:last])
            sign = " " if tag == "equal" else "+"
            yield from (f"{sign} {signal}" for signal in self._signals[start:stop])


class _Ear:
    """A receiver of one signal."""

    def __init__(self, kind: SignalKind, record: t.Callable[[RecordedSignal], None]) -> None:
        self._kind = kind
        self._record = record
        # Receivers are called in the order of their names, and "~" comes after every letter:
        # what waits for a signal finds the work of the app's own receivers done.
        self.__module__ = "~" + __name__
        self.__qualname__ = AlertRecorder.__qualname__

    def __call__(self, app: Flask, **arguments: t.Any) -> None:
        plain = {name: _plain(value) for name, value in arguments.items()}
        self._record(RecordedSignal(kind=self._kind, arguments=plain))


def _as_expected(signal: RecordedSignal, lines: Sequence[str], index: int) -> str:
    """Return ``signal`` in the words in which it is expected, if it is."""
    words = (signal.line, signal.kind.value)
    if index < len(lines) and lines[index] in words:
        return lines[index]

    return next((word for word in words if word in lines), signal.line)


def _plain(value: t.Any) -> t.Any:
    is_row = sa.inspect(value, raiseerr=False) is not None and not isinstance(value, type)
    return Snapshot(value) if is_row else value
