"""Hold a signal that was sent, as plain values."""

from __future__ import annotations

import dataclasses
import enum
import typing as t
from collections.abc import Mapping

from .snapshots import Snapshot


class SignalKind(enum.StrEnum):
    """What a signal tells."""

    CREATED = "created"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    REPEATED = "repeated"
    REJECTED = "rejected"


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordedSignal:
    """A signal that was sent.

    :ivar kind: what it tells.
    :ivar arguments: what receivers were given, rows as snapshots.
    """

    kind: SignalKind
    arguments: Mapping[str, t.Any]

    @property
    def alert(self) -> Snapshot:
        """The alert as it was; not there if a request was rejected."""
        return t.cast(Snapshot, self._argument("alert"))

    @property
    def integration(self) -> Snapshot:
        """The integration; not there if a request was rejected that named none."""
        return t.cast(Snapshot, self._argument("integration"))

    @property
    def event(self) -> Snapshot:
        """The event; not there if an alert was repeated or a request rejected."""
        return t.cast(Snapshot, self._argument("event"))

    @property
    def status(self) -> int:
        """The HTTP status with which a request was rejected; only there then."""
        return t.cast(int, self._argument("status"))

    @property
    def reason(self) -> str:
        """Why a request was rejected; only there then."""
        return t.cast(str, self._argument("reason"))

    @property
    def key(self) -> str:
        """The sender's key of the alert, or the HTTP status with which a request was rejected."""
        is_rejected = self.kind is SignalKind.REJECTED
        return str(self.status if is_rejected else self.alert.thirdparty_id)

    @property
    def line(self) -> str:
        """The kind and the key, such as ``created disk-full``."""
        return f"{self.kind} {self.key}"

    def __str__(self) -> str:
        is_rejected = self.kind is SignalKind.REJECTED
        return f"{self.line}  {self.reason if is_rejected else self.alert.title!r}"

    def _argument(self, name: str) -> t.Any:
        value = self.arguments.get(name)
        if value is None:
            raise LookupError(f"The signal {self.kind} came without {name}: {self.arguments!r}")

        return value
