"""Know the senders: which mode each needs, and how it is told where to post."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from . import recipes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sender:
    """A tool that can post here.

    :ivar key: its name in addresses.
    :ivar about: what it is, and what is special about it here.
    :ivar strict: whether it keeps the documented format to the letter.
    :ivar steps: how to set it up, for a place.
    """

    key: str
    name: str
    about: str
    strict: bool
    steps: Callable[[recipes.Place], list[recipes.Step]]


def find(key: str) -> Sender:
    """Return the sender with this key; the first one if there is none."""
    return next((sender for sender in SENDERS if sender.key == key), SENDERS[0])


SENDERS: tuple[Sender, ...] = (
    Sender(
        key="script",
        name="My own script",
        about="A cron job, a backup, a deploy: anything that can run a few lines of Python.",
        strict=True,
        steps=recipes.python,
    ),
    Sender(
        key="curl",
        name="curl",
        about="One line in a shell script.",
        strict=True,
        steps=recipes.curl,
    ),
    Sender(
        key="apprise",
        name="Apprise",
        about="The library and command that notifies a hundred services, and this one.",
        strict=True,
        steps=recipes.apprise,
    ),
    Sender(
        key="uptime-kuma",
        name="Uptime Kuma",
        about="Sends numbers as Ids and no description: only the mode “compatible” takes them.",
        strict=False,
        steps=recipes.uptime_kuma,
    ),
    Sender(
        key="librenms",
        name="LibreNMS",
        about="Sends numbers as Ids, at times no description: the mode “compatible” takes them.",
        strict=False,
        steps=recipes.librenms,
    ),
    Sender(
        key="alertmanager",
        name="Alertmanager",
        about="Prometheus’ own, from 0.32 on, by a payload that you write in its configuration.",
        strict=False,
        steps=recipes.alertmanager,
    ),
    Sender(
        key="github",
        name="GitHub Actions",
        about="A workflow that opens an alert when a job fails.",
        strict=True,
        steps=recipes.github,
    ),
)
"""The senders that the pages tell how to set up; the first one fits everybody."""
