"""Read from an address which alerts are wanted, and write it back: a view can be shared."""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t
from collections.abc import Mapping

from flask_webhook_alerts import clock
from flask_webhook_alerts.decoding import clean
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.events import Urgency
from flask_webhook_alerts.store.search import AlertFilter

from . import ids

ALL: str = "all"
"""The tab of alerts in any status."""

TABS: tuple[str, ...] = (*map(str, AlertStatus), ALL)
"""The tabs of the list, by the status that they show."""

AGES: dict[str, tuple[str, dt.timedelta]] = {
    "1h": ("the last hour", dt.timedelta(hours=1)),
    "24h": ("the last 24 hours", dt.timedelta(days=1)),
    "7d": ("the last 7 days", dt.timedelta(days=7)),
    "30d": ("the last 30 days", dt.timedelta(days=30)),
}
"""Age → what people read, and how long that is."""

_LONGEST = 512
_TEXTS = ("q", "integration", "tag", "key")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ListQuery:
    """One view of the list. What is empty does not matter.

    :ivar status: the tab.
    :ivar key: the sender's Id, exactly.
    :ivar before: only alerts with a lower id.
    :ivar after: instead, the nearest alerts with a higher id.
    """

    status: str = AlertStatus.OPEN.value
    q: str = ""
    integration: str = ""
    tag: str = ""
    urgency: str = ""
    incident: str = ""
    age: str = ""
    key: str = ""
    before: int | None = None
    after: int | None = None

    @classmethod
    def read(cls, args: Mapping[str, str]) -> ListQuery:
        """Return the view that an address means; what makes no sense in it does not count."""
        exact = {name: clean(args.get(name, "")[:_LONGEST]) for name in _TEXTS}
        texts = {name: exact[name].strip() for name in ("q", "integration")}
        choices = {name: _chosen(args.get(name, ""), among) for name, among in _CHOICES.items()}
        cursors = {name: ids.number(args.get(name, "")) for name in ("before", "after")}
        status = _chosen(args.get("status", ""), TABS) or AlertStatus.OPEN.value
        return cls(**{**exact, **texts, **choices, **cursors, "status": status})

    @property
    def wanted(self) -> AlertFilter:
        """What the search understands."""
        is_all = self.status == ALL
        return AlertFilter(
            statuses=() if is_all else (AlertStatus(self.status),),
            integration_id=self.integration or None,
            tag=self.tag or None,
            urgency=self.urgency or None,
            incident=True if self.incident else None,
            text=self.q or None,
            thirdparty_id=self.key or None,
            since=clock.now() - AGES[self.age][1] if self.age else None,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the tab is chosen."""
        return bool(self.filters)

    @property
    def is_first(self) -> bool:
        """Whether this is the newest page."""
        return self.before is None and self.after is None

    def args(self, **changes: t.Any) -> dict[str, t.Any]:
        """Return the arguments of an address: this view's, with changes; the page goes first."""
        kept = dataclasses.replace(self, **{"before": None, "after": None, **changes})
        found = {**kept.filters, "before": kept.before, "after": kept.after}
        if kept.status != AlertStatus.OPEN:
            found["status"] = kept.status
        return {name: value for name, value in found.items() if value}

    def here(self) -> dict[str, t.Any]:
        """Return the arguments of this very page."""
        return self.args(before=self.before, after=self.after)

    @property
    def filters(self) -> dict[str, t.Any]:
        """The filters that are set."""
        values = {name: getattr(self, name) for name in _FILTERS}
        return {name: value for name, value in values.items() if value}


_CHOICES: dict[str, tuple[str, ...]] = {
    "urgency": tuple(map(str, Urgency)),
    "incident": ("yes",),
    "age": tuple(AGES),
}
_FILTERS = ("q", "integration", "tag", "urgency", "incident", "age", "key")


def _chosen(text: str, among: tuple[str, ...]) -> str:
    return text if text in among else ""
