"""Make up what the last days brought, so that the dashboard has something to count."""

from __future__ import annotations

import collections
import datetime as dt
import random
import typing as t
from collections.abc import Mapping

import sqlalchemy as sa

from . import clock
from . import people
from .database import alerts
from .database import db
from .models import Alert
from .shop import SERVICES
from .shop import Trouble
from .shop import TROUBLES
from .traffic import make_story

# How many troubles an hour of the day brings, on average: the shop sleeps badly, but it sleeps.
_TROUBLES_BY_HOUR = (
    *(1.0,) * 6, *(1.5, 2.4, 3.6, 4.8, 4.4, 3.2), *(2.8, 3.6, 4.4, 3.2, 2.4, 2.0), *(1.2,) * 6,
)  # fmt: skip
_MONITORS = (
    ("Uptime Kuma", False, ("storefront",)),
    ("Sensors of the house", True, ("workshop",)),
)
_WEEKEND = 0.4
_OWNERS = {running.name: running.owner for running in SERVICES}
_STILL_OPEN = (("card-payments", 4), ("queue", 11), ("humidity", 26), ("certificate", 55))
_TAKEN = (("labels", 38), ("extractor", 95))


def _minutes(one: tuple[str, int]) -> int:
    return -one[1]  # the oldest first, so that ids grow with time


def make_up(days: int, dice: random.Random) -> int:
    """Store what the last ``days`` brought, if there are no alerts yet. Return how many."""
    if days == 0 or db.session.query(Alert.id).first() is not None:
        return 0

    places, count = _places(), 0
    until: dict[str, dt.datetime] = {}
    for moment in sorted(_moments(days, dice)):
        trouble = dice.choice(TROUBLES)
        # One that goes on would have been repeated, not begun again.
        if until.get(trouble.check, moment) <= moment:
            until[trouble.check] = _store(places[trouble.service], trouble, moment, dice)
            count += 1
    db.session.commit()
    return count + _add_active(places, dice)


def _places() -> Mapping[str, str]:
    """Return the integration of each service's monitor, by the service: some have their own."""
    first = db.session.scalars(
        sa.select(alerts.Integration.id).order_by(alerts.Integration.created_at)
    ).first()
    own = {
        service: str(alerts.create_integration(name, strict=is_strict).id)
        for name, is_strict, services in _MONITORS
        for service in services
    }
    return collections.defaultdict(lambda: str(first), own)


def _moments(days: int, dice: random.Random) -> t.Iterator[dt.datetime]:
    """Yield when troubles came, up to two hours ago."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0) - dt.timedelta(days=days)
    while hour < clock.now() - dt.timedelta(hours=3):
        rate = _TROUBLES_BY_HOUR[hour.hour] * (_WEEKEND if hour.weekday() >= 5 else 1)
        for _ in range(min(4, int(dice.expovariate(1 / rate)))):
            yield hour + dt.timedelta(seconds=dice.randrange(3_600))
        hour += dt.timedelta(hours=1)


def _store(
    integration_id: str, trouble: Trouble, moment: dt.datetime, dice: random.Random
) -> dt.datetime:
    """Store one that is over, as the extension would have left it. Return when it was."""
    story = make_story(dice, trouble)
    taken = moment + dt.timedelta(seconds=dice.lognormvariate(5.6, 1))
    over = min(taken + dt.timedelta(seconds=dice.lognormvariate(6.8, 1)), clock.now())
    alert = Alert(
        integration_id=integration_id,
        thirdparty_id=f"{trouble.service}/{trouble.check}",
        status="resolved",
        title=story["Title"],
        description=story["Description"],
        urgency=story["Urgency"],
        tags=story["Tags"],
        meta={"service": trouble.service, "check": trouble.check},
        incident=trouble.incident is not None,
        incident_severity=trouble.incident and trouble.incident[0],
        incident_message=trouble.incident and trouble.incident[1],
        occurrences=1 + int(dice.expovariate(0.4)),
        created_at=moment,
        last_received_at=moment + (taken - moment) / 2,
        acknowledged_at=min(taken, over),
        resolved_at=over,
    )
    db.session.add(alert)
    db.session.flush()
    by = dice.choice(people.NAMES)
    for kind, at in {"created": moment, "acknowledged": min(taken, over), "resolved": over}.items():
        event = {"alert_id": alert.id, "kind": kind, "at": at, "delivered_at": at}
        event["by"] = None if kind == "created" else by
        db.session.add(alerts.AlertEvent(**event, attempts=1, delivered_to=[_receiver(kind)]))
    return over


def _add_active(places: Mapping[str, str], dice: random.Random) -> int:
    """Take in some that go on, by the front door, and then put their clocks back."""
    troubles = {trouble.check: trouble for trouble in TROUBLES}
    for check, minutes in sorted((*_STILL_OPEN, *_TAKEN), key=_minutes):
        trouble = troubles[check]
        event = {"event_type": "create", "Id": f"{trouble.service}/{check}"}
        payload = {**event, **make_story(dice, trouble)}
        receipt = alerts.receive(places[trouble.service], payload)
        for _ in range(dice.randrange(4)):
            alerts.receive(places[trouble.service], payload)
        if check in dict(_TAKEN):
            alerts.acknowledge(receipt.alert_id, by=_OWNERS[trouble.service])
        _put_back(receipt.alert_id, dt.timedelta(minutes=minutes))
    return len(_STILL_OPEN) + len(_TAKEN)


def _put_back(alert_id: int | None, by: dt.timedelta) -> None:
    found = db.select(Alert).filter_by(id=alert_id).execution_options(populate_existing=True)
    alert = db.session.execute(found).scalar_one()
    alert.created_at -= by
    alert.last_received_at -= by / 3
    if alert.acknowledged_at is not None:
        alert.acknowledged_at -= by / 2
    for event in db.session.query(alerts.AlertEvent).filter_by(alert_id=alert_id):
        event.at -= by if event.kind == "created" else by / 2
        event.delivered_at = event.delivered_at and event.at
    db.session.commit()


def _receiver(kind: str) -> str:
    name = "page_owner" if kind == "created" else "tell_owner"
    return f"example_app.receivers:{name}"
