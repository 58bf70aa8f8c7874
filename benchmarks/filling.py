"""Fill the tables of the extension with years of alerts, in the database's own language.

One alert in a hundred is open, one acknowledged, the others are resolved; each has the event of
its creation, and the resolved ones that of their resolution; all events are delivered.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing

import psycopg
import sqlalchemy as sa

_ALERTS = """
INSERT INTO webhook_alert (
  integration_id, thirdparty_id, active_key, status, title, description, urgency, tags, meta,
  additional_data, dedup_keys, incident, occurrences, created_at, last_received_at,
  acknowledged_at, resolved_at
)
SELECT {integration}, 'old-' || n,
  CASE WHEN n % 100 < 2 THEN {digest} END,
  CASE n % 100 WHEN 0 THEN 'open' WHEN 1 THEN 'acknowledged' ELSE 'resolved' END,
  'Disk space is low on db-' || (n % 50), 'It grows by 2 GiB an hour.', 'high',
  '["disk", "database", "prod"]', '{{"host": "db-7.example.com", "used": 0.91}}', '{{}}', '[]',
  false, 1, {moment}, {moment},
  CASE WHEN n % 100 = 1 THEN {moment} END, CASE WHEN n % 100 > 1 THEN {moment} END
FROM {numbers}
"""
_EVENTS = """
INSERT INTO webhook_alert_event (
  alert_id, kind, at, notes, delivered_at, delivered_to, attempts
)
SELECT id, '{kind}', created_at, '[]', created_at, '[]', 0 FROM webhook_alert {where}
"""


def fill(url: str, integration_id: str, alerts: int) -> None:
    """Add ``alerts`` alerts with their events."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        _fill_sqlite(str(parsed.database), integration_id, alerts)
    elif parsed.get_backend_name() == "mysql":
        _fill_mariadb(parsed, integration_id, alerts)
    else:
        # Without the query, whose blanks SQLAlchemy writes as no other client reads them.
        dsn = parsed.set(drivername="postgresql", query={})
        _fill_postgresql(dsn.render_as_string(hide_password=False), integration_id, alerts)


def _events() -> list[str]:
    return [
        _EVENTS.format(kind="created", where=""),
        _EVENTS.format(kind="resolved", where="WHERE status = 'resolved'"),
    ]


def _fill_sqlite(path: str, integration_id: str, alerts: int) -> None:
    statement = _ALERTS.format(
        integration="?1",
        digest="digest('old-' || n)",
        moment="strftime('%Y-%m-%d %H:%M:%S.000000', 1750000000 + n, 'unixepoch')",
        numbers="numbers",
    )
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.create_function("digest", 1, _digest, deterministic=True)
        connection.execute(
            "WITH RECURSIVE numbers (n) AS"
            f" (SELECT 1 UNION ALL SELECT n + 1 FROM numbers LIMIT ?2) {statement}",
            (integration_id, alerts),
        )
        for events in _events():
            connection.execute(events)


def _fill_postgresql(dsn: str, integration_id: str, alerts: int) -> None:
    statement = _ALERTS.replace("%", "%%").format(
        integration="%s",
        digest="encode(sha256(convert_to('old-' || n, 'UTF8')), 'hex')",
        moment="to_timestamp(1750000000 + n)",
        numbers="generate_series(1, %s) AS n",
    )
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.encode(), (integration_id, alerts))
        for events in _events():
            connection.execute(events.encode())
        connection.commit()
        # What autovacuum does soon after, at a time of its own choice.
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE) webhook_alert, webhook_alert_event")
        connection.execute("CHECKPOINT")


def _fill_mariadb(url: sa.URL, integration_id: str, alerts: int) -> None:
    statement = _ALERTS.replace("%", "%%").format(
        integration="%s",
        digest="sha2('old-' || n, 256)",
        moment="from_unixtime(1750000000 + n)",
        numbers=f"(SELECT seq AS n FROM seq_1_to_{alerts}) AS numbers",
    )
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')")
        connection.exec_driver_sql(statement, (integration_id,))
        for events in _events():
            connection.exec_driver_sql(events)
        connection.exec_driver_sql("ANALYZE TABLE webhook_alert, webhook_alert_event")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
