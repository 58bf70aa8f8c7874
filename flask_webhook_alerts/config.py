"""Read the settings, once, and refuse bad ones at start."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
import typing as t
from collections.abc import Mapping

from .durations import LONGEST
from .durations import parse_duration
from .errors import ConfigError

PREFIX = "WEBHOOK_ALERTS_"

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a "token" of RFC 9110, section 5.6.2
_RATE = re.compile(
    r"\s*0*([1-9]\d*)\s*(?:/|per)\s*(?:0*([1-9]\d*)\s*)?(second|minute|hour|day)s?\s*",
    re.ASCII | re.IGNORECASE,
)
_RATE_STORAGE = re.compile(r"memory://|(redis|rediss|redis\+unix)://.+")

# Each event of the time is remembered, so that the limit is exact.
_MOST_EVENTS = 10_000
# Over a time beyond all sense, a Redis refuses to count, and everything would be let in.
_LONGEST_RATE = dt.timedelta(days=365)


class DeliveryMode(enum.StrEnum):
    """Who sends the signals of a committed event, and when."""

    INLINE = "inline"
    CELERY = "celery"
    MANUAL = "manual"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings:
    """Every ``WEBHOOK_ALERTS_*`` key, its default and its check.

    :ivar url_prefix: where the endpoint lives, without a slash at the end.
    :ivar token_header: the request header that carries an integration's token.
    :ivar max_content_length: the largest accepted body, in bytes.
    :ivar delivery: who sends the signals: the request ("inline"), Celery's workers ("celery"), or
        whoever calls ``deliver_pending`` or ``deliver_event`` ("manual").
    :ivar rate_limit: the most events of one integration in a time of seconds, minutes, hours or
        days, such as "600 per minute", "50 per 10 seconds" or "600/minute": at most 10,000 events
        and 365 days; None for no limit.
    :ivar rate_limit_storage: where they are counted: in the memory of each process, or for all
        workers in the Redis of a URL that begins with ``redis://``, ``rediss://`` or
        ``redis+unix://``.
    :ivar retention: how long after its resolution an alert is kept by sweeps: a timedelta, or a
        whole number of seconds, minutes, hours, days or weeks, such as "45s", "30m", "24h", "90d"
        or "2w"; None for ever.
    """

    url_prefix: str = "/integration"
    token_header: str = "pagertree-token"  # noqa: S105 - the name of a header
    max_content_length: int = 524_288
    delivery: DeliveryMode = DeliveryMode.INLINE
    rate_limit: str | None = None
    # Not shown: the URL of a Redis can hold a password.
    rate_limit_storage: str = dataclasses.field(default="memory://", repr=False)
    retention: dt.timedelta | None = None

    @classmethod
    def from_config(cls, config: Mapping[str, t.Any]) -> Settings:
        """Return the settings in ``config``; raise :exc:`ConfigError` with the key and the fix."""
        given = {
            key.removeprefix(PREFIX).lower(): value
            for key, value in config.items()
            if key.startswith(PREFIX)
        }
        unknown = sorted(given.keys() - _CHECKS.keys())
        if unknown:
            keys = ", ".join(_key(name) for name in unknown)
            known = ", ".join(_key(name) for name in _CHECKS)
            raise ConfigError(f"Unknown setting: {keys}. Remove it, or use one of {known}.")

        return cls(**{name: _CHECKS[name](value) for name, value in given.items()})


def _key(name: str) -> str:
    return PREFIX + name.upper()


def _url_prefix(value: object) -> str:
    if not isinstance(value, str) or not _PATH.fullmatch(value):
        raise ConfigError(
            f"{_key('url_prefix')} is {value!r}. Set a path that starts with a slash and does not"
            ' end with one, of letters, digits and ".", "_", "~", "-", such as "/integration".'
        )

    return value


def _token_header(value: object) -> str:
    if not isinstance(value, str) or not _HEADER_NAME.fullmatch(value):
        raise ConfigError(
            f"{_key('token_header')} is {value!r}. Set the name of a request header, such as"
            ' "pagertree-token".'
        )

    return value


def _max_content_length(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(
            f"{_key('max_content_length')} is {value!r}. Set a whole number of bytes above 0,"
            " such as 524288."
        )

    return value


def _delivery(value: object) -> DeliveryMode:
    try:
        return DeliveryMode(str(value))
    except ValueError:
        raise ConfigError(
            f'{_key("delivery")} is {value!r}. Set "inline" to send signals in the request,'
            ' "celery" to hand them to a worker, or "manual" to leave them to deliver_pending().'
        ) from None


def _rate_limit(value: object) -> str | None:
    if value is None:
        return None

    rate = _RATE.fullmatch(value) if isinstance(value, str) else None
    if rate is None:
        raise ConfigError(
            f'{_key("rate_limit")} is {value!r}. Set one limit, such as "600 per minute" or'
            ' "50 per 10 seconds", or None for no limit.'
        )

    # As floats, since an integer of thousands of digits is not read.
    if float(rate[1]) > _MOST_EVENTS:
        raise ConfigError(
            f"{_key('rate_limit')} is {value!r}. Set at most {_MOST_EVENTS} events, over a shorter"
            ' time if need be, such as "600 per minute".'
        )

    if float(rate[2] or 1) > _LONGEST_RATE / dt.timedelta(**{f"{rate[3].lower()}s": 1}):
        raise ConfigError(
            f"{_key('rate_limit')} is {value!r}. Set a time of at most {_LONGEST_RATE.days} days,"
            ' such as "600 per minute".'
        )

    return rate[0].strip()


def _rate_limit_storage(value: object) -> str:
    if not isinstance(value, str) or not _RATE_STORAGE.fullmatch(value):
        # Not shown, since it may hold a password.
        raise ConfigError(
            f'{_key("rate_limit_storage")} is of a kind that cannot be used. Set "memory://", or'
            ' the URL of a Redis that all workers share, such as "redis://127.0.0.1:6379/0".'
        )

    return value


def _retention(value: object) -> dt.timedelta | None:
    if value is None:
        return None

    try:
        duration = value if isinstance(value, dt.timedelta) else parse_duration(str(value))
    except ValueError:
        duration = dt.timedelta()
    if not dt.timedelta() < duration <= LONGEST:
        raise ConfigError(
            f"{_key('retention')} is {value!r}. Set how long a resolved alert is kept, such as"
            f' "90d" or timedelta(days=90), up to {LONGEST.days} days, or None to keep it for ever.'
        )

    return duration


_CHECKS: dict[str, t.Callable[[object], t.Any]] = {
    "url_prefix": _url_prefix,
    "token_header": _token_header,
    "max_content_length": _max_content_length,
    "delivery": _delivery,
    "rate_limit": _rate_limit,
    "rate_limit_storage": _rate_limit_storage,
    "retention": _retention,
}
