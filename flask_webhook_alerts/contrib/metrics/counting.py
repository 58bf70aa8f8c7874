"""Count what happens in this process: requests, and the receivers it calls."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry
from prometheus_client import Counter
from prometheus_client import Histogram

from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.observers import Answer
from flask_webhook_alerts.observers import ReceiverCall

from .stored import APP
from .stored import StoredCollector

REFUSED: str = "refused"
"""The outcome of a request that was not accepted."""

OUTCOMES: tuple[str, ...] = (
    Outcome.CREATED,
    Outcome.REPEATED,
    Outcome.ACKNOWLEDGED,
    Outcome.RESOLVED,
    Outcome.UNCHANGED,
    Outcome.IGNORED,
    REFUSED,
)
"""What can become of a request."""

_ANSWER_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_RECEIVER_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Families:
    """The metrics of one registry, which can hold each name only once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests: Counter = Counter(
            "webhook_alerts_requests",
            "Requests to the endpoint, by what became of them.",
            [APP, "integration", "outcome"],
            registry=registry,
        )
        self.refusals: Counter = Counter(
            "webhook_alerts_refusals",
            "Requests that were refused, by status and by the name of the problem.",
            [APP, "integration", "status", "code"],
            registry=registry,
        )
        self.answer_seconds: Histogram = Histogram(
            "webhook_alerts_answer_seconds",
            "Time to answer a request, with the receivers that are called before the answer.",
            [APP, "outcome"],
            buckets=_ANSWER_BUCKETS,
            registry=registry,
        )
        self.receiver_seconds: Histogram = Histogram(
            "webhook_alerts_receiver_seconds",
            "Time of each call of a receiver.",
            [APP, "receiver"],
            buckets=_RECEIVER_BUCKETS,
            registry=registry,
        )
        self.receiver_failures: Counter = Counter(
            "webhook_alerts_receiver_failures",
            "Calls of a receiver that raised.",
            [APP, "receiver"],
            registry=registry,
        )
        self.stored: StoredCollector = StoredCollector()
        registry.register(self.stored)


_BY_REGISTRY: WeakKeyDictionary[CollectorRegistry, Families] = WeakKeyDictionary()


def families_of(registry: CollectorRegistry) -> Families:
    """Return the metrics of ``registry``, made on first use."""
    if registry not in _BY_REGISTRY:
        _BY_REGISTRY[registry] = Families(registry)
    return _BY_REGISTRY[registry]


class Recorder:
    """An observer that counts one app's news."""

    def __init__(self, families: Families, name: str, *, by_integration: bool) -> None:
        self._families = families
        self._name = name
        self._by_integration = by_integration
        # From the start at zero, since the first of its kind would be no increase otherwise.
        families.refusals.labels(name, "", "503", "unavailable")
        for outcome in () if by_integration else OUTCOMES:
            families.requests.labels(name, "", outcome)

    def request_answered(self, answer: Answer) -> None:
        """Count a request."""
        families, outcome = self._families, answer.outcome or REFUSED
        integration = (self._by_integration and answer.integration_id) or ""
        families.requests.labels(self._name, integration, outcome).inc()
        families.answer_seconds.labels(self._name, outcome).observe(answer.seconds)
        if answer.code is not None:
            families.refusals.labels(self._name, integration, str(answer.status), answer.code).inc()

    def receiver_called(self, call: ReceiverCall) -> None:
        """Count a call."""
        families = self._families
        families.receiver_seconds.labels(self._name, call.receiver).observe(call.seconds)
        families.receiver_failures.labels(self._name, call.receiver).inc(int(call.has_failed))
