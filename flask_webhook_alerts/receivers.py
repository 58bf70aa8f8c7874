"""Call the receivers of a signal: each in its own guard and its own app context."""

from __future__ import annotations

import inspect
import logging
import typing as t
from collections.abc import Callable

import blinker
from flask import Flask

logger = logging.getLogger(__name__)

Receiver = Callable[..., t.Any]
LoadArguments = Callable[[], dict[str, t.Any] | None]


def connected(signal: blinker.Signal, app: Flask) -> dict[str, list[Receiver]]:
    """Return the receivers that listen to ``app``, by name and in the order of names."""
    by_name: dict[str, list[Receiver]] = {}
    for receiver in signal.receivers_for(app):
        by_name.setdefault(name_of(receiver), []).append(receiver)
    return dict(sorted(by_name.items()))


def name_of(receiver: Receiver) -> str:
    """Return ``module:qualname``, the same in every process; objects go by their type."""
    named = receiver if hasattr(receiver, "__qualname__") else type(receiver)
    return f"{named.__module__}:{named.__qualname__}"


def call(app: Flask, name: str, receiver: Receiver, load: LoadArguments) -> str | None:
    """Call ``receiver`` with what ``load`` returns; return what went wrong, or None.

    Receivers are guests: whatever one raises, the others and the answer go on. The context is its
    own, so its ``db.session`` is too, and what it leaves uncommitted there ends with it.
    """
    try:
        with app.app_context():
            arguments = load()
            if arguments is not None:
                _plain(app, receiver)(app, **arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        logger.exception("Receiver %s failed", name, extra={"action": "receiver_failed"})
        return f"{name}: {type(error).__name__}: {error}"

    return None


def _plain(app: Flask, receiver: Receiver) -> Receiver:
    """Return ``receiver`` as a function that can be called from plain code."""
    if inspect.iscoroutinefunction(receiver):
        return app.ensure_sync(receiver)

    # An object may be a coroutine function by its __call__, which Flask does not look at.
    method = getattr(receiver, "__call__", receiver)  # noqa: B004 - the method itself is wanted
    return app.ensure_sync(method) if inspect.iscoroutinefunction(method) else receiver
