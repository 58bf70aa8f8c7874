"""Limit how many events an integration may send in a time, with the library ``limits``.

The window moves: at no moment have more than the limit been let in within the time before it. A
fixed window would let in twice as many around each of its borders, and costs as much time (one
round trip to Redis); what the moving one costs is memory, a moment for each event of the time.
"""

from __future__ import annotations

import importlib.util
import logging
import threading
import time
import typing as t
from urllib.parse import urlsplit

from flask import request

from flask_webhook_alerts.errors import ConfigError

if not all(map(importlib.util.find_spec, ("limits", "redis"))):
    raise ImportError("Rate limits need the extra: install Flask-Webhook-Alerts[ratelimit].")

import limits
import redis
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

logger: logging.Logger = logging.getLogger(__name__)

TIMEOUT: float = 0.2
"""Seconds that Redis has to take a connection, and for each answer."""

PAUSE: float = 5.0
"""Seconds for which a storage that failed is left alone, but for one request after them."""

LOG_PAUSE: float = 60.0
"""Seconds between two lines in the log about a storage that fails."""

_MEMORY = "memory://"


class RateLimiter:
    """Count the events of one app's integrations, and let in no more than the limit.

    An alert must not be lost over its limiter: while the storage fails, everything is let in.

    :param limit: such as ``600 per minute``.
    :param storage: ``memory://``, which each process has for itself, or the URL of a Redis.
    :raises ConfigError: the storage cannot be used. Nothing is connected yet.
    """

    def __init__(self, limit: str, storage: str) -> None:
        self.limit: str = limit
        self.is_shared: bool = storage != _MEMORY
        self._item = limits.parse(limit)
        self._may_warn = not self.is_shared
        self._lock = threading.Lock()
        # Memory is made on first use: it starts a thread, which a server must not fork.
        self._window: MovingWindowRateLimiter | None = None
        if self.is_shared:
            self._window = MovingWindowRateLimiter(_redis_storage(storage))
        self.storage: str = _without_secrets(storage)
        self._circuit = Circuit(self.storage)

    def seconds_to_wait(self, integration_id: str) -> int:
        """Count one event and return 0; or count none, and say in how many seconds one may come."""
        if self._may_warn:
            self._warn_of_several_processes()
        if not self._circuit.may_try():
            return 0

        try:
            seconds = self._hit(integration_id)
        except Exception as error:  # noqa: BLE001 - the circuit logs it, once a minute
            self._circuit.failed(error)
            return 0

        self._circuit.succeeded()
        return seconds

    def answers(self) -> bool:
        """Tell whether the storage is there."""
        return self._moving_window().storage.check()

    def _hit(self, integration_id: str) -> int:
        window = self._moving_window()
        key = ("webhook-alerts", integration_id)
        if window.hit(self._item, *key):
            return 0

        stats = window.get_window_stats(self._item, *key)
        if stats.remaining:
            return 1  # some have left the window since

        # The whole second after the oldest event leaves the window: before it, waiting is in vain.
        # By the clock that the library asks, not by ours.
        return max(1, int(stats.reset_time - time.time()) + 1)

    def _moving_window(self) -> MovingWindowRateLimiter:
        with self._lock:
            if self._window is None:
                self._window = MovingWindowRateLimiter(storage_from_string(_MEMORY))
            return self._window

    def _warn_of_several_processes(self) -> None:
        self._may_warn = False
        if request.environ.get("wsgi.multiprocess"):
            logger.warning(
                "WEBHOOK_ALERTS_RATE_LIMIT is counted by each process of this server for itself,"
                " so together they let in a multiple of it. Set WEBHOOK_ALERTS_RATE_LIMIT_STORAGE"
                " to the URL of a Redis, such as redis://127.0.0.1:6379/0.",
                extra={"action": "rate_limit_not_shared"},
            )


class Circuit:
    """Leave a storage that has failed alone for a moment, so that few requests wait for it.

    Threads may meet here without a lock: the worst is one try, or one line in the log, more.

    :param storage: what to call it in the log.
    """

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self._next_try = 0.0
        self._next_line = 0.0

    def may_try(self) -> bool:
        """Tell whether to ask the storage; while it fails, one request after each pause may."""
        if not self._next_try:
            return True

        now = time.monotonic()
        if now < self._next_try:
            return False

        self._next_try = now + PAUSE
        return True

    def failed(self, error: Exception) -> None:
        """Hear that the storage failed."""
        now = time.monotonic()
        self._next_try = now + PAUSE
        if now >= self._next_line:
            self._next_line = now + LOG_PAUSE
            logger.error(
                "The rate limiter's storage %s fails, so events are let in without a limit: %r",
                self._storage,
                error,
                extra={"action": "rate_limit_storage_failed"},
            )

    def succeeded(self) -> None:
        """Hear that the storage answered."""
        if self._next_try:
            self._next_try = self._next_line = 0.0
            logger.warning(
                "The rate limiter's storage %s answers again",
                self._storage,
                extra={"action": "rate_limit_storage_back"},
            )


def _redis_storage(url: str) -> t.Any:
    try:
        storage: t.Any = storage_from_string(url, **_redis_options(url))
        # A connection that is not opened: the URL may hold options that there are none of.
        pool = storage.get_connection().connection_pool
        pool.connection_class(**pool.connection_kwargs)
    except (TypeError, ValueError):
        # Neither the URL nor the error is shown: both may hold a part of the password.
        raise ConfigError(
            "WEBHOOK_ALERTS_RATE_LIMIT_STORAGE is no URL that Redis' client understands. Set one"
            ' such as "redis://:password@127.0.0.1:6379/0"; in a password, write "/" as "%2F".'
        ) from None

    return storage


def _redis_options(url: str) -> dict[str, t.Any]:
    # A connection that was idle may be closed by now, which one more try finds out; a server that
    # is slow gets none, and the event is let in.
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    options = {"socket_timeout": TIMEOUT, "retry": retry}
    if not url.startswith("redis+unix:"):
        options["socket_connect_timeout"] = TIMEOUT
    return options


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
