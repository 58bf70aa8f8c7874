"""Find the optional parts that the settings ask for; nothing else imports one."""

from __future__ import annotations

from .admission import Limiter
from .config import Settings
from .errors import ConfigError


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
