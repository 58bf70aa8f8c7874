"""Keep the errors that receivers raise, which the product logs and tries again."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from types import TracebackType

from flask import Flask

from flask_webhook_alerts.observers import Answer
from flask_webhook_alerts.observers import Observers
from flask_webhook_alerts.observers import ReceiverCall
from flask_webhook_alerts.state import state_of

_PACKAGE = __name__.partition(".")[0]


class ReceiverFailures:
    """The errors that receivers raise from ``with`` to its end, in all threads.

    :param app: only receivers of this app's signals; None for those of every app.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._app = app
        self._ear = _Ear()

    def __enter__(self) -> t.Self:
        if self._app is None:
            Observers.of_all_apps.append(self._ear)
        else:
            state_of(self._app).observers.add(self._ear)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._app is None:
            Observers.of_all_apps.remove(self._ear)
        else:
            state_of(self._app).observers.remove(self._ear)

    @property
    def errors(self) -> Sequence[BaseException]:
        """The errors so far, each with a note that names the receiver."""
        return tuple(self._ear.errors)

    def raise_any(self) -> None:
        """Raise the error that a receiver has raised, with its own traceback; several as a group.

        :raises BaseExceptionGroup: several receivers have failed, or one has several times.
        """
        __tracebackhide__ = True  # pytest shows the test and the receiver, and not this
        if len(self.errors) == 1:
            raise self.errors[0]

        if self.errors:
            raise BaseExceptionGroup("Several receivers have failed.", self.errors)


class _Ear:
    """An observer that keeps what receivers raise."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def request_answered(self, answer: Answer) -> None:
        """Ignore what the endpoint answered."""

    def receiver_called(self, call: ReceiverCall) -> None:
        """Keep the error, if there is one."""
        if call.error is None:
            return

        note = f"Raised by the receiver {call.receiver}."
        if note not in getattr(call.error, "__notes__", ()):  # another ear may have been faster
            call.error.add_note(note)
        self.errors.append(call.error.with_traceback(_own(call.error.__traceback__)))


def _own(traceback: TracebackType | None) -> TracebackType | None:
    """Return ``traceback`` from the receiver's first frame on, or all of it if it has none."""
    own = traceback
    while own is not None and str(own.tb_frame.f_globals.get("__name__")).startswith(_PACKAGE):
        own = own.tb_next
    return own or traceback
