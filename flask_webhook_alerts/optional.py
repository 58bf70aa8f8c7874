"""Find the optional parts that the settings ask for; nothing else imports one."""

from __future__ import annotations

from flask import Flask

from .admission import Limiter
from .config import DeliveryMode
from .config import Settings
from .errors import ConfigError
from .waking import Wake


def limiter_for(settings: Settings) -> Limiter | None:
    """Return what limits the events of each integration, or None without a limit.

    :raises ConfigError: the limit needs what is not there.
    """
    if settings.rate_limit is None:
        return None

    try:
        from .contrib.ratelimit import RateLimiter
    except ImportError as error:
        raise ConfigError(
            f"WEBHOOK_ALERTS_RATE_LIMIT is {settings.rate_limit!r}. {error} Or remove the setting."
        ) from error

    return RateLimiter(settings.rate_limit, settings.rate_limit_storage)


def wake_for(app: Flask, mode: DeliveryMode, wake: Wake | None) -> Wake:
    """Return how ``app`` wakes a worker.

    :param wake: the way that the host has given, for the mode "manual".
    :raises ConfigError: it does not fit the mode, or the mode needs what is not there.
    """
    if wake is not None and mode is not DeliveryMode.MANUAL:
        raise ConfigError(
            f'WEBHOOK_ALERTS_DELIVERY is "{mode}", and wake was given. Set it to "manual", or leave'
            " wake out."
        )

    if mode is DeliveryMode.CELERY:
        return _celery_wake(app)

    return wake or _let_sleep


def _celery_wake(app: Flask) -> Wake:
    try:
        from .contrib.celery import CeleryWake
    except ImportError as error:
        raise ConfigError(
            'WEBHOOK_ALERTS_DELIVERY is "celery", which needs the extra: install'
            ' Flask-Webhook-Alerts[celery], or set "inline" or "manual".'
        ) from error

    return CeleryWake.of(app)


def _let_sleep(_event_id: int) -> None:
    """Leave the event to whoever looks for what is owed."""
