"""Say how much of each fault there is: little in CI, a lot in the long form."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sizes:
    """The size of each trial; the defaults are those of CI.

    ``FAULTS_LONG=1`` takes :data:`LONG`, and ``FAULTS_KILLS=50`` sets one size, whichever the form.
    """

    accepted: int = 3_000  # events taken in while workers are killed
    kills: int = 20
    failpoint_rounds: int = 1  # each is eight points by three transitions
    duplicate_ids: int = 20
    duplicate_ways: int = 64  # creates of one Id at once
    storm_alerts: int = 300
    restarts: int = 3  # of a database under load
    sqlite_writers: int = 16  # processes
    sqlite_writes: int = 2_000  # of all the writers together
    deliveries: int = 200  # events that several deliverers share
    cuts: int = 30  # each in create, acknowledge and resolve
    purged: int = 20_000  # alerts, of which two in a hundred are not resolved

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Sizes:
        """Return the sizes that ``environ`` asks for."""
        sizes = LONG if environ.get("FAULTS_LONG") == "1" else cls()
        asked = {
            field.name: int(environ[variable])
            for field in dataclasses.fields(cls)
            if (variable := f"FAULTS_{field.name.upper()}") in environ
        }
        return dataclasses.replace(sizes, **asked)


LONG = Sizes(
    accepted=50_000,
    kills=300,
    failpoint_rounds=25,
    duplicate_ids=500,
    storm_alerts=10_000,
    restarts=30,
    sqlite_writes=50_000,
    deliveries=10_000,
    cuts=100,
    purged=100_000,
)
