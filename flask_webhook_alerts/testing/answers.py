"""Read what the endpoint answers."""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from werkzeug.test import TestResponse

from flask_webhook_alerts import posting
from flask_webhook_alerts.events import Outcome


@dataclasses.dataclass(frozen=True, kw_only=True, repr=False)
class Answer:
    """What the endpoint answered to an event: the facts of a receipt, or of a refusal.

    :ivar status_code: the HTTP status.
    :ivar outcome: what became of an accepted event; None if it was refused.
    :ivar alert_id: the id of the alert's row; None if there is none.
    :ivar thirdparty_id: the sender's key of the alert.
    :ivar status: the alert's status after the event.
    :ivar occurrences: how many creates the alert has taken in.
    :ivar reason: why an accepted event was ignored.
    :ivar detail: why the event was refused.
    :ivar errors: field → what is wrong with it, for refusals with a 422.
    :ivar response: the whole answer, with its headers.
    """

    status_code: int
    outcome: Outcome | None = None
    alert_id: int | None = None
    thirdparty_id: str | None = None
    status: str | None = None
    occurrences: int | None = None
    reason: str | None = None
    detail: str | None = None
    errors: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict[str, list[str]])
    response: TestResponse = dataclasses.field(compare=False)
    _load: Callable[[int], t.Any] | None = dataclasses.field(default=None, compare=False)

    @property
    def is_accepted(self) -> bool:
        """Whether the event was accepted, which an ignored one is too."""
        return self.outcome is not None

    @property
    def alert(self) -> t.Any:
        """The alert's row as it is now; None if there is none.

        In the app context in which a test stands it belongs to ``db.session``; outside it is
        detached from any session.
        """
        if self.alert_id is None or self._load is None:
            return None

        return self._load(self.alert_id)

    def __str__(self) -> str:
        if self.outcome is not None:
            alert = f"alert {self.alert_id} is {self.status}, count {self.occurrences}"
            return f"{self.status_code} {self.outcome}: {self.reason or alert}"

        faults = [f"\n  {field}: {fault}" for field in self.errors for fault in self.errors[field]]
        return f"{self.status_code}: {self.detail}{''.join(faults)}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' '.join(str(self).split())}>"


def read_answer(response: TestResponse, load_alert: Callable[[int], t.Any] | None = None) -> Answer:
    """Return what an answer says, to whichever client it was given.

    :param response: what Flask's test client returned.
    :param load_alert: loads the row that :attr:`Answer.alert` shows, by its id.
    """
    content = posting.read(response)
    answered = functools.partial(
        Answer, status_code=response.status_code, response=response, _load=load_alert
    )
    if content is None:
        return answered(detail=posting.describe_stranger(response))

    alert = content.get("alert") or {}
    return answered(
        outcome=Outcome(content["outcome"]) if "outcome" in content else None,
        alert_id=alert.get("id"),
        thirdparty_id=alert.get("thirdparty_id"),
        status=alert.get("status"),
        occurrences=alert.get("occurrences"),
        reason=content.get("reason"),
        detail=content.get("detail"),
        errors=content.get("errors", {}),
    )
