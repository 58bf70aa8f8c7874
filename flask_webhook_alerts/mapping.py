"""Complete the mapped classes: the keys of the tables, times in UTC, and classes of our own."""

from __future__ import annotations

import dataclasses
import typing as t
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.event import listen

from . import clock
from .models import AlertEventMixin
from .models import AlertMixin
from .models import IntegrationMixin
from .models import RejectionMixin

_INFO_KEY = "flask_webhook_alerts"
_REVISIONS: WeakKeyDictionary[type, int] = WeakKeyDictionary()


def _constrain_alert(table: sa.Table) -> None:
    # What makes "one active alert per Id" true under any race, and the foreign key's index.
    table.append_constraint(
        sa.UniqueConstraint("integration_id", "active_key", name="uq_webhook_alert_active")
    )
    # The newest alerts of one status: what people on call look at.
    sa.Index("ix_webhook_alert_status", table.c.status, table.c.id)
    # The same of one integration.
    sa.Index(
        "ix_webhook_alert_integration_status", table.c.integration_id, table.c.status, table.c.id
    )


def _constrain_event(table: sa.Table) -> None:
    # An alert's timeline in order. Unique, so that it is part of the table: MariaDB refuses to
    # drop an index of its own that a foreign key needs, and every downgrade begins with that.
    table.append_constraint(sa.UniqueConstraint("alert_id", "id", name="uq_webhook_alert_event"))
    # What is owed, by when it is due, and what is dead, which is never due: a short list, however
    # long the table grows. MariaDB has no partial indexes; there the first column stands for it.
    sa.Index(
        "ix_webhook_alert_event_undelivered",
        table.c.delivered_at,
        table.c.next_attempt_at,
        sqlite_where=table.c.delivered_at.is_(None),
        postgresql_where=table.c.delivered_at.is_(None),
    )


def _constrain_rejection(table: sa.Table) -> None:
    # The newest refusals of one integration, and which are too many.
    sa.Index("ix_webhook_rejection_integration", table.c.integration_id, table.c.id)


_CONSTRAIN: dict[type, t.Callable[[sa.Table], None]] = {
    AlertMixin: _constrain_alert,
    AlertEventMixin: _constrain_event,
    RejectionMixin: _constrain_rejection,
}
_TIMES = {
    IntegrationMixin: ("previous_token_expires_at", "created_at", "updated_at"),
    AlertMixin: ("created_at", "last_received_at", "acknowledged_at", "resolved_at"),
    AlertEventMixin: ("at", "delivered_at", "next_attempt_at"),
    RejectionMixin: ("at",),
}


def _complete_table(mapper: orm.Mapper[t.Any], class_: type) -> None:
    """Give a freshly mapped class our keys, whatever ``__table_args__`` the host wrote."""
    if mapper.inherits is not None:
        return  # a subclass of a model, whose table has them

    table = t.cast(sa.Table, mapper.local_table)
    for mixin, constrain in _CONSTRAIN.items():
        if issubclass(class_, mixin):
            constrain(table)
    for dialect in ("mysql", "mariadb"):
        # A sender's text may hold any character, whatever the database's default is.
        table.dialect_kwargs.setdefault(f"{dialect}_charset", "utf8mb4")
    if issubclass(class_, (AlertMixin, AlertEventMixin)):
        # No id comes a second time after a purge: receivers know an event that they saw by its id.
        table.dialect_kwargs["sqlite_autoincrement"] = True


def _make_times_utc(target: object, *_context: object) -> None:
    for mixin, names in _TIMES.items():
        if isinstance(target, mixin):
            pending = sa.inspect(target).committed_state
            for name in names:
                value = target.__dict__.get(name)
                if value is not None and name not in pending:
                    orm.attributes.set_committed_value(target, name, clock.as_utc(value))


for _mixin in _TIMES:
    listen(_mixin, "instrument_class", _complete_table, propagate=True)
    listen(_mixin, "load", _make_times_utc, propagate=True)
    listen(_mixin, "refresh", _make_times_utc, propagate=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Models:
    """The mapped classes that one extension object works with."""

    Integration: type[t.Any]
    Alert: type[t.Any]
    AlertEvent: type[t.Any]
    Rejection: type[t.Any]

    def __post_init__(self) -> None:
        metadatas = {id(model.metadata) for model in self.all}
        if len(metadatas) > 1:
            raise RuntimeError(
                "The models live in different MetaData. Put them under one base class, or"
                " give WebhookAlerts only models that share a bind key."
            )

        _refuse_unfilled(self.Alert, self.AlertEvent)
        _relate(self)

    @property
    def all(self) -> tuple[type[t.Any], ...]:
        """All classes, each after those that it refers to."""
        return (self.Integration, self.Alert, self.AlertEvent, self.Rejection)

    @property
    def built(self) -> list[type[t.Any]]:
        """The classes of ours."""
        return [model for model in self.all if model.__module__ == __name__]


def revision_of(integration_model: type) -> int:
    """Return how many changes of integrations this process has seen: memories go by it."""
    return _REVISIONS.get(integration_model, 0)


def touch(integration_model: type) -> None:
    """Say that integrations were changed and committed."""
    _REVISIONS[integration_model] = revision_of(integration_model) + 1


def table_of(model: type) -> sa.Table:
    """Return the table behind a mapped class."""
    return t.cast(sa.Table, sa.inspect(model).local_table)


def added_columns(model: type) -> list[sa.Column[t.Any]]:
    """Return the columns that the host has added to ours."""
    ours = {
        name
        for base in model.__mro__
        if base.__module__ == AlertMixin.__module__
        for name in vars(base)
    }
    return [column for column in table_of(model).columns if column.name not in ours]


def fills_itself(models: Models) -> bool:
    """Tell whether the database alone can fill the columns that the host added."""
    added = (*added_columns(models.Alert), *added_columns(models.AlertEvent))
    return all(column.default is None and column.onupdate is None for column in added)


def build_models(
    metadata: sa.MetaData,
    *,
    integration: type | None = None,
    alert: type | None = None,
    event: type | None = None,
) -> Models:
    """Return the host's classes, completed by classes of ours over the same ``MetaData``.

    Two extension objects on one ``MetaData`` share the classes that are built here.
    """
    built = metadata.info.setdefault(_INFO_KEY, {})

    def given_or_built(given: type | None, name: str, mixin: type[t.Any]) -> type:
        if given is not None:
            return given

        if name not in built:
            if mixin.__tablename__ in metadata.tables:
                raise RuntimeError(
                    f"The table {mixin.__tablename__} is mapped already. Give every WebhookAlerts"
                    " on one MetaData the same models."
                )

            built[name] = type(name, (mixin, _base(metadata)), {"__module__": __name__})
        return t.cast(type, built[name])

    return Models(
        Integration=given_or_built(integration, "Integration", IntegrationMixin),
        Alert=given_or_built(alert, "Alert", AlertMixin),
        AlertEvent=given_or_built(event, "AlertEvent", AlertEventMixin),
        Rejection=given_or_built(None, "Rejection", RejectionMixin),
    )


def _base(metadata: sa.MetaData) -> type:
    # A base of our own, so that every kind of host base works; the tables are what must be shared.
    return t.cast(type, orm.declarative_base(metadata=metadata))


def _refuse_unfilled(*models: type) -> None:
    for model in models:
        for column in added_columns(model):
            is_filled = column.nullable or column.default or column.server_default
            if not is_filled and not column.primary_key:
                raise RuntimeError(
                    f"Nothing can fill {model.__name__}.{column.name} when an alert comes in. Make"
                    " the column nullable, or give it a default."
                )


def _relate(models: Models) -> None:
    """Let hosts walk between the classes, where they have not said how themselves."""
    alert, event = table_of(models.Alert), table_of(models.AlertEvent)
    _add(
        models.Alert,
        "integration",
        models.Integration,
        orm.foreign(alert.c.integration_id) == table_of(models.Integration).c.id,
    )
    _add(models.AlertEvent, "alert", models.Alert, orm.foreign(event.c.alert_id) == alert.c.id)
    _add(
        models.Alert,
        "events",
        models.AlertEvent,
        orm.foreign(event.c.alert_id) == alert.c.id,
        order_by=event.c.id,
    )


def _add(
    model: type, name: str, target: type, on: sa.ColumnElement[bool], **options: t.Any
) -> None:
    if not hasattr(model, name):
        # For reading: every change goes through the extension.
        setattr(model, name, orm.relationship(target, primaryjoin=on, viewonly=True, **options))
