"""Keep the errors that receivers raise, which the product logs and tries again."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from types import TracebackType

from flask import Flask

from flask_webhook_alerts import receivers

_PACKAGE = __name__.partition(".")[0]


class ReceiverFailures:
    """The errors that receivers raise from ``with`` to its end, in all threads.

    :param app: only receivers of this app's signals; None for all.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._app = app
        self._errors: list[BaseException] = []

    def __enter__(self) -> t.Self:
        receivers.watchers.append(self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        receivers.watchers.remove(self._note)

    @property
    def errors(self) -> Sequence[BaseException]:
        """The errors so far, each with a note that names the receiver."""
        return tuple(self._errors)

    def raise_any(self) -> None:
        """Raise the error that a receiver has raised, with its own traceback; several as a group.

        :raises BaseExceptionGroup: several receivers have failed, or one has several times.
        """
        __tracebackhide__ = True  # pytest shows the test and the receiver, and not this
        if len(self._errors) == 1:
            raise self._errors[0]

        if self._errors:
            raise BaseExceptionGroup("Several receivers have failed.", self._errors)

    def _note(self, app: Flask, name: str, error: BaseException) -> None:
        if self._app not in {None, app}:
            return

        note = f"Raised by the receiver {name}."
        if note not in getattr(error, "__notes__", ()):  # another watcher may have been faster
            error.add_note(note)
        self._errors.append(error.with_traceback(_own(error.__traceback__)))


def _own(traceback: TracebackType | None) -> TracebackType | None:
    """Return ``traceback`` from the receiver's first frame on, or all of it if it has none."""
    own = traceback
    while own is not None and str(own.tb_frame.f_globals.get("__name__")).startswith(_PACKAGE):
        own = own.tb_next
    return own or traceback
