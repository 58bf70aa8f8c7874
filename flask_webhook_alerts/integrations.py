"""Make, change and delete integrations: the use cases around the senders."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import orm

from . import clock
from . import tokens
from .database import Database
from .durations import LONGEST
from .errors import InvalidOption
from .errors import NotFound
from .errors import WebhookAlertsError
from .mapping import table_of
from .mapping import touch
from .models import OPTIONS
from .store.housekeeping import BATCH
from .versions import version_of_row
from .words import count


class HasAlerts(InvalidOption):
    """The integration cannot be deleted by itself, since it has alerts."""


class Stale(WebhookAlertsError):
    """The integration is no longer as it was read."""


class Integrations:
    """One app's integrations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, options: dict[str, t.Any]) -> t.Any:
        """Store a new integration and return its row.

        :param options: columns of the integration, and ``token``.
        :raises InvalidOption: an option cannot be stored.
        """
        self._database.host.require_committed()
        model = self._database.models.Integration
        _check_names(options)

        def work(connection: sa.Connection) -> str:
            with _session(connection) as session:
                integration = model(name=name, **options)
                session.add(integration)
                session.flush()
                return t.cast(str, integration.id)

        return self.get(self._database.write(work))

    def get(self, integration_id: str) -> t.Any:
        """Return the row, loaded afresh through the host's session, or raise :exc:`NotFound`."""
        row = self._database.host.load(self._database.models.Integration, integration_id)
        if row is None or row.id != integration_id:
            raise NotFound(f"There is no integration {integration_id!r}.")

        return row

    def update(
        self, integration_id: str, options: dict[str, t.Any], *,
        expected: Collection[str] | None = None,
    ) -> t.Any:  # fmt: skip
        """Change options of an integration and return its row.

        :param expected: the versions that may be changed, as :func:`version_of` tells them.
        :raises Stale: it has another version; nothing is changed.
        :raises InvalidOption: an option cannot be stored; then none is changed.
        """
        self._database.host.require_committed()
        tokens.require_integration_id(integration_id)
        model = self._database.models.Integration
        _check_names(options)

        def work(connection: sa.Connection) -> bool:
            self._check_version(connection, integration_id, expected)
            with _session(connection) as session:
                integration = session.get(model, integration_id)
                if integration is None or integration.id != integration_id:
                    return False
                for name, value in options.items():
                    setattr(integration, name, value)
                session.flush()
                return True

        self._changed(integration_id, self._database.write(work))
        return self.get(integration_id)

    def rotate_token(
        self, integration_id: str, token: str | None, keep_for: dt.timedelta, *,
        expected: Collection[str] | None = None,
    ) -> str:  # fmt: skip
        """Set a new token and return it; the old one stays valid for ``keep_for``.

        :param expected: as of :meth:`update`.
        """
        self._database.host.require_committed()
        _check_duration(keep_for)
        self._require(integration_id)
        token = tokens.new_token() if token is None else token
        table = table_of(self._database.models.Integration)
        expires_at = sa.case((table.c.token_hash.is_not(None), clock.now() + keep_for))
        statement = (
            sa.update(table)
            .where(table.c.id == integration_id)
            # In this order, because MariaDB assigns from left to right.
            .ordered_values(
                (table.c.previous_token_hash, table.c.token_hash),
                (table.c.previous_token_expires_at, expires_at),
                (table.c.token_hash, tokens.hash_token(token)),
            )
        )

        def work(connection: sa.Connection) -> int:
            self._check_version(connection, integration_id, expected)
            return connection.execute(statement).rowcount

        self._changed(integration_id, bool(self._database.write(work)))
        return token

    def delete(
        self, integration_id: str, *, with_alerts: bool = False,
        expected: Collection[str] | None = None,
    ) -> int:  # fmt: skip
        """Delete an integration and return how many alerts went with it.

        :param with_alerts: also delete its alerts and their events; without, :exc:`HasAlerts` is
            raised if there are any.
        :param expected: as of :meth:`update`; looked at before the first alert is deleted.
        """
        self._database.host.require_committed()
        self._require(integration_id)
        housekeeping, reads = self._database.store.housekeeping, self._database.store.reads

        def delete_some(connection: sa.Connection) -> tuple[int, bool | None]:
            housekeeping.hold_integration(connection, integration_id)
            if not deleted:
                self._check_version(connection, integration_id, expected)
            if not with_alerts and (found := reads.count_alerts(connection, integration_id)):
                raise HasAlerts(f"The integration has {count(found, 'alert')}.")

            return housekeeping.delete_integration(connection, integration_id, BATCH)

        deleted, is_gone = 0, None
        while is_gone is None:
            some, is_gone = self._database.write(delete_some)
            deleted += some
        self._changed(integration_id, is_gone)
        return deleted

    def _check_version(
        self, connection: sa.Connection, integration_id: str, expected: Collection[str] | None
    ) -> None:
        """Raise :exc:`Stale` if the integration has another version.

        If it has not, nobody changes it until the transaction ends.
        """
        if expected is None:
            return

        with _session(connection) as session:
            model = self._database.models.Integration
            row = session.get(model, integration_id, with_for_update=True)
            if row is None or row.id != integration_id:
                return  # which the caller finds out by himself

            if version_of_row(row) not in expected:
                raise Stale("The integration was changed meanwhile. Read it again.")

    def _require(self, integration_id: str) -> None:
        tokens.require_integration_id(integration_id)
        # MariaDB would find the id in another letter case too.
        reads = self._database.store.reads
        record = self._database.run(
            lambda connection: reads.integration(connection, integration_id)
        )
        if record is None:
            raise NotFound(f"There is no integration {integration_id!r}.")

    def _changed(self, integration_id: str, found: bool) -> None:
        """Let every process look it up again; raise :exc:`NotFound` if there was none to change."""
        touch(self._database.models.Integration)
        if not found:
            raise NotFound(f"There is no integration {integration_id!r}.")


def _session(connection: sa.Connection) -> orm.Session:
    # Its end leaves what it flushed, also where the transaction is a savepoint.
    return orm.Session(connection, join_transaction_mode="rollback_only")


def _check_duration(keep_for: object) -> None:
    if not isinstance(keep_for, dt.timedelta) or not dt.timedelta() <= keep_for <= LONGEST:
        raise InvalidOption(
            "keep_for, how long the old token stays valid, is a timedelta from none to"
            f" {LONGEST.days} days."
        )


def _check_names(options: dict[str, t.Any]) -> None:
    unknown = sorted(options.keys() - OPTIONS)
    if unknown:
        raise InvalidOption(
            f"Unknown option: {', '.join(unknown)}."
            f" An integration has {', '.join(sorted(OPTIONS))}."
        )
