"""The settings are read once, and a bad one stops the start with the key and the fix."""

from __future__ import annotations

import datetime as dt
import re
import typing as t

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flask_webhook_alerts import ConfigError
from flask_webhook_alerts import WebhookAlerts
from flask_webhook_alerts.config import DeliveryMode
from flask_webhook_alerts.config import Settings
from tests.hosts import running_host

DAY = dt.timedelta(days=1)
FOREVER = dt.timedelta.max


def test_without_settings_there_are_defaults() -> None:
    assert Settings.from_config({}) == Settings(
        url_prefix="/integration",
        token_header="pagertree-token",
        max_content_length=524_288,
        delivery=DeliveryMode.INLINE,
        rate_limit=None,
        rate_limit_storage="memory://",
        retention=None,
    )


def test_settings_replace_the_defaults() -> None:
    config = {
        "WEBHOOK_ALERTS_URL_PREFIX": "/hooks/v1",
        "WEBHOOK_ALERTS_TOKEN_HEADER": "X-Token",
        "WEBHOOK_ALERTS_MAX_CONTENT_LENGTH": 1,
        "WEBHOOK_ALERTS_DELIVERY": "manual",
        "WEBHOOK_ALERTS_RATE_LIMIT": " 50 per 10 seconds ",
        "WEBHOOK_ALERTS_RATE_LIMIT_STORAGE": "redis://127.0.0.1:6379/0",
        "WEBHOOK_ALERTS_RETENTION": "2w",
    }

    assert Settings.from_config(config) == Settings(
        url_prefix="/hooks/v1",
        token_header="X-Token",
        max_content_length=1,
        delivery=DeliveryMode.MANUAL,
        rate_limit="50 per 10 seconds",
        rate_limit_storage="redis://127.0.0.1:6379/0",
        retention=14 * DAY,
    )


def test_keys_of_others_do_not_count() -> None:
    config = {"WEBHOOK_ALERT_URL_PREFIX": 1, "webhook_alerts_delivery": 2, "DEBUG": True}

    assert Settings.from_config(config) == Settings()


@pytest.mark.parametrize("mode", ["inline", DeliveryMode.INLINE])
def test_delivery_takes_the_word_or_the_member(mode: object) -> None:
    settings = Settings.from_config({"WEBHOOK_ALERTS_DELIVERY": mode})

    assert settings.delivery is DeliveryMode.INLINE


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        *(
            ("URL_PREFIX", value, '"/integration"')
            for value in ("", "/", "hooks", "/hooks/", "/<tenant>", "https://x/y", None, 5, b"/x")
        ),
        *(
            ("TOKEN_HEADER", value, '"pagertree-token"')
            for value in ("", " ", "a b", "a:", "töken", "a\n", None, 5)
        ),
        *(("MAX_CONTENT_LENGTH", value, "524288") for value in (0, -1, True, 1.5, "524288", None)),
        *(("DELIVERY", value, '"manual"') for value in ("INLINE", "later", "", None, True)),
        *(
            ("RATE_LIMIT", value, '"600 per minute"')
            for value in (
                *("", "600", 600, True, "0 per minute", "-1 per minute", "1.5 per minute"),
                *("600 per 0 minutes", "600 per fortnight", "600 a minute", "600 per minute."),
                *("1/second; 600/minute", "10001 per day", "٦٠ per minute"),
            )
        ),
        *(
            ("RETENTION", value, '"90d" or timedelta(days=90)')
            for value in ("", "90", "0d", "99999w", -1, 90, True, dt.timedelta(), FOREVER, -DAY)
        ),
    ],
)
def test_a_bad_value_names_the_key_the_value_and_the_fix(name: str, value: t.Any, fix: str) -> None:
    key = f"WEBHOOK_ALERTS_{name}"

    with pytest.raises(ConfigError, match=re.escape(fix)) as caught:
        Settings.from_config({key: value})

    assert str(caught.value).startswith(f"{key} is ")
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("mode", ["inline", "celery", "manual"])
def test_each_way_of_delivery_has_a_word(mode: str) -> None:
    settings = Settings.from_config({"WEBHOOK_ALERTS_DELIVERY": mode})

    assert settings.delivery == DeliveryMode(mode)


@pytest.mark.parametrize("value", ["90d", "2160h", " 90D ", dt.timedelta(days=90)])
def test_retention_takes_a_duration_as_people_or_python_write_it(value: object) -> None:
    settings = Settings.from_config({"WEBHOOK_ALERTS_RETENTION": value})

    assert settings.retention == 90 * DAY


@pytest.mark.parametrize(
    "time", ["366 days", "8761 hours", f"{'9' * 20} days", f"{'9' * 9999} Days"]
)
def test_a_rate_over_a_time_beyond_all_sense_is_an_error_that_says_the_longest(time: str) -> None:
    with pytest.raises(ConfigError, match="Set a time of at most 365 days"):
        Settings.from_config({"WEBHOOK_ALERTS_RATE_LIMIT": f"10 per {time}"})


@pytest.mark.parametrize("number", ["10001", "9" * 9999])
def test_a_rate_of_too_many_events_is_an_error_that_says_how_many(number: str) -> None:
    with pytest.raises(ConfigError, match="Set at most 10000 events"):
        Settings.from_config({"WEBHOOK_ALERTS_RATE_LIMIT": f"{number} per day"})


@pytest.mark.parametrize(
    "limit", ["10 per 365 days", "10/day", "10 per 8760 HOURS", "1 per 00060 minutes"]
)
def test_a_rate_over_a_time_that_can_be_counted_is_taken_as_it_is_written(limit: str) -> None:
    assert Settings.from_config({"WEBHOOK_ALERTS_RATE_LIMIT": limit}).rate_limit == limit


def test_without_a_rate_limit_nothing_is_counted() -> None:
    assert Settings.from_config({"WEBHOOK_ALERTS_RATE_LIMIT": None}).rate_limit is None


def test_without_a_retention_alerts_are_kept() -> None:
    assert Settings.from_config({"WEBHOOK_ALERTS_RETENTION": None}).retention is None


@pytest.mark.parametrize(
    "value", ["", "memory", "memory://x", "redis://", "postgresql://me:hidden@db/x", 6379, None]
)
def test_a_storage_of_another_kind_is_an_error_that_hides_the_value(value: t.Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_config({"WEBHOOK_ALERTS_RATE_LIMIT_STORAGE": value})

    assert str(caught.value) == (
        'WEBHOOK_ALERTS_RATE_LIMIT_STORAGE is of a kind that cannot be used. Set "memory://", or'
        ' the URL of a Redis that all workers share, such as "redis://127.0.0.1:6379/0".'
    )


def test_unknown_keys_are_named_with_those_that_are_known() -> None:
    config = {"WEBHOOK_ALERTS_URLPREFIX": "/x", "WEBHOOK_ALERTS_A": 1, "WEBHOOK_ALERTS_": 2}

    with pytest.raises(ConfigError) as caught:
        Settings.from_config(config)

    message = str(caught.value)
    assert "WEBHOOK_ALERTS_, WEBHOOK_ALERTS_A, WEBHOOK_ALERTS_URLPREFIX" in message
    assert "WEBHOOK_ALERTS_URL_PREFIX" in message


def test_a_bad_setting_stops_the_app_at_start() -> None:
    app = Flask("host")
    app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    app.config["WEBHOOK_ALERTS_DELIVERY"] = "later"
    db = SQLAlchemy(app)

    with pytest.raises(ConfigError, match="WEBHOOK_ALERTS_DELIVERY"):
        WebhookAlerts(db, app)

    assert "webhook_alerts" not in app.extensions
    assert app.blueprints == {}


def test_settings_are_read_once(sqlite_url: str) -> None:
    with running_host(sqlite_url, config={"WEBHOOK_ALERTS_MAX_CONTENT_LENGTH": 100}) as host:
        host.app.config["WEBHOOK_ALERTS_MAX_CONTENT_LENGTH"] = 1_000
        response = host.post(host.create_integration(), {"Title": "x" * 500})

    assert response.status_code == 413
