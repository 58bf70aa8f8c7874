"""Hold what passes between the layers: plain, frozen values and their words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import typing as t
from collections.abc import Callable
from collections.abc import Mapping

LONGEST_NAME = 255
"""Characters that the name of a person may have."""


class EventType(enum.StrEnum):
    """What a sender wants: the ``event_type`` on the wire."""

    CREATE = "create"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class EventKind(enum.StrEnum):
    """What happened to an alert: the ``kind`` of a row of its timeline."""

    CREATED = "created"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    NOTED = "noted"


class AlertStatus(enum.StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Urgency(enum.StrEnum):
    """How urgent the sender calls an alert, from least to most."""

    SILENT = "silent"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Severity(enum.StrEnum):
    """The severities of an incident, as PagerTree names them."""

    SEV_1 = "SEV-1"
    SEV_2 = "SEV-2"
    SEV_3 = "SEV-3"
    SEV_4 = "SEV-4"
    SEV_5 = "SEV-5"
    UNKNOWN = "SEV-UNKNOWN"


class Outcome(enum.StrEnum):
    """What became of an accepted event. The last two come from people only, never from the wire."""

    CREATED = "created"
    REPEATED = "repeated"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"
    IGNORED = "ignored"
    REOPENED = "reopened"
    NOTED = "noted"


@dataclasses.dataclass(frozen=True, kw_only=True)
class IncomingEvent:
    """One checked message from a sender. For all but ``create`` only the first two count."""

    type: EventType
    thirdparty_id: str
    title: str = ""
    description: str | None = None
    urgency: str | None = None
    tags: tuple[str, ...] = ()
    dedup_keys: tuple[str, ...] = ()
    meta: Mapping[str, t.Any] = dataclasses.field(default_factory=dict[str, t.Any])
    additional_data: Mapping[str, t.Any] = dataclasses.field(default_factory=dict[str, t.Any])
    incident: bool = False
    incident_severity: str | None = None
    incident_message: str | None = None
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class IntegrationRecord:
    """An integration as the endpoint needs it, read once and remembered for a moment."""

    id: str
    name: str
    enabled: bool
    token_hash: str | None
    previous_token_hash: str | None
    previous_token_expires_at: dt.datetime | None
    capture_additional_data: bool
    strict: bool
    wrapper_key: str | None
    title_template: str | None
    description_template: str | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Change:
    """What a write did: the alert as the database now holds it, and the event row if there is one.

    ``claimed_until`` is set when this process holds the event and must deliver it.
    """

    outcome: Outcome
    alert_id: int | None = None
    thirdparty_id: str
    status: str | None = None
    occurrences: int | None = None
    event_id: int | None = None
    claimed_until: dt.datetime | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of an event: the same facts that the endpoint answers.

    :ivar outcome: what happened.
    :ivar alert_id: the alert's id in the host's database; None if the event was ignored.
    :ivar thirdparty_id: the sender's key of the alert.
    :ivar status: the alert's status after the event.
    :ivar occurrences: how many creates the alert has taken in.
    :ivar reason: why an event was ignored, in words.
    """

    outcome: Outcome
    alert_id: int | None
    thirdparty_id: str
    status: str | None
    occurrences: int | None
    reason: str | None = None
    _load: Callable[[int], t.Any] | None = dataclasses.field(
        default=None, repr=False, compare=False
    )

    @property
    def alert(self) -> t.Any:
        """The alert's row, loaded afresh through the host's ``db.session``; None if ignored."""
        if self.alert_id is None or self._load is None:
            return None

        return self._load(self.alert_id)
