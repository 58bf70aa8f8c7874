"""Write what scripts and messages post that people put together themselves."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .payload import Payload
from .payload import STRICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plain:
    """A script that posts what is required, and no more."""

    options: t.ClassVar[Mapping[str, t.Any]] = STRICT

    key: str = "disk-full"
    title: str = "Disk full"
    description: str = "/var is at 97 %."

    def create(self, **fields: t.Any) -> Payload:
        """Tell of trouble.

        :param fields: more fields, or other values, by their names on the wire.
        """
        text = {"Title": self.title, "Description": self.description}
        return {"event_type": "create", "Id": self.key, **text, **fields}

    def acknowledge(self) -> Payload:
        """Tell that somebody looks after it."""
        return {"event_type": "acknowledge", "Id": self.key}

    def resolve(self) -> Payload:
        """Tell that it is over."""
        return {"event_type": "resolve", "Id": self.key}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PagerTree:
    """The two examples in the documentation of PagerTree's webhook integration."""

    options: t.ClassVar[Mapping[str, t.Any]] = STRICT

    key: str = "example-id-123"

    def create(self) -> Payload:
        """Return the shorter one."""
        return {
            "event_type": "create",
            "Id": self.key,
            "Title": "Example Incident Title",
            "Description": "Example Incident Description",
        }

    def incident(self) -> Payload:
        """Return the longer one, which makes the alert an incident."""
        return {
            **self.create(),
            "Tags": ["a", "b", "c"],
            "Meta": {
                "incident": True,
                "incident_severity": "SEV-1",
                "incident_message": "Please join conference bridge 1-800-123-4567",
            },
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Apprise:
    """A message of Apprise's ``pagertree://``.

    :ivar key: its ``tid``; without one, Apprise makes one up.
    :ivar meta: its options that begin with a minus; all values are strings.
    :ivar extras: its options that begin with a colon; they come last, and win.
    """

    options: t.ClassVar[Mapping[str, t.Any]] = STRICT

    key: str = "disk-full"
    title: str = "Disk full"
    body: str = "/var"
    urgency: str | None = None
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    extras: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def create(self) -> Payload:
        """Return the message with the action ``create``."""
        urgency = {} if self.urgency is None else {"urgency": self.urgency}
        return {
            "id": self.key,
            "event_type": "create",
            "title": self.title,
            "description": self.body,
            "meta": dict(self.meta),
            "tags": list(self.tags),
            **urgency,
            **self.extras,
        }

    def acknowledge(self) -> Payload:
        """Return the message with the action ``acknowledge``."""
        return {"id": self.key, "event_type": "acknowledge", **self.extras}

    def resolve(self) -> Payload:
        """Return the message with the action ``resolve``."""
        return {"id": self.key, "event_type": "resolve", **self.extras}
