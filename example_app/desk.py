"""Gather what the desk shows: the alerts of now, the pages sent, what was put right."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import orm

from flask_webhook_alerts import AlertStatus
from flask_webhook_alerts import Outcome
from flask_webhook_alerts import Receipt

from . import howto
from .database import alerts
from .database import db
from .models import Alert
from .models import Notification
from .models import Service
from .text import clip

_ACTIVE = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED)

_SAID = {
    Outcome.ACKNOWLEDGED: "Acknowledged: {}",
    Outcome.RESOLVED: "Resolved: {}",
    Outcome.UNCHANGED: "Acknowledged before: {}",
    Outcome.IGNORED: "Nothing to do, this one is over already.",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ServiceLine:
    """One of the shop's services, and how many alerts are about it now."""

    service: Service
    active: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desk:
    """Everything on the home page.

    :ivar active: open and acknowledged alerts, newest first.
    :ivar open_count: how many alerts wait for somebody, whether they are shown or not.
    :ivar endpoint: where alerts can be sent to; None if no integration takes them from anybody.
    """

    active: Sequence[Alert]
    open_count: int
    taken_count: int
    resolved: Sequence[Alert]
    messages: Sequence[Notification]
    services: Sequence[ServiceLine]
    endpoint: str | None

    @property
    def unseen_count(self) -> int:
        """How many active alerts did not fit on the page."""
        return self.open_count + self.taken_count - len(self.active)

    @property
    def curl(self) -> str:
        """A line to paste into a shell that sends an alert here."""
        return howto.curl_line(self.endpoint or "")


def look() -> Desk:
    """Return the desk as it is now."""
    counts = _count_by_status()
    return Desk(
        active=_active(limit=100),
        open_count=counts.get(AlertStatus.OPEN, 0),
        taken_count=counts.get(AlertStatus.ACKNOWLEDGED, 0),
        resolved=_resolved(limit=8),
        messages=_messages(limit=8),
        services=_services(),
        endpoint=endpoint(),
    )


def endpoint() -> str | None:
    """Return the address of the oldest integration that takes alerts without a token, or None."""
    integration = db.session.scalar(
        sa.select(alerts.Integration)
        .where(alerts.Integration.enabled, alerts.Integration.token_hash.is_(None))
        .order_by(alerts.Integration.created_at)
        .limit(1)
    )
    return alerts.endpoint_url(integration) if integration else None


def describe(receipt: Receipt) -> str:
    """Return what a button did, in words."""
    title = receipt.alert.title if receipt.alert else ""
    return _SAID[receipt.outcome].format(clip(title, 80))


def _active(*, limit: int) -> Sequence[Alert]:
    return db.session.scalars(
        sa.select(Alert)
        .where(Alert.status.in_(_ACTIVE))
        .options(orm.joinedload(Alert.service))
        .order_by(Alert.created_at.desc(), Alert.id.desc())
        .limit(limit)
    ).all()


def _resolved(*, limit: int) -> Sequence[Alert]:
    return db.session.scalars(
        sa.select(Alert)
        .where(Alert.status == AlertStatus.RESOLVED)
        .options(orm.joinedload(Alert.service))
        .order_by(Alert.resolved_at.desc(), Alert.id.desc())
        .limit(limit)
    ).all()


def _messages(*, limit: int) -> Sequence[Notification]:
    newest_first = sa.select(Notification).order_by(Notification.id.desc())
    return db.session.scalars(newest_first.limit(limit)).all()


def _count_by_status() -> dict[str, int]:
    number = sa.func.count().label("number")
    counted = sa.select(Alert.status, number).group_by(Alert.status)
    return {row.status: row.number for row in db.session.execute(counted)}


def _services() -> Sequence[ServiceLine]:
    is_active = sa.and_(Alert.service_id == Service.id, Alert.status.in_(_ACTIVE))
    counted = (
        sa.select(Service, sa.func.count(Alert.id))
        .outerjoin(Alert, is_active)
        .group_by(Service.id)
        .order_by(Service.name)
    )
    return [
        ServiceLine(service=service, active=active)
        for service, active in db.session.execute(counted)
    ]
