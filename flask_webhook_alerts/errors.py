"""Name what can go wrong: the errors that callers of this package can act on."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from collections.abc import Sequence

FieldErrors: t.TypeAlias = Mapping[str, Sequence[str]]
"""Field, as the documentation spells it → what is wrong with it, in sentences."""


class WebhookAlertsError(Exception):
    """The root of this package's errors. A mistake in the calling code is one of Python's own."""


class ConfigError(WebhookAlertsError):
    """A setting is wrong. The message names the key and says what to set."""


class InvalidOption(WebhookAlertsError, ValueError):
    """An option, a note or a name cannot be stored as it is. The message says what can."""


class NotFound(WebhookAlertsError, LookupError):
    """There is no integration, alert or event with this id."""


class Unavailable(WebhookAlertsError):
    """The database cannot take the change now. Nothing was stored; trying again later can work."""

    retry_after: t.ClassVar[int] = 5
    """Seconds to wait before the next try."""


class Refused(WebhookAlertsError):
    """The database understood the change and will never take it. Nothing was stored."""


class Rejected(WebhookAlertsError):
    """A request or payload does not keep the contract. Nothing was stored.

    :param detail: what is wrong and what to send instead, in words for the sender.
    :param status: the HTTP status that the endpoint answers.
    :param code: a stable, short name of the fault, for programs.
    :param errors: field → messages, for faults of single fields.
    :param retry_after: seconds after which the same request can succeed, if it can.
    """

    def __init__(
        self, detail: str, *, status: int, code: str, errors: FieldErrors | None = None,
        retry_after: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.code = code
        self.errors: FieldErrors = errors or {}
        self.retry_after = retry_after
