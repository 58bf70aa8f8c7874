"""Tell the fuzzer what no schema can: which texts are expressions, templates, or visible."""

from __future__ import annotations

import typing as t

import schemathesis

from flask_webhook_alerts import decoding
from flask_webhook_alerts import rendering
from flask_webhook_alerts import wrapping
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.words import is_visible


def _check_visible(text: str) -> None:
    if text.strip() and not is_visible(decoding.clean(text)):
        raise InvalidOption("Visible to the schema, and to nobody else.")


_FITTING: dict[str, tuple[t.Callable[[str], None], str]] = {
    "wrapper_key": (wrapping.check_wrapper_key, "data.alert"),
    "title_template": (rendering.check_template, "{{ integration.name }}: {{ payload.Title }}"),
    "description_template": (rendering.check_template, "{{ payload.Description }}"),
    "text": (_check_visible, "Ann looks."),
    "Id": (_check_visible, "disk"),
    "Title": (_check_visible, "Disk full"),
    "Description": (_check_visible, "/var"),
}


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: t.Any, _options: t.Any) -> None:
    """Replace texts that fit the schema, and that the operation cannot take all the same."""
    body = case.body
    if not isinstance(body, dict):
        return

    for name, (check, fitting) in _FITTING.items():
        if isinstance(body.get(name), str):
            try:
                check(body[name])
            except InvalidOption:
                body[name] = fitting
