"""Write what each known client posts: a builder stands for one thing that the client watches.

What an integration needs to take its payloads stands in the builder's ``options``, as in
``make_integration(**UptimeKuma.options)``.
"""

from __future__ import annotations

from .monitors import Healthchecks
from .monitors import LibreNMS
from .monitors import Peekaping
from .monitors import UptimeKuma
from .payload import Payload
from .prometheus import Alertmanager
from .scripts import Apprise
from .scripts import PagerTree
from .scripts import Plain

__all__ = [
    "Alertmanager",
    "Apprise",
    "Healthchecks",
    "LibreNMS",
    "PagerTree",
    "Payload",
    "Peekaping",
    "Plain",
    "UptimeKuma",
]
