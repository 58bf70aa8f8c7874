"""Tell where one answer leads: the links of the OpenAPI document, by operation."""

from __future__ import annotations

import typing as t


def _links(operations: t.Iterable[str], **values: str) -> dict[str, t.Any]:
    return {name: {"operationId": name, "parameters": dict(values)} for name in operations}


_OF_AN_ALERT = (
    "get_alert", "acknowledge_alert", "resolve_alert", "reopen_alert", "add_note",
)  # fmt: skip
_OF_AN_INTEGRATION = (
    "get_integration", "rotate_token", "enable_integration", "disable_integration",
    "list_rejections", "delete_integration", "receive_event",
)  # fmt: skip
_OF_AN_EVENT = ("get_delivery", "send_again")
_CHANGE: dict[str, t.Any] = {
    "change_integration": {
        "operationId": "change_integration",
        "parameters": {
            "integration_id": "$response.body#/id",
            "If-Match": "$response.header.ETag",
        },
    }
}

FROM: dict[str, dict[str, t.Any]] = {
    "create_integration": _links(_OF_AN_INTEGRATION, integration_id="$response.body#/id") | _CHANGE,
    "get_integration": _CHANGE,
    "change_integration": _CHANGE,
    "list_integrations": _links(
        _OF_AN_INTEGRATION, integration_id="$response.body#/integrations/0/id"
    ),
    "list_alerts": _links(_OF_AN_ALERT, alert_id="$response.body#/alerts/0/id"),
    "get_alert": _links(_OF_AN_EVENT, event_id="$response.body#/events/0/id"),
    "list_deliveries": _links(_OF_AN_EVENT, event_id="$response.body#/deliveries/0/id"),
    "receive_event": _links(_OF_AN_ALERT, alert_id="$response.body#/alert/id"),
}
