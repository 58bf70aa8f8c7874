"""Call the receivers of a signal: each in its own guard and its own app context."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import logging
import re
import time
import traceback
import typing as t
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence

import blinker
from flask import Flask
from flask import has_app_context
from flask.ctx import AppContext
from flask.globals import app_ctx
from werkzeug.local import LocalProxy

from . import signals
from .decoding import clean
from .observers import Observers
from .observers import ReceiverCall

logger: logging.Logger = logging.getLogger(__name__)

Receiver = Callable[..., t.Any]
LoadArguments = Callable[[], dict[str, t.Any] | None]

_MAX_LENGTH = 2_000
_NAMED = re.compile(r"^([\w.]+:[\w.<>]+): ", re.MULTILINE)

NOBODY: str = (
    "no receivers are connected in this process, so nobody hears of what it delivers. Import the"
    " module that connects them where the app is made."
)
"""What to tell a deliverer to whom :func:`any_connected` is false."""


def connected(signal: blinker.Signal, app: Flask) -> dict[str, list[Receiver]]:
    """Return the receivers that listen to ``app``, by name and in the order of names."""
    by_name: dict[str, list[Receiver]] = {}
    for receiver in signal.receivers_for(app):
        by_name.setdefault(name_of(receiver), []).append(receiver)
    return dict(sorted(by_name.items()))


_ABSENT = (
    "it failed before, and is not connected in this process. Import the module that connects it"
    " where the app is made. If it is gone for good, send the event again once it is dead."
)


def told(errors: Sequence[str]) -> str:
    """Return what went wrong with some receivers as one text, in which each is named."""
    room = _MAX_LENGTH // len(errors)
    text = "\n".join(error[: max(room, error.find(": ") + 2)] for error in errors)
    return t.cast(str, clean(text))


def named_in(errors: str | None) -> tuple[str, ...]:
    """Return the names of the receivers in what :func:`told` has returned."""
    return tuple(dict.fromkeys(_NAMED.findall(errors or "")))


def report_missing(name: str) -> str:
    """Log that a receiver which failed before is not connected here; return what went wrong."""
    logger.warning("Receiver %s: %s", name, _ABSENT, extra={"action": "receiver_missing"})
    return f"{name}: {_ABSENT}"


def any_connected(app: Flask) -> bool:
    """Tell whether anybody listens to the events of ``app`` in this process."""
    return any(connected(signal, app) for signal in signals.OF_EVENTS.values())


def name_of(receiver: Receiver) -> str:
    """Return ``module:qualname``, the same in every process; objects go by their type."""
    named = receiver if hasattr(receiver, "__qualname__") else type(receiver)
    return f"{named.__module__}:{named.__qualname__}"


def call(
    app: Flask, name: str, receiver: Receiver, load: LoadArguments, observers: Observers
) -> str | None:
    """Call ``receiver`` with what ``load`` returns; return what went wrong, or None.

    Receivers are guests: whatever one raises, the others and the answer go on. The context is its
    own, so its ``db.session`` is too, and what it leaves uncommitted there ends with it.
    """
    started = time.perf_counter()
    error = _call_guarded(app, name, receiver, load)
    if observers:
        seconds = time.perf_counter() - started
        observers.receiver_called(ReceiverCall(receiver=name, error=error, seconds=seconds))
    return None if error is None else f"{name}: {_line_of(error)}"


def _call_guarded(
    app: Flask, name: str, receiver: Receiver, load: LoadArguments
) -> BaseException | None:
    try:
        # In a context of Python's as well: what a guest pushes or sets ends with it.
        contextvars.copy_context().run(_run, app, receiver, load)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also SystemExit, which ends no one else's work
        logger.exception("Receiver %s failed", name, extra={"action": "receiver_failed"})
        return error

    return None


def _run(app: Flask, receiver: Receiver, load: LoadArguments) -> None:
    with _context(app):
        arguments = load()
        if arguments is not None:
            _finish(app, receiver(app, **arguments))


@contextlib.contextmanager
def _context(app: Flask) -> Iterator[None]:
    """Push an app context, and pop whatever a guest has left on top of it."""
    outer, context = _current_context(), app.app_context()
    context.push()
    try:
        yield
    finally:
        while (left := _current_context()) and left not in {outer, context}:
            left.pop()
        if left is not context:
            raise RuntimeError("The receiver has popped the app context that it was called in.")

        context.pop()


def _current_context() -> AppContext | None:
    return app_ctx._get_current_object() if has_app_context() else None  # type: ignore[attr-defined]


def _line_of(error: BaseException) -> str:
    """Return the type and the message of an error, without the notes that were added to it."""
    # Not str(error), which an error of the host's may make fail too.
    shown = traceback.TracebackException(type(error), error, None)
    shown.__notes__ = None
    return " ".join(list(shown.format_exception_only())[-1].split())


def _finish(app: Flask, result: object) -> None:
    """Run what a receiver has left to be run.

    Its result tells more than the receiver itself, which may hide behind a decorator.
    """
    if isinstance(result, LocalProxy):
        return  # such as current_app: it can be awaited, whatever it stands for

    if inspect.iscoroutine(result):
        with contextlib.closing(result):  # where Flask cannot run it, nobody will
            app.ensure_sync(_awaited)(result)
    elif inspect.isawaitable(result) and not asyncio.isfuture(result):  # which its own loop runs
        app.ensure_sync(_awaited)(result)
    elif inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("It is a generator function: calling it runs nothing. Take out the yield.")


async def _awaited(result: Awaitable[t.Any]) -> None:
    await result
