"""Take in events and move alerts through their lives: the use cases of the endpoint and of hosts.

Each change is one transaction, then the signals. Nothing here knows of HTTP.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t
from collections.abc import Mapping

from . import clock
from . import decoding
from . import payload as payloads
from . import rendering
from . import tokens
from . import wrapping
from .admission import Admission
from .admission import unknown_integration
from .database import Database
from .delivery import Delivery
from .errors import NotFound
from .errors import Refused
from .errors import Rejected
from .errors import Unavailable
from .events import AlertStatus
from .events import Change
from .events import EventKind
from .events import EventType
from .events import IncomingEvent
from .events import IntegrationRecord
from .events import Outcome
from .events import Receipt
from .filters import RenderingFailed
from .store.changes import change
from .store.values import Target

_KINDS = {
    EventType.ACKNOWLEDGE: EventKind.ACKNOWLEDGED,
    EventType.RESOLVE: EventKind.RESOLVED,
}
_RACES = 10
# Where a transition has nothing to do, since somebody was there before.
_DONE: dict[EventKind, tuple[AlertStatus, ...]] = {
    EventKind.ACKNOWLEDGED: (AlertStatus.ACKNOWLEDGED,),
    EventKind.RESOLVED: (),
    EventKind.REOPENED: (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED),
}
_NO_ACTIVE_ALERT = "No open or acknowledged alert has this Id."
_REASONS = {
    EventKind.ACKNOWLEDGED: "The alert is resolved.",
    EventKind.RESOLVED: "The alert is resolved.",
    EventKind.REOPENED: "A newer alert with this Id is active.",
}


class Service:
    """One app's use cases."""

    def __init__(self, database: Database, delivery: Delivery, admission: Admission) -> None:
        self._database = database
        self._delivery = delivery
        self._admission = admission

    def receive(self, integration: IntegrationRecord, body: dict[str, t.Any]) -> Receipt:
        """Apply the event in a decoded body. Raise :exc:`Rejected` if the body is not one."""
        payload = body
        if integration.wrapper_key is not None:
            payload = wrapping.find_payload(integration.wrapper_key, body)
        event = payloads.parse(
            payload,
            strict=integration.strict,
            capture_additional_data=integration.capture_additional_data,
        )
        if event.type is EventType.CREATE:
            return self._create(integration, _rendered(integration, event, payload))

        target = _target_of(integration, event)
        return self.transition(_KINDS[event.type], target, event.thirdparty_id)

    def receive_from_host(self, integration_id: str, payload: Mapping[str, t.Any]) -> Receipt:
        """Apply an event that host code made, by the same rules as one from the wire."""
        self._database.host.require_committed()
        record = self._admission.read(integration_id)
        if record is None:
            raise NotFound(f"There is no integration {integration_id!r}.")

        return self.receive(record, _as_decoded(payload))

    def _create(self, integration: IntegrationRecord, event: IncomingEvent) -> Receipt:
        database, at = self._database, clock.now()
        plan = self._delivery.plan(EventKind.CREATED, at)
        changes, reads = database.store.changes, database.store.reads
        try:
            made = database.change(
                lambda link: changes.create(link, integration.id, event, at, plan),
                recover=lambda connection: reads.created(
                    connection, _target_of(integration, event), at
                ),
            )
        except Refused:
            if self._admission.read(integration.id) is None:
                raise unknown_integration() from None
            raise

        return self.announced(made, EventKind.CREATED)

    def transition(
        self, kind: EventKind, target: Target, thirdparty_id: str, by: str | None = None
    ) -> Receipt:
        """Make a transition, or say in the receipt why there was none to make."""
        database, at = self._database, clock.now()
        plan = self._delivery.plan(kind, at)
        changes, reads = database.store.changes, database.store.reads
        for _ in range(_RACES):
            made = database.change(
                lambda link: changes.transition(link, kind, target, at, plan, by),
                recover=lambda connection: reads.changed(
                    connection, kind, target, thirdparty_id, at
                ),
            ) or self._untouched(kind, target, thirdparty_id)
            if made is not None:
                return self.announced(made, kind)
        raise Unavailable("Other events keep changing this alert.")

    def _untouched(self, kind: EventKind, target: Target, thirdparty_id: str) -> Change | None:
        """Say why a transition changed nothing; None if by now it would."""
        facts = self.find(target)
        if facts is None or (
            facts.status == AlertStatus.RESOLVED and kind is not EventKind.REOPENED
        ):
            return ignored(facts, thirdparty_id)

        return change(Outcome.UNCHANGED, facts) if facts.status in _DONE[kind] else None

    def announced(self, made: Change, kind: EventKind) -> Receipt:
        """Send the signals of a committed change, and return its receipt."""
        self._delivery.announce(made)
        reason = None
        if made.outcome is Outcome.IGNORED:
            reason = _NO_ACTIVE_ALERT if made.alert_id is None else _REASONS[kind]
        return Receipt(
            outcome=made.outcome,
            alert_id=made.alert_id,
            thirdparty_id=made.thirdparty_id,
            status=made.status,
            occurrences=made.occurrences,
            reason=reason,
            _load=self._load_alert,
        )

    def _load_alert(self, alert_id: int) -> t.Any:
        return self._database.host.load(self._database.models.Alert, alert_id)

    def find(self, target: Target) -> t.Any:
        """Return what a receipt tells of the alert that ``target`` means, or None."""
        reads = self._database.store.reads
        return self._database.run(lambda connection: reads.alert(connection, target))


def _target_of(integration: IntegrationRecord, event: IncomingEvent) -> Target:
    active_key = tokens.digest_thirdparty_id(event.thirdparty_id)
    return Target(integration_id=integration.id, active_key=active_key)


def ignored(facts: t.Any, thirdparty_id: str) -> Change:
    """Return that there was nothing to change, with the facts of the alert if there is one."""
    if facts is None:
        return Change(outcome=Outcome.IGNORED, thirdparty_id=thirdparty_id)

    return change(Outcome.IGNORED, facts)


def _as_decoded(payload: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return ``payload`` as if it had come over the wire, with the same limits."""
    try:
        return decoding.decode(json.dumps(payload, default=_as_dict).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise Rejected(
            f"The payload cannot be written as JSON: {error}", status=400, code="not_json"
        ) from error


def _as_dict(value: object) -> dict[t.Any, t.Any]:
    """Return any other mapping as the kind that can be written as JSON."""
    if isinstance(value, Mapping):
        return dict(value)

    raise TypeError(f"{type(value).__name__} is no JSON value")


def _rendered(
    integration: IntegrationRecord, event: IncomingEvent, payload: dict[str, t.Any]
) -> IncomingEvent:
    """Return the event with the texts of the integration's templates, where they give any."""
    if integration.title_template is None and integration.description_template is None:
        return event

    templates = {
        "title": integration.title_template,
        "description": integration.description_template,
    }
    facts = {"id": integration.id, "name": integration.name}
    texts: dict[str, t.Any] = {}
    notes: list[str] = []
    for name, source in templates.items():
        if source is None:
            continue
        try:
            text = rendering.render(source, payload=payload, integration=facts)
            texts[name] = decoding.clean(text)
        except RenderingFailed as error:
            notes.append(f"{name.capitalize()}: the template was left out. {error}")
    return dataclasses.replace(event, **texts, notes=(*event.notes, *notes))
