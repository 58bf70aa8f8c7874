"""Compare any sequence of events with a model of the lifecycle in a dozen lines."""

from __future__ import annotations

import dataclasses
import typing as t

from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle
from hypothesis.stateful import invariant
from hypothesis.stateful import rule
from hypothesis.stateful import RuleBasedStateMachine
from hypothesis.stateful import run_state_machine_as_test

from tests.hosts import Host

KEYS = st.sampled_from(["a", "A", "a ", "é", "e\u0301", "😀", "😁", "x" * 512])


@dataclasses.dataclass
class ModelAlert:
    """What an alert should be."""

    status: str = "open"
    occurrences: int = 1
    kinds: list[str] = dataclasses.field(default_factory=lambda: ["created"])


class Lifecycle(RuleBasedStateMachine):
    """Send any event, and expect what the model expects."""

    host: Host
    integrations = Bundle("integrations")

    def __init__(self) -> None:
        super().__init__()
        self.active: dict[tuple[str, str], int] = {}
        self.alerts: dict[int, ModelAlert] = {}

    @rule(target=integrations, strict=st.booleans())
    def create_integration(self, strict: bool) -> str:
        return self.host.create_integration(strict=strict)

    @rule(integration=integrations, key=KEYS)
    def create(self, integration: str, key: str) -> None:
        alert_id = self.active.get((integration, key))
        answer = self.post(integration, key, "create")
        if alert_id is None:
            self.active[integration, key] = answer["alert"]["id"]
            assert answer["outcome"] == "created"
            assert answer["alert"]["id"] not in self.alerts
            self.alerts[answer["alert"]["id"]] = ModelAlert()
        else:
            self.alerts[alert_id].occurrences += 1
            self.expect(answer, "repeated", alert_id)

    @rule(integration=integrations, key=KEYS)
    def acknowledge(self, integration: str, key: str) -> None:
        alert_id = self.active.get((integration, key))
        answer = self.post(integration, key, "acknowledge")
        if alert_id is None:
            assert answer["outcome"] == "ignored"
        elif self.alerts[alert_id].status == "acknowledged":
            self.expect(answer, "unchanged", alert_id)
        else:
            self.moved(answer, "acknowledged", alert_id)

    @rule(integration=integrations, key=KEYS)
    def resolve(self, integration: str, key: str) -> None:
        alert_id = self.active.pop((integration, key), None)
        answer = self.post(integration, key, "resolve")
        if alert_id is None:
            assert answer["outcome"] == "ignored"
        else:
            self.moved(answer, "resolved", alert_id)

    @invariant()
    def the_database_agrees(self) -> None:
        stored = {alert.id: alert for alert in self.host.stored_alerts()}
        kinds: dict[int, list[str]] = {}
        for event in self.host.stored_events():
            kinds.setdefault(event.alert_id, []).append(event.kind)
        for alert_id, model in self.alerts.items():
            alert = stored[alert_id]
            assert (alert.status, alert.occurrences) == (model.status, model.occurrences)
            assert kinds[alert_id] == model.kinds

    def moved(self, answer: dict[str, t.Any], status: str, alert_id: int) -> None:
        self.alerts[alert_id].status = status
        self.alerts[alert_id].kinds.append(status)
        self.expect(answer, status, alert_id)

    def expect(self, answer: dict[str, t.Any], outcome: str, alert_id: int) -> None:
        model = self.alerts[alert_id]
        assert answer["outcome"] == outcome
        assert answer["alert"]["id"] == alert_id
        assert answer["alert"]["status"] == model.status
        assert answer["alert"]["occurrences"] == model.occurrences

    def post(self, integration: str, key: str, event_type: str) -> dict[str, t.Any]:
        payload = {"event_type": event_type, "Id": key, "Title": "t", "Description": "d"}
        answer = self.host.post(integration, payload)
        assert answer.status_code == 200
        return t.cast(dict[str, t.Any], answer.json)


def test_any_sequence_of_events_keeps_to_the_lifecycle(host: Host) -> None:
    machine = type("HostLifecycle", (Lifecycle,), {"host": host})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
