"""Examine the app and its database: ``flask webhook-alerts doctor``."""

from __future__ import annotations

import dataclasses

import click

from flask_webhook_alerts.examination import examine
from flask_webhook_alerts.findings import Finding
from flask_webhook_alerts.findings import Level
from flask_webhook_alerts.state import get_state
from flask_webhook_alerts.words import safe

from .base import group
from .options import json_option
from .output import emit


@group.command("doctor")
@json_option
def doctor(as_json: bool) -> None:
    """Say whether all is well, and what to do if not.

    The exit code is 1 if there is a problem.
    """
    findings = list(examine(get_state()))
    is_well = all(finding.level is not Level.PROBLEM for finding in findings)
    record = {
        "is_well": is_well,
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }
    emit(record, _lines(findings), as_json=as_json)
    if not is_well:
        click.get_current_context().exit(1)


def _lines(findings: list[Finding]) -> list[str]:
    width = max(len(finding.about) for finding in findings)
    return [
        f"{finding.level:<7}  {finding.about:<{width}}  {safe(finding.words)}"
        for finding in findings
    ]
