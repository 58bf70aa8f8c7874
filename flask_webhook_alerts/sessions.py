"""Reach the host's database through its SQLAlchemy extension: the only module that does.

Flask-SQLAlchemy gives ``db.session``, a ``scoped_session`` on app contexts, and ``db.metadata``.
Flask-SQLAlchemy-Lite gives ``db.session``, the plain session of an app context, and knows no
models. Neither is imported: a host has the one that it uses.
"""

from __future__ import annotations

import abc
import typing as t
from collections.abc import Sequence

import sqlalchemy as sa
from flask import appcontext_pushed
from flask import current_app
from flask import Flask
from flask import has_app_context
from sqlalchemy import exc
from sqlalchemy import orm

from . import pending
from .mapping import Models


class HostDatabase(abc.ABC):
    """The host's session and engines, as its extension object hands them out.

    :param db: the extension object.
    :param metadata: where the host's models live; None for what ``db`` says.
    """

    default_setting: t.ClassVar[str]
    engines_setting: t.ClassVar[str]

    def __init__(self, db: t.Any, metadata: sa.MetaData | None) -> None:
        self._db = db
        self._metadata = metadata

    @property
    @abc.abstractmethod
    def session(self) -> orm.Session:
        """The session of the current app context."""

    @property
    @abc.abstractmethod
    def metadata(self) -> sa.MetaData:
        """Where our models belong if the host gives none of its own."""

    @abc.abstractmethod
    def init_app(self, app: Flask, models: Models) -> None:
        """See to it that the sessions of ``app`` are watched, and find ``models``."""

    def setting_of(self, engine: sa.Engine) -> str:
        """Return the setting that says where ``engine`` connects to."""
        engines: dict[str | None, sa.Engine] = self._db.engines
        key = next((key for key, each in engines.items() if each is engine), None)
        return self.default_setting if key is None else f"{self.engines_setting}[{key!r}]"

    def metadata_with(self, given: Sequence[type[t.Any]]) -> sa.MetaData:
        """Return where our models belong beside the ``given`` ones of the host.

        :raises RuntimeError: the host says two things, or nothing.
        """
        if not given:
            return self.metadata

        found: sa.MetaData = given[0].metadata
        if self._metadata not in {None, found}:
            raise RuntimeError(
                f"metadata= is not the MetaData of {given[0].__name__}. Leave it out: the models"
                " that you give say it."
            )

        return found

    def engine(self, models: Models) -> sa.Engine:
        """Return the engine that the session uses for all of ``models``.

        :raises RuntimeError: there is none, or more than one.
        """
        try:
            # With statements that write, lest a session that reads from replicas chooses one.
            found = {
                model: self.session.get_bind(sa.inspect(model), clause=sa.update(model))
                for model in models.all
            }
        except exc.UnboundExecutionError as error:
            raise RuntimeError(
                f"db.session has no engine for alerts: {error} Define it in {self.engines_setting}."
            ) from error

        engines = {bind.engine for bind in found.values()}
        if len(engines) > 1:
            places = [f"{model.__name__} in {bind.engine.url!r}" for model, bind in found.items()]
            raise RuntimeError(
                f"db.session keeps {', '.join(places)}. Bind all of them to one engine, such as by"
                " a base class of their own."
            )

        return engines.pop()

    def require_committed(self) -> None:
        """Raise :exc:`RuntimeError` if the session holds changes; else end its transaction.

        We write through a connection of our own: it would wait for the session's locks for ever,
        and the session would go on seeing the database as it was before our write.
        """
        session = self.session
        if pending.has_changes(session):
            raise RuntimeError(
                "db.session holds changes that are not committed. Call db.session.commit() or"
                " db.session.rollback() first: alerts are written through a connection of their"
                " own, which would wait for the session's locks."
            )

        # So do blocks know themselves; nothing public tells.
        if session._trans_context_manager is not None:  # noqa: SLF001
            raise RuntimeError(
                "This stands inside of a block such as 'with db.session.begin():', whose"
                " transaction would have to end first. Call it before or after the block."
            )

        # Nothing is known to be lost by a rollback, and what is not known is kept: a function that
        # the host has selected may have written.
        try:
            session.commit()
        except exc.PendingRollbackError:
            session.rollback()  # its connection broke, and with it what could have been kept
        session.expire_all()

    def load(self, model: type, ident: object) -> t.Any:
        """Return the row afresh through the session, or None."""
        return self.session.get(model, ident, populate_existing=True)


def host_database(db: t.Any, metadata: sa.MetaData | None) -> HostDatabase:
    """Return what reaches the database behind ``db``.

    :raises TypeError: one of the two is something else.
    """
    if metadata is not None and not isinstance(metadata, sa.MetaData):
        raise TypeError(
            "metadata= is the MetaData of your models, such as Base.metadata, and not"
            f" {metadata!r}."
        )

    # Looked up on the class: Lite's objects answer only in an app context.
    if hasattr(type(db), "sessionmaker"):
        return _Lite(db, metadata)

    if isinstance(getattr(db, "session", None), orm.scoped_session):
        return _FlaskSQLAlchemy(db, metadata)

    raise TypeError(
        "WebhookAlerts needs your SQLAlchemy object, that of Flask-SQLAlchemy or of"
        f" Flask-SQLAlchemy-Lite, and not {db!r}."
    )


class _FlaskSQLAlchemy(HostDatabase):
    default_setting = "SQLALCHEMY_DATABASE_URI"
    engines_setting = "SQLALCHEMY_BINDS"

    def __init__(self, db: t.Any, metadata: sa.MetaData | None) -> None:
        super().__init__(db, metadata)
        pending.watch(db.session)

    @property
    def session(self) -> orm.Session:
        return t.cast(orm.Session, self._db.session())

    @property
    def metadata(self) -> sa.MetaData:
        return self._db.metadata if self._metadata is None else self._metadata

    def init_app(self, app: Flask, models: Models) -> None:
        """Do nothing: one class of sessions serves all apps, and finds models by bind keys."""


class _Lite(HostDatabase):
    default_setting = "SQLALCHEMY_ENGINES"
    engines_setting = "SQLALCHEMY_ENGINES"

    @property
    def session(self) -> orm.Session:
        return t.cast(orm.Session, self._db.session)

    @property
    def metadata(self) -> sa.MetaData:
        if self._metadata is None:
            raise RuntimeError(
                "Flask-SQLAlchemy-Lite does not know your models. Say where they live:"
                " WebhookAlerts(db, metadata=Base.metadata), with the base class of your models."
            )

        return self._metadata

    def init_app(self, app: Flask, models: Models) -> None:
        self._models = models
        # Each app has a class of sessions of its own, which only an app context hands out. None is
        # pushed for it here: the end of one runs what the host wants to be run after requests.
        appcontext_pushed.connect(self._meet, sender=app)
        if has_app_context() and current_app._get_current_object() is app:  # type: ignore[attr-defined]
            self._meet(app)

    def _meet(self, app: Flask, **_: object) -> None:
        """Watch the sessions of an app, in the first context in which there are any."""
        db: t.Any = app.extensions.get("sqlalchemy")
        if db is not self._db:
            return  # it will be initialised later

        maker: orm.sessionmaker[orm.Session] = db.sessionmaker
        pending.watch(maker)
        _follow(maker.kw.get("binds") or {}, self._models)
        appcontext_pushed.disconnect(self._meet, sender=app)


def _follow(binds: dict[t.Any, t.Any], models: Models) -> None:
    """Bind the models that we built as the host has bound its own, or their base class."""
    for key, engine in list(binds.items()):
        if getattr(key, "metadata", None) is models.Alert.metadata and _leads(key, models):
            binds |= {model: engine for model in models.built if model not in binds}


def _leads(key: t.Any, models: Models) -> bool:
    return key in models.all or sa.inspect(key, raiseerr=False) is None
