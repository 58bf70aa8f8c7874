"""Find alerts: the newest first, a page at a time, each page at the same cost.

A page is cut out by the alert's id, never by counting rows. What an index can say, the status and
the integration, comes out of one in the order of ids. What none can say, a tag or a word in a
title, is looked for in a window: that many of the newest alerts behind the cursor. A page of a rare
tag may thus be short, even empty, and says from where to look further; no search ever reads the
whole table.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from flask_webhook_alerts import clock
from flask_webhook_alerts.events import AlertStatus
from flask_webhook_alerts.mapping import Models
from flask_webhook_alerts.mapping import table_of

from .chronology import first_id_since
from .listings import Record
from .listings import records_of
from .listings import SHORT_ALERT_COLUMNS

WINDOW = 2_000
"""Alerts that one page looks through at most, where no index can tell which ones fit.

Each may lie on a page of the disk of its own: all resolved but one in a hundred, say.
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class AlertFilter:
    """Which alerts are wanted; what is None or empty does not matter.

    :ivar statuses: any of these.
    :ivar tag: has exactly this tag.
    :ivar thirdparty_id: has exactly this Id of its sender.
    :ivar text: has these characters in its title, its sender's Id or a tag, in any
        case; beyond ASCII the case may count, as on SQLite.
    :ivar since: created then or later.
    :ivar until: created before.
    """

    statuses: tuple[AlertStatus, ...] = ()
    integration_id: str | None = None
    tag: str | None = None
    urgency: str | None = None
    incident: bool | None = None
    text: str | None = None
    thirdparty_id: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether an index alone finds the alerts."""
        residue = (self.tag, self.urgency, self.incident, self.text, self.thirdparty_id)
        return all(value is None for value in residue)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """Some alerts or events, the newest first.

    :ivar older: pass it as ``before`` to see what comes next; None at the end.
    :ivar newer: pass it as ``after`` to go back; None where nothing is newer.
    :ivar searched_to: set if the window ended before the page was full: when the last alert that
        was looked at was created.
    """

    records: list[Record]
    older: int | None
    newer: int | None
    searched_to: dt.datetime | None = None


class Search:
    """The search for alerts in one database."""

    def __init__(self, models: Models, dialect: sa.Dialect) -> None:
        self._alert = table_of(models.Alert)
        self._integration = table_of(models.Integration)
        self._has_tag = _TAG_TESTS[dialect.name]

    def page(
        self, connection: sa.Connection, wanted: AlertFilter, *,
        before: int | None = None, after: int | None = None, limit: int = 50,
    ) -> Page:  # fmt: skip
        """Return the newest alerts that fit.

        :param before: only alerts with a lower id.
        :param after: instead, the nearest alerts with a higher id.
        """
        bounds = self._bounds(connection, wanted, before, after)
        is_backward = after is not None and before is None
        size = limit + 1 if wanted.is_indexed else WINDOW
        window = self._window(wanted, bounds, is_backward, size, SHORT_ALERT_COLUMNS)
        columns = [window.c[name] for name in SHORT_ALERT_COLUMNS]
        statement = (
            sa.select(*columns, self._integration.c.name.label("integration_name"))
            .join_from(window, self._integration, self._integration.c.id == window.c.integration_id)
            .where(*self._residue(window.c, wanted))
            .order_by(window.c.id.asc() if is_backward else window.c.id.desc())
            .limit(limit + 1)
        )
        found = records_of(connection.execute(statement))
        end = None
        if len(found) <= limit and not wanted.is_indexed:
            end = self._end(connection, wanted, bounds, is_backward)
        return _page(found, end, limit, is_backward=is_backward, is_first=not (before or after))

    def _bounds(
        self, connection: sa.Connection, wanted: AlertFilter, before: int | None, after: int | None
    ) -> list[sa.ColumnElement[bool]]:
        alert = self._alert.c
        bounds = [alert.id < before] if before is not None else []
        bounds += [alert.id > after] if after is not None else []
        # SQLite and MariaDB know no offsets, and would take a time as it reads.
        if wanted.since is not None:
            since = clock.as_utc(wanted.since)
            first = first_id_since(connection, alert.id, alert.created_at, since)
            bounds += [alert.id >= first, alert.created_at >= since]
        if wanted.until is not None:
            until = clock.as_utc(wanted.until)
            last = first_id_since(connection, alert.id, alert.created_at, until, late=True)
            bounds += [alert.id < last, alert.created_at < until]
        return bounds

    def _window(
        self, wanted: AlertFilter, bounds: list[sa.ColumnElement[bool]], is_backward: bool,
        size: int, names: Sequence[str],
    ) -> t.Any:  # fmt: skip
        """Return some columns of the alerts that are looked at, in the order of an index."""
        statuses: tuple[AlertStatus | None, ...] = tuple(dict.fromkeys(wanted.statuses))
        if not statuses:
            # The index of an integration has its statuses apart: all of them, one by one.
            statuses = (None,) if wanted.integration_id is None else tuple(AlertStatus)
        branches = [
            self._branch(wanted.integration_id, status, bounds, is_backward, size, names)
            for status in statuses
        ]
        if len(branches) == 1:
            return branches[0].subquery("window")

        union = sa.union_all(*(sa.select(branch.subquery()) for branch in branches)).subquery()
        order = union.c.id.asc() if is_backward else union.c.id.desc()
        return sa.select(union).order_by(order).limit(size).subquery("window")

    def _branch(
        self, integration_id: str | None, status: AlertStatus | None,
        bounds: list[sa.ColumnElement[bool]], is_backward: bool, size: int, names: Sequence[str],
    ) -> t.Any:  # fmt: skip
        alert = self._alert.c
        branch = sa.select(*(alert[name] for name in names)).where(*bounds)
        if integration_id is not None:
            branch = branch.where(alert.integration_id == integration_id)
        if status is not None:
            branch = branch.where(alert.status == status.value)
        return branch.order_by(alert.id.asc() if is_backward else alert.id.desc()).limit(size)

    def _residue(self, row: t.Any, wanted: AlertFilter) -> list[sa.ColumnElement[bool]]:
        """Return what no index can say."""
        tests: dict[str, t.Callable[[t.Any], sa.ColumnElement[bool]]] = {
            "tag": lambda tag: self._has_tag(row.tags, tag),
            "urgency": lambda urgency: row.urgency == urgency,
            "incident": lambda incident: row.incident.is_(incident),
            "text": lambda text: _has_text(row, text),
            "thirdparty_id": lambda key: row.thirdparty_id == key,
        }
        values = {name: getattr(wanted, name) for name in tests}
        return [tests[name](value) for name, value in values.items() if value is not None]

    def _end(
        self, connection: sa.Connection, wanted: AlertFilter,
        bounds: list[sa.ColumnElement[bool]], is_backward: bool,
    ) -> tuple[int, dt.datetime] | None:  # fmt: skip
        """Return where a full window ends; None if there is nothing behind it."""
        # The ids alone, which the indexes hold: the alerts were read before.
        window, alert = self._window(wanted, bounds, is_backward, WINDOW, ("id",)), self._alert.c
        order = window.c.id.asc() if is_backward else window.c.id.desc()
        last = sa.select(window.c.id).order_by(order).offset(WINDOW - 1).limit(1)
        statement = sa.select(alert.id, alert.created_at).where(alert.id == last.scalar_subquery())
        row = connection.execute(statement).first()
        return row and (row.id, row.created_at)


def _page(
    found: list[Record], end: tuple[int, dt.datetime] | None, limit: int, *,
    is_backward: bool, is_first: bool,
) -> Page:  # fmt: skip
    records = found[:limit]
    has_more = len(found) > limit
    further = records[-1]["id"] if has_more else end and end[0]
    searched_to = None if has_more else end and clock.as_utc(end[1])
    if is_backward:
        records.reverse()
        older = records[-1]["id"] if records else None
        return Page(records=records, older=older, newer=further, searched_to=searched_to)

    newer = None if is_first or not records else records[0]["id"]
    return Page(records=records, older=further, newer=newer, searched_to=searched_to)


def _has_text(row: t.Any, text: str) -> sa.ColumnElement[bool]:
    # As JSON writes it, since tags are searched in the text of their list.
    in_json = json.dumps(text)[1:-1]
    return sa.or_(
        row.title.icontains(text, autoescape=True),
        row.thirdparty_id.icontains(text, autoescape=True),
        sa.cast(row.tags, sa.Text()).icontains(in_json, autoescape=True),
    )


def _has_tag_postgresql(tags: t.Any, tag: str) -> sa.ColumnElement[bool]:
    return sa.cast(tags, postgresql.JSONB).contains([tag])


def _has_tag_sqlite(tags: t.Any, tag: str) -> sa.ColumnElement[bool]:
    element = sa.func.json_each(tags).table_valued("value")
    return sa.exists().where(element.c.value == tag)


def _has_tag_mysql(tags: t.Any, tag: str) -> sa.ColumnElement[bool]:
    return sa.func.json_contains(tags, json.dumps(tag)) == 1


_TAG_TESTS: dict[str, t.Callable[[t.Any, str], sa.ColumnElement[bool]]] = {
    "postgresql": _has_tag_postgresql,
    "sqlite": _has_tag_sqlite,
    "mysql": _has_tag_mysql,
    "mariadb": _has_tag_mysql,
}
