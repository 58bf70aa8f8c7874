"""Hold what the desk remembers: the shop's services, their alerts, the pages that were sent."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy import orm

from flask_webhook_alerts import AlertMixin

from . import clock
from . import shop


class Base(orm.DeclarativeBase):
    """The base of every table. Named constraints are what lets migrations drop them again."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Service(Base):
    """Something the shop runs, and the person who is paged when it breaks."""

    __tablename__ = "service"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(64), unique=True)
    purpose: orm.Mapped[str] = orm.mapped_column(sa.String(160))
    owner: orm.Mapped[str] = orm.mapped_column(sa.String(80))


class Alert(AlertMixin, Base):
    """An alert that knows which of the shop's services it is about."""

    service_id: orm.Mapped[int | None] = orm.mapped_column(
        sa.ForeignKey("service.id", ondelete="SET NULL")
    )
    service: orm.Mapped[Service | None] = orm.relationship()

    @property
    def owner(self) -> str:
        """Who is paged: the service's owner, or the desk for alerts about no service of ours."""
        return self.service.owner if self.service else shop.DESK


class Notification(Base):
    """A message that somebody was sent about an alert: one for each event of it, at most."""

    __tablename__ = "notification"

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    alert_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("webhook_alert.id", ondelete="CASCADE")
    )
    # Signals come at least once; this key is what makes their messages come at most once.
    event_id: orm.Mapped[int] = orm.mapped_column(
        sa.ForeignKey("webhook_alert_event.id", ondelete="CASCADE"), unique=True
    )
    kind: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    owner: orm.Mapped[str] = orm.mapped_column(sa.String(80))
    text: orm.Mapped[str] = orm.mapped_column(sa.Text)
    created_at: orm.Mapped[dt.datetime] = orm.mapped_column(
        sa.DateTime(timezone=True), default=clock.now
    )
