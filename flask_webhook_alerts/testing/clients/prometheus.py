"""Write what Alertmanager posts, whose body knows none of our fields."""

from __future__ import annotations

import dataclasses
import typing as t
from collections.abc import Mapping

from .payload import Payload


@dataclasses.dataclass(frozen=True, kw_only=True)
class Alertmanager:
    """A group of one alert of Alertmanager, or of Grafana, whose bodies are alike.

    Neither knows our words, so its rule must: the annotations hold the create, the labels the
    resolve, and the wrapper key takes the one that fits the status.
    """

    options: t.ClassVar[Mapping[str, t.Any]] = {
        "wrapper_key": "status == 'firing' && commonAnnotations || commonLabels",
        "title_template": "{{ payload.Title }} ({{ payload.instance }})",
    }

    key: str = "disk-full/db-1"
    title: str = "Disk full"
    description: str = "/var is at 97 %."
    instance: str = "db-1"

    def create(self) -> Payload:
        """Tell that the alert fires."""
        return self._post("firing", "0001-01-01T00:00:00Z")

    def resolve(self) -> Payload:
        """Tell that it fires no longer."""
        return self._post("resolved", "2026-01-01T00:05:00Z")

    def _post(self, status: str, ends_at: str) -> Payload:
        labels = {"alertname": "DiskFull", "event_type": "resolve", "Id": self.key}
        annotations = {
            "event_type": "create",
            "Id": self.key,
            "Title": self.title,
            "Description": self.description,
            "instance": self.instance,
        }
        alert = {
            "status": status,
            "labels": labels,
            "annotations": annotations,
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": ends_at,
            "generatorURL": "http://prometheus.example:9090/graph",
            "fingerprint": "1a30ba71cca2921f",
        }
        return {
            "version": "4",
            "groupKey": '{}:{alertname="DiskFull"}',
            "truncatedAlerts": 0,
            "status": status,
            "receiver": "flask",
            "groupLabels": {"alertname": "DiskFull"},
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": "http://alertmanager.example:9093",
            "alerts": [alert],
        }
