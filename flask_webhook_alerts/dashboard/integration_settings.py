"""Change one integration: its options, its token, whether it is there at all."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Callable

from flask import Blueprint
from flask import request
from flask import Response
from flask import url_for

from flask_webhook_alerts import rendering
from flask_webhook_alerts import wrapping
from flask_webhook_alerts.decoding import clean
from flask_webhook_alerts.decoding import decode
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.errors import Rejected
from flask_webhook_alerts.integrations import HasAlerts
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.store.listings import Record

from . import notices
from .formats import plural
from .integration_page import detail
from .integration_page import KEEP_FOR
from .integration_page import place_of

_CHECKS: dict[str, Callable[[str], None]] = {
    "wrapper_key": wrapping.check_wrapper_key,
    "title_template": rendering.check_template,
    "description_template": rendering.check_template,
}


def register(blueprint: Blueprint) -> None:
    """Add the routes of the settings."""
    rule = "/integrations/<integration_id>"
    for name, view in {
        "settings": save,
        "try": try_wrapper_key,
        "token": change_token,
        "enabled": switch,
        "delete": delete,
    }.items():
        blueprint.add_url_rule(f"{rule}/{name}", f"{name}_integration", view, methods=["POST"])


def save(integration_id: str) -> Response:
    """Store the settings; where one cannot be stored, none is."""
    integration = get_state().reading.integration(integration_id)
    given = _given()
    errors = _faults(given)
    if not errors:
        try:
            get_state().integrations.update(integration_id, given)
        except InvalidOption as error:  # of the name, since all else was looked at
            errors = {"name": str(error)}
    if errors:
        return detail(integration, status=422, errors=errors, given=given)

    return _back(integration_id, "The settings are saved. They count for the next event.")


def try_wrapper_key(integration_id: str) -> Response:
    """Show what the wrapper key finds in a body, and store nothing."""
    integration = get_state().reading.integration(integration_id)
    given, body = _given(), request.form.get("body", "")
    key, errors = given["wrapper_key"], _faults(given)
    trial: Record = {"body": body, "found": None, "error": None}
    if key is None:
        trial["error"] = "Write a wrapper key first."
    elif "wrapper_key" not in errors:
        trial |= _found(key, body)
    return detail(integration, errors=errors, given=given, trial=trial)


def change_token(integration_id: str) -> Response:
    """Make a new token and show it once, or take the token away."""
    state = get_state()
    if request.form.get("action") == "remove":
        state.integrations.update(integration_id, {"token": None})
        return _back(integration_id, "Whoever knows the address may post now, without a token.")

    words, keep_for = KEEP_FOR.get(request.form.get("keep_for", ""), KEEP_FOR["24h"])
    token = state.integrations.rotate_token(integration_id, None, keep_for)
    notice = f"There is a new token, shown only now. The old one stays valid {words}."
    return _back(integration_id, notice, token=token)


def switch(integration_id: str) -> Response:
    """Let the integration take events, or refuse them."""
    is_on = request.form.get("enabled") == "1"
    get_state().integrations.update(integration_id, {"enabled": is_on})
    words = "It takes events again." if is_on else "Its events are refused now. Its alerts stay."
    return _back(integration_id, words)


def delete(integration_id: str) -> Response:
    """Delete the integration and its alerts, if the person has typed its name."""
    state = get_state()
    integration = state.reading.integration(integration_id)
    if request.form.get("typed", "").strip() != integration["name"].strip():
        errors = {"typed": "That is not its name. Nothing was deleted."}
        return detail(integration, status=422, errors=errors)

    try:
        count = state.integrations.delete(integration_id, with_alerts="alerts" in request.form)
    except HasAlerts as error:
        errors = {"typed": f"{error} Tick the box to delete them too."}
        return detail(integration, status=422, errors=errors)

    words = f"“{integration['name']}” and {plural(count, 'alert')} are deleted."
    return notices.send_to(url_for(".integrations"), words)


def _given() -> dict[str, t.Any]:
    return {
        "name": request.form.get("name", ""),
        "strict": request.form.get("strict") == "1",
        "capture_additional_data": "capture_additional_data" in request.form,
        **{name: _text(name) or None for name in _CHECKS},
    }


def _text(name: str) -> str:
    return str(clean(request.form.get(name, "").replace("\r\n", "\n")))


def _faults(given: dict[str, t.Any]) -> dict[str, str]:
    """Return what is wrong with each expression, so that the page can say so beside it."""
    faults = dict[str, str]()
    for name, check in _CHECKS.items():
        if given[name] is None:
            continue

        try:
            check(given[name])
        except InvalidOption as error:
            faults[name] = str(error)
    return faults


def _found(key: str, body: str) -> Record:
    """Return what the key finds in a body, or why the endpoint would not take the body."""
    try:
        payload = clean(decode(body.encode("utf-8", "replace")))
    except Rejected as error:
        return {"error": f"The body is not taken: {error.detail}"}

    found = wrapping.find_payload(key, payload)
    words = json.dumps(found, indent=2, ensure_ascii=False)
    return {"found": words, "is_whole": found is payload}


def _back(integration_id: str, words: str, **details: t.Any) -> Response:
    return notices.send_to(place_of(integration_id), words, **details)
