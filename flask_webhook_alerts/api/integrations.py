"""Show integrations to programs, and let them make, change and delete some."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Collection

from flask import request

from flask_webhook_alerts import tokens
from flask_webhook_alerts import urls
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.versions import version_of

from . import links
from . import outputs
from .operations import Answer
from .operations import Call
from .operations import Operations
from .options import DeletionQuery
from .options import IntegrationChanges
from .options import NewIntegration
from .options import NewToken
from .refusals import Declined

integrations: Operations = Operations("integrations")

_ONE = "/integrations/{integration_id}"
_CONDITIONAL: dict[str, t.Any] = {
    "problems": (404, 412), "takes": ("If-Match",), "gives": ("ETag",),
}  # fmt: skip


@integrations.get("/integrations", outputs.Integrations())
def list_integrations(call: Call) -> Answer:
    """List all integrations, the oldest first."""
    records = get_state().reading.integrations()
    return Answer({"integrations": [_shown(record) for record in records]})


@integrations.post(
    "/integrations", outputs.IntegrationWithToken(), NewIntegration(), status=201,
    gives=("ETag", "Location"),
)  # fmt: skip
def create_integration(call: Call) -> Answer:
    """Make an integration. Its token is in this answer, and in no other."""
    options = dict(call.body)
    if options.pop("generate_token") and options.get("token") is None:
        options["token"] = tokens.new_token()
    name, token = options.pop("name"), options.get("token")
    integration_id = get_state().integrations.create(name, options).id
    return _answer(integration_id, {"token": token}, links.to_member(integration_id))


@integrations.get(
    _ONE, outputs.Integration(), problems=(404,), takes=("If-None-Match",), gives=("ETag",)
)
def get_integration(call: Call, integration_id: str) -> Answer:
    """Return an integration, without its token."""
    return _answer(integration_id)


@integrations.patch(
    _ONE, outputs.Integration(), IntegrationChanges(), problems=(404, 412, 428),
    takes=("If-Match",), gives=("ETag",),
)  # fmt: skip
def change_integration(call: Call, integration_id: str) -> Answer:
    """Change an integration, if it still is as it was read.

    `If-Match` holds the `ETag` that came with it, or `*` to change it however it is. A token that
    is set here ends all older ones at once; to go over gently, rotate it.
    """
    if "If-Match" not in request.headers:
        detail = "Send the integration's ETag in the header If-Match, or * to change any version."
        raise Declined(428, "if_match_missing", detail)

    get_state().integrations.update(integration_id, call.body, expected=_expected())
    return _answer(integration_id)


@integrations.post(
    f"{_ONE}/rotate-token", outputs.IntegrationWithToken(), NewToken(), needs_body=False,
    **_CONDITIONAL,
)  # fmt: skip
def rotate_token(call: Call, integration_id: str) -> Answer:
    """Give an integration a new token, and let the old one be valid for a while."""
    keep_for = dt.timedelta(seconds=call.body["keep_for_seconds"])
    token = get_state().integrations.rotate_token(
        integration_id, call.body.get("token"), keep_for, expected=_expected()
    )
    return _answer(integration_id, {"token": token})


@integrations.post(f"{_ONE}/enable", outputs.Integration(), **_CONDITIONAL)
def enable_integration(call: Call, integration_id: str) -> Answer:
    """Let the sender post."""
    return _switched(integration_id, enabled=True)


@integrations.post(f"{_ONE}/disable", outputs.Integration(), **_CONDITIONAL)
def disable_integration(call: Call, integration_id: str) -> Answer:
    """Refuse what the sender posts, until it is enabled again."""
    return _switched(integration_id, enabled=False)


@integrations.delete(
    _ONE, outputs.Deletion(), query=DeletionQuery(), problems=(404, 409, 412), takes=("If-Match",)
)
def delete_integration(call: Call, integration_id: str) -> Answer:
    """Delete an integration; while it has alerts, only together with them."""
    count = get_state().integrations.delete(
        integration_id, with_alerts=call.query["with_alerts"], expected=_expected()
    )
    return Answer({"deleted_alerts": count})


@integrations.get(f"{_ONE}/rejections", outputs.Rejections(), problems=(404,))
def list_rejections(call: Call, integration_id: str) -> Answer:
    """List the last requests of the sender that were refused, and why; the newest first."""
    reading = get_state().reading
    reading.integration(integration_id)
    return Answer({"rejections": reading.rejections(integration_id)})


def _switched(integration_id: str, *, enabled: bool) -> Answer:
    options = {"enabled": enabled}
    get_state().integrations.update(integration_id, options, expected=_expected())
    return _answer(integration_id)


def _answer(
    integration_id: str, more: dict[str, t.Any] | None = None, headers: dict[str, str] | None = None
) -> Answer:
    record = get_state().reading.integration(integration_id)
    etag = {"ETag": f'"{version_of(record)}"'}
    return Answer(_shown(record) | (more or {}), headers=etag | (headers or {}))


def _shown(record: dict[str, t.Any]) -> dict[str, t.Any]:
    return {**record, "endpoint_url": urls.url_or_none(record["id"])}


def _expected() -> Collection[str] | None:
    """Return the versions that the request may change; None for any."""
    tags = request.if_match
    return None if tags.star_tag or "If-Match" not in request.headers else tags.as_set()
