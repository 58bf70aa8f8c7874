"""Deliveries, numbers, help and the view; links and charts."""

from __future__ import annotations

import datetime as dt
import re
import typing as t
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import clock
from flask_webhook_alerts.dashboard import charts
from flask_webhook_alerts.dashboard import formats
from flask_webhook_alerts.dashboard.links import linkify
from flask_webhook_alerts.stats import Bucket
from flask_webhook_alerts.store import figures
from tests.dashboard.people import EVENT
from tests.dashboard.people import notice_of
from tests.dashboard.people import Person
from tests.dashboard.people import words_of


@pytest.fixture
def broken(person: Person, sender: str, connect: Callable[..., None]) -> list[bool]:
    """A receiver that fails while the list is not empty, and one event that it failed for."""
    fails = [True]

    def page_someone(_app: object, **_facts: object) -> None:
        if fails:
            raise RuntimeError("the mail server is away")

    connect(alert_created, page_someone, sender=person.host.app)
    person.host.post(sender, EVENT)
    return fails


def change_events(person: Person, **values: t.Any) -> None:
    """Change all events behind everybody's back."""
    with person.host.app.app_context():
        person.host.db.session.execute(sa.update(person.host.alerts.AlertEvent).values(**values))
        person.host.db.session.commit()


def test_what_is_owed_and_why_is_listed(person: Person, broken: list[bool]) -> None:
    for state in ("owed", "failed", "none"):
        words = words_of(person.see(f"/deliveries?state={state}"))
        assert "Owed 1 Failed before 1 Given up 0" in words
        assert "the mail server is away" in words
        assert "1 of 10" in words


def test_what_is_due_is_delivered_by_a_button(person: Person, broken: list[bool]) -> None:
    page = person.press_and_see("/deliveries/deliver")
    assert (
        notice_of(page) == "0 events delivered. 1 event still owed: not due yet, or failed again."
    )
    broken.clear()
    change_events(person, next_attempt_at=clock.now() - dt.timedelta(seconds=1))

    page = person.press_and_see("/deliveries/deliver?state=failed")

    assert notice_of(page) == "1 event delivered."
    assert "Nothing has failed" in page


def test_what_was_given_up_is_sent_again(person: Person, broken: list[bool]) -> None:
    change_events(person, next_attempt_at=None, attempts=10)
    assert "never" in words_of(person.see("/deliveries?state=dead"))

    page = person.press_and_see("/deliveries/revive", {"event": "1"})
    assert notice_of(page).startswith("1 event due again.")
    change_events(person, next_attempt_at=None, attempts=10)
    page = person.press_and_see("/deliveries/revive", {"all": "1"})
    assert notice_of(page).startswith("1 event due again.")
    assert notice_of(person.press_and_see("/deliveries/revive")) == "Choose an event first."


@pytest.mark.parametrize("event", [str(2**63), "9" * 19, "9" * 5_000])
def test_an_event_beyond_all_events_is_not_there(person: Person, event: str) -> None:
    page = person.press_and_see("/deliveries/revive", {"event": event}, 404)

    assert f"There is no event with a number as high as that: {2**63 - 1} is the last." in page


@pytest.mark.parametrize("event", ["x", "-1", "1.5", "٣", ""])
def test_what_is_no_number_chooses_no_event(person: Person, event: str) -> None:
    page = person.press_and_see("/deliveries/revive", {"event": event})

    assert notice_of(page) == "Choose an event first."


@pytest.mark.parametrize("event", [0, 10**18, 2**63 - 1])
def test_every_number_that_an_event_can_have_is_looked_for(person: Person, event: int) -> None:
    page = person.press_and_see("/deliveries/revive", {"event": str(event)})

    assert notice_of(page).startswith("0 events due again.")


@pytest.mark.parametrize("before", ["x", "-1", "0", str(2**63), "9" * 5_000])
def test_a_page_that_begins_nowhere_is_a_page(person: Person, before: str) -> None:
    assert "Nothing is owed" in person.see(f"/deliveries?before={before}")


def test_many_deliveries_come_in_pages(person: Person, sender: str) -> None:
    with person.host.app.app_context():
        session, event = person.host.db.session, person.host.alerts.AlertEvent
        person.host.post(sender, EVENT)
        session.add_all(
            event(alert_id=1, kind="acknowledged", next_attempt_at=clock.now()) for _ in range(60)
        )
        session.commit()

    first = person.see("/deliveries")
    (older,) = re.findall(r'href="/alerts([^"]+)" rel="next"', first)
    second = person.see(older.replace("&amp;", "&"))

    assert (first.count('data-l="Event"'), second.count('data-l="Event"')) == (50, 10)
    assert 'rel="next"' not in second
    person.see("/deliveries?before=x")


def test_nothing_owed_is_good_news(person: Person) -> None:
    assert "Nothing is owed" in person.see("/deliveries")
    assert "Nothing was given up" in person.see("/deliveries?state=dead")


def test_an_app_without_inline_delivery_says_who_sends(sqlite_url: str) -> None:
    from tests.dashboard.people import with_dashboard
    from tests.hosts import running_host

    config = {"WEBHOOK_ALERTS_DELIVERY": "manual"}
    db, alerts, dashboard = with_dashboard()
    with running_host(sqlite_url, db=db, alerts=alerts, config=config) as host:
        dashboard.init_app(host.app)
        host.post(host.create_integration(), EVENT)

        words = words_of(Person(host, host.client).see("/deliveries"))

    assert "A deliverer sends them" in words
    assert "not tried yet" in words


# Numbers


@pytest.mark.parametrize("days", ["1", "7", "30", "x", "9999"])
def test_numbers_are_drawn_and_stand_in_tables(person: Person, sender: str, days: str) -> None:
    person.host.post(sender, EVENT)
    person.host.post(sender, {"event_type": "resolve", "Id": EVENT["Id"]})

    page = person.see(f"/stats?days={days}")
    words = words_of(page)

    charts = 1 if days == "1" else 2  # a day has no weekdays
    assert page.count("<title id=") == page.count("<desc id=") == charts
    assert page.count("Show as table") == charts
    assert "Created 1 Resolved 1" in words
    assert "disk-full" in words
    assert re.search(r"<rect [^>]*><title>[^<]*: 1 created</title>", page)
    heat = re.search(r'class="l4"[^>]*><title>\w+day \d\d:00: 1</title>', page)
    assert (heat is None) is (charts == 1)


@pytest.mark.parametrize("hour", [0, 11, 23])
@pytest.mark.parametrize("days", [7, 30])
def test_as_many_days_are_drawn_as_the_tab_says_and_all_begin_at_midnight(
    person: Person, sender: str, monkeypatch: pytest.MonkeyPatch, days: int, hour: int
) -> None:
    now = dt.datetime(2026, 3, 1, hour, 59, tzinfo=dt.UTC)
    for ago in (
        dt.timedelta(days=days - 1, hours=hour),
        dt.timedelta(days=days - 1, hours=hour + 1),
    ):
        monkeypatch.setattr(clock, "now", lambda at=now - ago: at)
        person.host.post(sender, {**EVENT, "Id": str(ago)})
    monkeypatch.setattr(clock, "now", lambda: now)

    page = person.see(f"/stats?days={days}")
    rows = re.findall(r'<tr><th scope="row">(\w+ \d+ \w+)</th><td class="n" [^>]*>(\d+)<', page)

    assert len(rows) == days
    assert rows[0] == (f"{now - dt.timedelta(days=days - 1):%a %-d %b}", "1")
    assert rows[-1] == ("Sun 1 Mar", "0")


@pytest.mark.parametrize(("most", "is_said"), [(2, True), (3, False)])
def test_times_that_are_not_those_of_all_alerts_say_so(
    person: Person, sender: str, monkeypatch: pytest.MonkeyPatch, most: int, is_said: bool
) -> None:
    monkeypatch.setattr(figures, "MOST_MEASURED", most)
    for key in "abc":
        person.host.post(sender, {**EVENT, "Id": key})

    words = words_of(person.see("/stats"))

    assert "Created 3" in words
    assert ("Times are measured of the newest 2 alerts" in words) is is_said


def test_nothing_at_all_is_drawn_too(person: Person) -> None:
    assert "Nothing came." in person.see("/stats")


def bucket(created: int, resolved: int = 0) -> Bucket:
    start = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
    return Bucket(start=start, created=created, acknowledged=0, resolved=resolved)


@pytest.mark.parametrize(
    ("most", "top"),
    [
        (0, "2"),
        (1, "2"),
        (3, "4"),
        (5, "10"),
        (11, "20"),
        (70, "100"),
        (101, "200"),
        (3_000, "4,000"),
    ],
)
def test_an_axis_ends_at_a_round_number(most: int, top: str) -> None:
    chart = charts.bar_chart([bucket(most)], hourly=False)

    assert chart.lines[-1].label == top
    assert all(0 <= bar.y <= charts.HEIGHT for bar in chart.created)


def test_bars_keep_their_proportions_and_none_vanishes() -> None:
    chart = charts.bar_chart([bucket(100, 50), bucket(1)], hourly=True)

    assert [bar.height for bar in chart.created] == [charts.HEIGHT, 2.0]
    assert [bar.height for bar in chart.resolved] == [charts.HEIGHT / 2, 0.0]
    assert [word.label for word in chart.words] == ["00:00", "00:00"]


def test_a_strip_of_nothing_is_flat() -> None:
    assert {bar.height for bar in charts.strip([bucket(0)]).bars} == {0.0}


# Help


def test_help_explains_and_shows_what_the_doctor_finds(person: Person) -> None:
    words = words_of(person.see("/help"))

    for word in ("event_type", "dedup_keys", "503", "524,288 bytes", "pagertree-token", "no limit",
                 "receivers of alert_created None is connected"):  # fmt: skip
        assert word in words.replace("note: ", ""), word


# The view


def test_a_view_is_kept_and_leads_back_to_its_page(person: Person) -> None:
    data = {"theme": "dark", "zone": "browser", "keys": "off", "back": "/alerts/stats?days=1"}

    response = person.press("/preferences", data)
    page = person.see()

    assert response.headers["Location"] == "/alerts/stats?days=1"
    assert (
        '<html lang="en" data-theme="dark" data-zone="browser" data-keys="off" data-live="on">'
        in page
    )
    assert '<meta name="color-scheme" content="dark">' in page
    assert "<dialog" not in page
    person.press("/preferences", {"live": "off"})
    assert 'data-theme="dark" data-zone="browser" data-keys="off" data-live="off"' in person.see()


@pytest.mark.parametrize("value", ["x", "evil.<b>.on.on", "dark.utc", "....", "é"])
def test_a_view_that_makes_no_sense_is_the_usual_one(person: Person, value: str) -> None:
    person.client.set_cookie("webhook_alerts_dashboard_view", value, path="/alerts/")
    person.press("/preferences", {"theme": "evil", "zone": "<b>"})

    assert 'data-zone="utc" data-keys="on" data-live="on"' in person.see()


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/alerts/", "//evil.example", "/", "/integration/int_1", "", "\\\\evil",
     "/alerts", "javascript:alert(1)", "/alerts/act", "/alerts/99999999999999999999", "http://[",
     "/alerts/?_external=1&_scheme=javascript&_anchor=a&_method=POST&endpoint=static"],
)  # fmt: skip
def test_a_view_never_leads_elsewhere(person: Person, back: str) -> None:
    response = person.press("/preferences", {"back": back})

    assert response.headers["Location"] == "/alerts/"


def test_a_view_leads_back_to_one_alert(person: Person, sender: str) -> None:
    person.host.post(sender, EVENT)
    page = person.see("/1?tab=raw")

    assert 'name="back" value="/alerts/1?tab=raw"' in page
    response = person.press("/preferences", {"back": "/alerts/1?tab=raw"})
    assert response.headers["Location"] == "/alerts/1?tab=raw"


# Links and words


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see http://a.example.", "http://a.example"),
        ("(https://a.example/b)", "https://a.example/b"),
        ("https://a.example/b_(c)!", "https://a.example/b_(c)"),
        ("<https://a.example/?q=1&r=2>", "https://a.example/?q=1&amp;r=2"),
        ("[x](https://a.example)", "https://a.example"),
    ],
)
def test_addresses_of_the_web_become_links(text: str, address: str) -> None:
    assert f'<a href="{address}" rel="noopener noreferrer nofollow"' in linkify(text)


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "data:text/html,x", "ftp://a", "xhttp://a", "http:/a", "http://",
     "//a.example", "jAvAsCrIpT://x", "vbscript:x", "file:///etc/passwd"],
)  # fmt: skip
def test_nothing_else_does(text: str) -> None:
    assert "<a" not in linkify(text)


def test_a_link_cannot_be_broken_out_of() -> None:
    made = linkify("https://a\"onclick='alert(1)'<b> https://b\u202etxt.exe")

    assert re.findall(r'href="([^"]*)"', made) == ["https://a", "https://b"]
    assert "<b>" not in made


@pytest.mark.parametrize(
    "text", ["http://" * 60_000, "https://a" + ")" * 400_000, "h" * 500_000, "http://a " * 50_000]
)
def test_a_hostile_text_costs_its_length(text: str) -> None:
    assert len(linkify(text)) < 60 * len(text)


@pytest.mark.parametrize(
    ("seconds", "span", "duration"),
    [(-5, "0 s", "under 1 s"), (0.4, "0 s", "under 1 s"), (59, "59 s", "59 s"),
     (3_661, "1 h", "1 h 1 min"), (90_000, "1 d", "1 d 1 h"), (86_400, "1 d", "1 d"),
     (None, None, "–")],
)  # fmt: skip
def test_spans_are_told_in_few_words(
    seconds: float | None, span: str | None, duration: str
) -> None:
    if seconds is not None:
        assert formats.span(seconds) == span
    assert formats.duration(seconds) == duration
