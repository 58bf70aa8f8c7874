"""Describe the shop: Moth & Lantern sells lamps, and mends old ones by post."""

from __future__ import annotations

import dataclasses

NAME = "Moth & Lantern"
DESK = "On-call desk"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Running:
    """Something that the shop runs, and who looks after it."""

    name: str
    purpose: str
    owner: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that goes wrong now and then, as a monitor would tell it.

    :ivar check: what the monitor watches; with the service it makes the alert's Id.
    :ivar title: has a place for a number, ``{n}``, between ``least`` and ``most``.
    :ivar incident: the severity and the message, if the monitor calls it an incident.
    """

    service: str
    check: str
    title: str
    description: str
    urgency: str
    tags: tuple[str, ...]
    least: int = 1
    most: int = 9
    incident: tuple[str, str] | None = None


SERVICES = (
    Running(name="storefront", purpose="Lamps to look at and to buy", owner="Amara"),
    Running(name="checkout", purpose="Baskets, cards and vouchers", owner="Bastian"),
    Running(name="search", purpose="“Something green, for a desk”", owner="Amara"),
    Running(name="workshop", purpose="The benches where lamps are mended", owner="Chiyo"),
    Running(name="warehouse", purpose="Shelves, labels and the packing robot", owner="Dario"),
    Running(name="parcels", purpose="Labels and tracking of four carriers", owner="Dario"),
    Running(name="letters", purpose="E-mails, and the autumn catalogue", owner="Edda"),
)

TROUBLES = (
    Trouble(
        service="checkout",
        check="card-payments",
        title="{n} of 10 card payments fail",
        description="The payment provider answers 502 since the last minute. Vouchers still work.",
        urgency="critical",
        tags=("payments", "customer-facing"),
        least=6,
        incident=("SEV-1", "Please join the bridge: extension 204. Edda writes to the customers."),
    ),
    Trouble(
        service="checkout",
        check="latency",
        title="Checkout needs {n} ms for the 95th percentile",
        description="The limit is 800 ms over five minutes.",
        urgency="high",
        tags=("latency", "customer-facing"),
        least=900,
        most=4800,
    ),
    Trouble(
        service="storefront",
        check="error-rate",
        title="{n} % of the pages answer 500",
        description="Most of them are /lamps/<id>. The first one came two minutes after a deploy.",
        urgency="high",
        tags=("deploy", "customer-facing"),
        least=3,
        most=31,
    ),
    Trouble(
        service="storefront",
        check="certificate",
        title="The certificate of the shop ends in {n} days",
        description="Renewal failed: the DNS challenge was not found.",
        urgency="low",
        tags=("tls",),
        least=5,
        most=13,
    ),
    Trouble(
        service="search",
        check="index-age",
        title="The search index is {n} minutes old",
        description="New lamps cannot be found. The indexer waits for a lock.",
        urgency="medium",
        tags=("index",),
        least=25,
        most=180,
    ),
    Trouble(
        service="search",
        check="heap",
        title="Search uses {n} % of its memory",
        description="It was restarted by itself at 95 % last time.",
        urgency="low",
        tags=("memory", "node-3"),
        least=86,
        most=94,
    ),
    Trouble(
        service="workshop",
        check="soldering-iron",
        title="Soldering station {n} is on, and nobody is there",
        description="No movement for fifteen minutes.\nThe fire panel is quiet.",
        urgency="critical",
        tags=("safety", "bench"),
        most=6,
        incident=("SEV-2", "Whoever is in the building: please go and look, then tell Chiyo."),
    ),
    Trouble(
        service="workshop",
        check="extractor",
        title="The fume extractor turns at {n} % of its speed",
        description="The filter may be full.",
        urgency="medium",
        tags=("safety", "sensor"),
        least=35,
        most=70,
    ),
    Trouble(
        service="warehouse",
        check="robot",
        title="The packing robot waits in aisle {n}",
        description="It saw something on the floor and stopped. Twice today, it was a moth.",
        urgency="medium",
        tags=("robot",),
        most=12,
    ),
    Trouble(
        service="warehouse",
        check="humidity",
        title="{n} % humidity in the paper-shade store",
        description="Paper shades warp above 60 %.",
        urgency="high",
        tags=("sensor", "stock"),
        least=61,
        most=82,
    ),
    Trouble(
        service="parcels",
        check="labels",
        title="{n} parcels wait for a label",
        description="The carrier's interface times out after 30 s. The van comes at 16:00.",
        urgency="high",
        tags=("carrier", "queue"),
        least=40,
        most=320,
    ),
    Trouble(
        service="letters",
        check="queue",
        title="{n} e-mails wait to be sent",
        description="Order confirmations are among them.",
        urgency="medium",
        tags=("queue", "customer-facing"),
        least=500,
        most=9000,
    ),
    Trouble(
        service="letters",
        check="bounces",
        title="{n} % of the letters come back",
        description="One provider refuses them all. We may be on its list.",
        urgency="silent",
        tags=("reputation",),
        least=4,
        most=19,
    ),
    Trouble(
        service="coffee-machine",
        check="beans",
        title="Beans for {n} more cups",
        description="This service is in nobody's list: the desk itself is paged.",
        urgency="low",
        tags=("kitchen",),
        most=5,
    ),
)
