"""Write what monitoring tools post by themselves, as their public sources say."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .payload import COMPATIBLE
from .payload import Payload
from .payload import STRICT


@dataclasses.dataclass(frozen=True, kw_only=True)
class UptimeKuma:
    """A monitor of Uptime Kuma: a number as Id, no description, its own data beside them."""

    options: t.ClassVar[Mapping[str, t.Any]] = COMPATIBLE

    monitor_id: int = 7
    name: str = "shop"
    urgency: str = "medium"

    def create(self, message: str = "Request failed with status code 502") -> Payload:
        """Tell that the monitor is down.

        :param message: the error of the heartbeat.
        """
        title = f'Uptime Kuma Monitor "{self.name}" is DOWN'
        return self._post("create", self.monitor_id, title, self._heartbeat(0, message))

    def resolve(self) -> Payload:
        """Tell that it is up again, if it was told to resolve by itself."""
        return self._post("resolve", self.monitor_id, None, self._heartbeat(1, "200 - OK"))

    def test(self) -> Payload:
        """Return what its test button sends."""
        return self._post("create", "uptime-kuma", "My PagerTree Alert (1) Testing", None)

    def _post(
        self, event_type: str, key: object, title: str | None, heartbeat: Payload | None
    ) -> Payload:
        monitor = {"id": self.monitor_id, "name": self.name, "type": "http", "tags": list[str]()}
        return {
            "event_type": event_type,
            "id": key,
            "title": title,
            "urgency": self.urgency,
            "heartbeat": heartbeat,
            "monitor": None if heartbeat is None else monitor,
        }

    def _heartbeat(self, status: int, message: str) -> Payload:
        return {"monitorID": self.monitor_id, "status": status, "msg": message, "important": True}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LibreNMS:
    """An alert of LibreNMS: a number as Id, at times no text."""

    options: t.ClassVar[Mapping[str, t.Any]] = COMPATIBLE

    alert_id: int = 42
    title: str = "Device db-1 down"
    message: str = ""

    def create(self) -> Payload:
        """Tell that the rule matches."""
        return self._post("create", self.title)

    def acknowledge(self) -> Payload:
        """Tell that somebody has acknowledged it there."""
        return self._post("acknowledge", f"{self.title} got acknowledged")

    def resolve(self) -> Payload:
        """Tell that the rule matches no longer."""
        return self._post("resolve", f"{self.title} recovered")

    def test(self) -> Payload:
        """Return what its test button sends."""
        return {
            "event_type": "create",
            "Id": "TEST-123456",
            "Title": "LibreNMS PagerTree Test Alert",
            "Description": "Testing PagerTree Transport",
        }

    def _post(self, event_type: str, title: str) -> Payload:
        text = {"Title": title, "Description": self.message}
        return {"event_type": event_type, "Id": self.alert_id, **text}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Peekaping:
    """A monitor of Peekaping.

    Each message has an Id of its own, with the second of its sending in it, so that its resolve
    finds no alert.
    """

    options: t.ClassVar[Mapping[str, t.Any]] = STRICT

    monitor_id: str = "6f1c"
    name: str = "shop"
    urgency: str = "medium"
    sent_at: int = 1_767_225_600

    def create(self, message: str = "Connection refused") -> Payload:
        """Tell that the monitor is down."""
        return self._post("create", "DOWN", message, self.sent_at, status=0)

    def resolve(self, message: str = "200 OK") -> Payload:
        """Tell, a minute later, that it is up again."""
        return self._post("resolve", "UP", message, self.sent_at + 60, status=1)

    def _post(
        self, event_type: str, word: str, message: str, sent_at: int, *, status: int
    ) -> Payload:
        return {
            "event_type": event_type,
            "Id": f"monitor-{self.monitor_id}-{sent_at}",
            "Title": f"Monitor {self.name} is {word}",
            "Description": f"{message} - Last checked: 2026-01-01T00:00:00Z",
            "urgency": self.urgency,
            "Tags": ["peekaping", "monitor-type:http"],
            "Meta": {
                "monitor_id": self.monitor_id,
                "monitor_name": self.name,
                "monitor_type": "http",
                "status": status,
                "response_time": "12ms",
            },
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Healthchecks:
    """A check of Healthchecks, by its Webhook integration with a body that is written for us."""

    options: t.ClassVar[Mapping[str, t.Any]] = STRICT

    code: str = "f618072a-7bde-4eee-af63-71a77c5723bc"
    name: str = "backup"
    tags: str = "prod db"

    def create(self) -> Payload:
        """Return the body for "down", its placeholders ``$CODE`` and so on filled in."""
        return {
            "event_type": "create",
            "Id": self.code,
            "Title": f"{self.name} is down",
            "Description": f"Tags: {self.tags}",
        }

    def resolve(self) -> Payload:
        """Return the body for "up"."""
        return {"event_type": "resolve", "Id": self.code}

    def trigger(self) -> Payload:
        """Return what its PagerTree integration posts, which has no Id and is refused."""
        return {
            "incident_key": self.code,
            "event_type": "trigger",
            "title": f"{self.name} is DOWN",
            "description": f"{self.name} is DOWN. Last ping was 2 hours ago.",
            "client": "Healthchecks.io",
            "client_url": "https://healthchecks.io",
            "tags": ",".join(self.tags.split()),
        }
