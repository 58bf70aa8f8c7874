"""Take the buttons of the alerts: acknowledge, resolve, reopen, write a note."""

from __future__ import annotations

import collections
from collections.abc import Mapping

from flask import Blueprint
from flask import request
from flask import Response
from flask import url_for

from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.events import EventKind
from flask_webhook_alerts.events import Outcome
from flask_webhook_alerts.events import Receipt
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record

from . import ids
from . import notices
from .formats import clip
from .formats import plural
from .pages import acting
from .pages import page
from .pages import wants_fragment
from .queries import ListQuery

_KINDS = {
    "acknowledge": EventKind.ACKNOWLEDGED,
    "resolve": EventKind.RESOLVED,
    "reopen": EventKind.REOPENED,
}
_MOST = 200
_WORDS = {
    Outcome.ACKNOWLEDGED: "acknowledged",
    Outcome.RESOLVED: "resolved",
    Outcome.REOPENED: "reopened",
    Outcome.IGNORED: "left as they were",
    None: "gone meanwhile",
}
_UNCHANGED = {"acknowledge": "acknowledged before", "reopen": "active before"}


def register(blueprint: Blueprint) -> None:
    """Add the routes of the buttons."""
    blueprint.add_url_rule("/act", "act", act, methods=["POST"])
    blueprint.add_url_rule(f"/{ids.ALERT}/note", "note", note, methods=["POST"])


def act() -> Response:
    """Do with one alert, or with all that are chosen, what the button says."""
    action, alert_ids = _pressed(request.form)
    if not alert_ids:
        return _answer("Choose alerts first: tick the boxes in front of them.", [], level="warning")

    receipts = get_state().triage.change_all(alert_ids, _KINDS[action], acting())
    records = get_state().reading.alerts_of(alert_ids)
    resolved = [
        alert_id
        for alert_id, receipt in receipts.items()
        if receipt is not None and receipt.outcome is Outcome.RESOLVED
    ]
    return _answer(_told(action, receipts, records), records, undo=resolved)


def note(alert_id: int) -> Response:
    """Put a note into an alert's timeline."""
    place = url_for(".alert", alert_id=alert_id)
    # Browsers count a line break as one character, and send two.
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        get_state().triage.note(alert_id, text, acting())
    except InvalidOption as error:
        return notices.send_to(place, str(error), level="warning")

    return notices.send_to(place, "The note is in the timeline.")


def _pressed(form: Mapping[str, str]) -> tuple[str, list[int]]:
    """Return the action, and the ids that it is for: a row's button goes before the boxes."""
    for action in _KINDS:
        if action in form:
            return action, _ids([form[action]])

    chosen = form.get("bulk", "")
    return (chosen, _ids(request.form.getlist("ids"))) if chosen in _KINDS else ("resolve", [])


def _ids(texts: list[str]) -> list[int]:
    numbers = (ids.existing(text, "alert") for text in texts[:_MOST])
    return list(dict.fromkeys(number for number in numbers if number is not None))


def _told(action: str, receipts: Mapping[int, Receipt | None], records: list[Record]) -> str:
    """Return in words what became of the alerts."""
    words = _WORDS | {Outcome.UNCHANGED: _UNCHANGED.get(action, "")}
    outcomes = collections.Counter(
        receipt.outcome if receipt is not None else None for receipt in receipts.values()
    )
    if len(receipts) == 1:
        (outcome,), (receipt,) = outcomes, receipts.values()
        if outcome is Outcome.IGNORED and receipt is not None:
            return f"Nothing to do: {receipt.reason}"

        title = f" “{clip(records[0]['title'], 80)}”" if records else ""
        return f"{words[outcome].capitalize()}:{title}" if title else "This alert is gone."

    parts = [f"{count} {words[outcome]}" for outcome, count in outcomes.most_common()]
    return f"{plural(len(receipts), 'alert')}: {', '.join(parts)}."


def _answer(
    words: str, records: list[Record], *, undo: list[int] | None = None, level: str = "done"
) -> Response:
    query = ListQuery.read(request.args)
    details = {"undo": undo or [], "level": level}
    if wants_fragment():
        notice = {"words": words, **details}
        return page("fragment.html", query=query, records=records, notice=notice)

    alert_id = ids.number(request.args.get("alert", ""))
    place = url_for(".alert", alert_id=alert_id) if alert_id else url_for(".alerts", **query.here())
    return notices.send_to(place, words, **details)
