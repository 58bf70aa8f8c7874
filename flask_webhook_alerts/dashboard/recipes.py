"""Write what a person pastes at a sender: one recipe for each, with the address filled in."""

from __future__ import annotations

import dataclasses
import json
import shlex
import urllib.parse

PLACEHOLDER: str = "YOUR-TOKEN"
"""What stands for the token where it cannot be shown any more."""

_EVENT = {
    "event_type": "create",
    "Id": "backup-db-7",
    "Title": "The backup of db-7 failed",
    "Description": "No space left on device",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """Where a sender posts to, and what it shows.

    :ivar token: the token, or a placeholder for it; None if the integration wants none.
    """

    url: str
    header: str
    token: str | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """Something to do at the sender.

    :ivar words: what to do.
    :ivar paste: what to paste there, if anything.
    """

    words: str
    paste: str | None = None


def _headers(place: Place) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    return headers if place.token is None else headers | {place.header: place.token}


def curl(place: Place) -> list[Step]:
    """Tell how to post by curl."""
    headers = " \\\n  ".join(
        f"-H {shlex.quote(f'{name}: {value}')}" for name, value in _headers(place).items()
    )
    create = f"curl {shlex.quote(place.url)} \\\n  {headers} \\\n  -d {_quoted(_EVENT)}"
    resolve = {"event_type": "resolve", "Id": _EVENT["Id"]}
    return [
        Step(words="Open an alert:", paste=create),
        Step(
            words="Resolve it, by the same Id:",
            paste=f"curl {shlex.quote(place.url)} \\\n  {headers} \\\n  -d {_quoted(resolve)}",
        ),
    ]


def python(place: Place) -> list[Step]:
    """Tell how to post from a script."""
    headers = json.dumps(_headers(place), indent=4).replace("\n}", ",\n}")
    code = f"""import json
import urllib.request

URL = {json.dumps(place.url)}
HEADERS = {headers}


def tell(event_type, key, title="", description=""):
    event = {{"event_type": event_type, "Id": key, "Title": title, "Description": description}}
    request = urllib.request.Request(URL, json.dumps(event).encode(), HEADERS)
    return json.load(urllib.request.urlopen(request, timeout=10))


tell("create", "backup-db-7", "The backup of db-7 failed", "No space left on device")
tell("resolve", "backup-db-7")
"""
    return [
        Step(words="Needs nothing but Python. The same Id is the same alert:", paste=code),
        Step(
            words="An answer of 503 means that nothing was stored: send the event again a little"
            " later. Any other refusal says in its detail what to send instead."
        ),
    ]


def apprise(place: Place) -> list[Step]:
    """Tell how to notify by Apprise."""
    parts = urllib.parse.urlsplit(place.url)
    fields = {":title": "Title", ":message": "Description", ":event_type": "create"}
    if place.token is not None:
        fields = {f"+{place.header}": place.token} | fields
    query = urllib.parse.urlencode({**fields, ":Id": "backup-db-7"}, safe=":+")
    target = f"{parts.scheme.replace('http', 'json')}://{parts.netloc}{parts.path}?{query}"
    return [
        Step(
            words="Apprise knows PagerTree’s own address only, so give it this one, which renames"
            " its fields to ours:",
            paste=f'apprise -t "The backup of db-7 failed" -b "No space left on device" \\\n'
            f"  {shlex.quote(target)}",
        ),
        Step(words="To resolve, write resolve for create, with the same :Id."),
    ]


def uptime_kuma(place: Place) -> list[Step]:
    """Tell what to enter in Uptime Kuma."""
    return [
        Step(words="In Uptime Kuma: Settings → Notifications → Setup Notification."),
        Step(words="Notification Type: PagerTree. Integration URL:", paste=place.url),
        Step(words="Auto resolve: Auto Resolve, so that an alert ends when its monitor is up."),
        Step(words="Press Test: “Has anything come?” tells within seconds that it has arrived."),
        *_no_headers(place, "Uptime Kuma’s PagerTree notification"),
    ]


def librenms(place: Place) -> list[Step]:
    """Tell what to enter in LibreNMS."""
    return [
        Step(words="In LibreNMS: Alerts → Alert Transports → Create alert transport."),
        Step(words="Transport type: PagerTree. Integration URL:", paste=place.url),
        Step(words="Save it, then attach it to your alert rules, or make it the default."),
        *_no_headers(place, "LibreNMS’s PagerTree transport"),
    ]


def _no_headers(place: Place, who: str) -> list[Step]:
    if place.token is None:
        return []

    words = f"{who} can send no header, and this integration wants a token: take the token away"
    return [Step(words=f"{words} under Settings. The address itself is hard to guess.")]


def alertmanager(place: Place) -> list[Step]:
    """Tell what to write into Alertmanager's configuration."""
    token = ""
    if place.token is not None:
        token = f"""
        http_config:
          http_headers:
            {place.header}:
              secrets: [{json.dumps(place.token)}]"""
    code = f"""route:
  receiver: alerts
  group_by: ['...']   # one notification for each alert

receivers:
  - name: alerts
    webhook_configs:
      - url: {json.dumps(place.url)}
        send_resolved: true{token}
        payload:
          event_type: '{{{{ if eq .Status "firing" }}}}create{{{{ else }}}}resolve{{{{ end }}}}'
          Id: '{{{{ (index .Alerts 0).Fingerprint }}}}'
          Title: '{{{{ .CommonLabels.alertname }}}} {{{{ .CommonLabels.instance }}}}'
          Description: '{{{{ .CommonAnnotations.description }}}}'
"""
    return [
        Step(
            words="Alertmanager 0.32 and later write any payload. In alertmanager.yml:", paste=code
        ),
        Step(
            words="Older ones send a body that has neither event_type nor Id: put a small script"
            " between the two."
        ),
    ]


def github(place: Place) -> list[Step]:
    """Tell what to add to a workflow."""
    event = {
        "event_type": "create",
        "Id": "${{ github.repository }}/${{ github.workflow }}",
        "Title": "${{ github.workflow }} failed",
        "Description": "${{ github.server_url }}/${{ github.repository }}"
        "/actions/runs/${{ github.run_id }}",
    }
    header = f'\n            -H "{place.header}: $TOKEN" \\' if place.token is not None else ""
    secret = "\n          TOKEN: ${{ secrets.ALERTS_TOKEN }}" if place.token is not None else ""
    code = f"""      - name: Open an alert
        if: failure()
        env:
          URL: {place.url}{secret}
          EVENT: >-
            {json.dumps(event)}
        run: |
          curl --fail --retry 3 "$URL" \\{header}
            -H "Content-Type: application/json" -d "$EVENT"
"""
    steps = [Step(words="As the last step of a job:", paste=code)]
    if place.token is not None:
        steps.append(
            Step(words="Store it as the repository’s secret ALERTS_TOKEN:", paste=place.token)
        )
    return steps


def _quoted(event: dict[str, str]) -> str:
    return shlex.quote(json.dumps(event))
