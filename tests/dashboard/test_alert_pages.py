"""The list of alerts, one alert, and their buttons."""

from __future__ import annotations

import datetime as dt
import html
import re
import typing as t
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from flask_webhook_alerts import alert_created
from flask_webhook_alerts import clock
from flask_webhook_alerts import InvalidOption
from flask_webhook_alerts.store import figures
from flask_webhook_alerts.store import search
from tests.dashboard.people import EVENT
from tests.dashboard.people import notice_of
from tests.dashboard.people import Person
from tests.dashboard.people import with_dashboard
from tests.dashboard.people import words_of
from tests.hosts import running_host

Post = Callable[..., t.Any]


@pytest.fixture
def post(person: Person, sender: str) -> Post:
    """Post an event of the integration; what is not given is filled in."""
    return lambda **fields: person.host.post(sender, {**EVENT, **fields})


def titles_of(page: str) -> list[str]:
    """Return the titles in a list, from top to bottom."""
    return [
        html.unescape(one) for one in re.findall(r'<th scope="row"><a [^>]*><bdi>(.*?)</bdi>', page)
    ]


# The list


@pytest.mark.parametrize(
    ("words", "count"),
    [("tür ZU", 1), ("TÜR", 1), ("Tür", 2), ("lager", 1), ("HÖHE", 1)],
)
def test_a_search_is_in_any_case_of_ascii_and_as_documented_beyond_it(
    person: Person, post: Post, words: str, count: int
) -> None:
    post(Id="a", Title="Tür zu")
    post(Id="b", Title="TÜR auf, Tür auf", Tags=["Lager", "HÖHE"])

    page = person.see("/", query_string={"q": words})

    assert len(titles_of(page)) == count


def test_before_there_is_an_integration_the_first_page_makes_one(person: Person) -> None:
    page = person.see()

    assert "<h1>Create your first endpoint</h1>" in page
    assert "<table" not in page


def test_open_alerts_come_first_with_what_people_need(person: Person, post: Post) -> None:
    post(
        Title="Payments fail",
        Urgency="critical",
        Tags=["payments", "shop"],
        Meta={"incident": True, "incident_severity": "SEV-1"},
    )
    post(Title="Payments fail")

    words = words_of(person.see())

    for word in ("Open", "Payments fail", "SEV-1", "critical", "payments", "Nightly backups", "×2"):
        assert word in words
    assert "<title>(1) Alerts - host</title>" in person.see()
    assert "lit.svg" in re.findall(r'rel="icon"[^>]*? href="([^"]+)"', person.see())[0]


def test_tabs_show_states_and_count_them(person: Person, post: Post) -> None:
    for number in range(3):
        post(Id=f"a{number}", Title=f"alert {number}")
    post(event_type="acknowledge", Id="a0")
    post(event_type="resolve", Id="a1")

    assert titles_of(person.see()) == ["alert 2"]
    assert titles_of(person.see("/?status=acknowledged")) == ["alert 0"]
    assert titles_of(person.see("/?status=resolved")) == ["alert 1"]
    assert titles_of(person.see("/?status=all")) == ["alert 2", "alert 1", "alert 0"]
    counts = re.findall(r'<b data-count="(\w+)">(\d+)</b>', person.see())
    assert counts == [("open", "1"), ("acknowledged", "1"), ("resolved", "1"), ("all", "3")]


def test_beyond_ten_thousand_nobody_counts(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        figures.Figures,
        "counts",
        lambda *_: {"open": 10_001, "acknowledged": 0, "resolved": 10_001},
    )
    post()

    page = person.see()

    assert "<title>(10,000+) Alerts" in page
    assert '<b data-count="all">10,000+</b>' in page


def test_filters_narrow_the_list_and_live_in_the_address(person: Person, post: Post) -> None:
    other = person.host.create_integration("Other")
    post(Id="a", Title="disk", Urgency="high", Tags=["db"])
    post(Id="b", Title="net", Meta={"incident": True})
    person.host.post(other, {**EVENT, "Id": "c", "Title": "cpu"})

    assert titles_of(person.see("/?q=DIS")) == ["disk"]
    assert titles_of(person.see("/?tag=db")) == ["disk"]
    assert titles_of(person.see("/?urgency=high")) == ["disk"]
    assert titles_of(person.see("/?incident=yes")) == ["net"]
    assert titles_of(person.see("/?key=b")) == ["net"]
    assert titles_of(person.see(f"/?integration={other}")) == ["cpu"]
    assert titles_of(person.see("/?age=1h")) == ["cpu", "net", "disk"]
    page = person.see(f"/?q=x&tag=db&integration={other}&urgency=low&age=24h&incident=yes&key=k")
    assert page.count(">take away<") == 7
    assert "No alert matches these filters" in page


@pytest.mark.parametrize(
    "query",
    ["status=none", "age=1y", "urgency=x", "before=x", "before=-1", "after=9e9",
     f"before={'9' * 40}", "q=%00", "q=%ff", "tag=%ed%a0%80", "integration=' OR 1=1",
     f"q={'x' * 3000}", "before=²"],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_a_page(person: Person, post: Post, query: str) -> None:
    post()

    person.see(f"/?{query}")


def test_what_no_database_holds_is_looked_for_as_it_would_be_stored(database_url: str) -> None:
    db, alerts, dashboard = with_dashboard()
    with running_host(database_url, db=db, alerts=alerts) as host:
        dashboard.init_app(host.app)
        person = Person(host, host.client)
        host.post(host.create_integration(), {**EVENT, "Title": "a\0b", "Tags": ["c\0d"]})

        for query in ("q=a%00b", "tag=c%00d"):
            assert titles_of(person.see(f"/?{query}")) == ["a\ufffdb"]
            assert len(rows_of(person, f"/alerts/live?rows=1&{query}")) == 1
        for query in ("key=%00", "integration=%00"):
            assert titles_of(person.see(f"/?{query}")) == []
        assert "There is no integration" in person.see("/integrations/a%00b", 404)
        assert person.press("/integrations/a%00b/enabled").status_code == 404
        assert person.press("/integrations/a%00b/token").status_code == 404


def test_pages_go_on_by_key(person: Person, post: Post) -> None:
    for number in range(120):
        post(Id=f"a{number}", Title=f"alert {number}")

    first = person.see()
    second = person.see(link_of(first, "next"))
    third = person.see(link_of(second, "next"))
    back = person.see(link_of(third, "prev"))

    assert titles_of(first)[0] == "alert 119"
    assert titles_of(second)[0] == "alert 69"
    assert titles_of(third) == [f"alert {number}" for number in range(19, -1, -1)]
    assert 'rel="next"' not in third
    assert titles_of(back) == titles_of(second)
    assert "There is nothing here any more" in person.see("/?before=1")


def rows_of(person: Person, path: str) -> list[str]:
    """Return what a look at the rows tells."""
    content: t.Any = person.client.get(path).json
    return list(content["rows"])


def link_of(page: str, rel: str) -> str:
    (link,) = re.findall(rf'href="/alerts([^"]+)" rel="{rel}"', page)
    return html.unescape(link)


def test_a_search_that_ends_early_says_how_far_it_looked(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "WINDOW", 2)
    for number in range(5):
        post(Id=f"a{number}", Title=f"alert {number}")

    page = person.see("/?tag=rare")

    assert "Searched back to" in words_of(page)
    assert "Search further" in page
    assert "Nothing found so far" in page


def test_quiet_is_told_apart_from_never(person: Person, post: Post) -> None:
    assert "No alert has come yet" in person.see()
    post(Title="the last")
    post(event_type="resolve")

    assert "Nothing open. The last alert came" in words_of(person.see())
    assert "No alert is acknowledged" in person.see("/?status=acknowledged")
    assert "quiet.svg" in re.findall(r'rel="icon"[^>]*? href="([^"]+)"', person.see())[0]


def test_the_strip_shows_the_hours_of_a_day(person: Person, post: Post) -> None:
    post()

    page = person.see()

    assert "1 alert in 24 hours" in page
    assert len(re.findall(r"<rect x=", page)) == 1


# Buttons


@pytest.mark.parametrize(
    ("action", "status", "words"),
    [
        ("acknowledge", "acknowledged", "Acknowledged: “Disk full”"),
        ("resolve", "resolved", "Resolved: “Disk full”"),
    ],
)
def test_a_rows_button_changes_the_alert_under_the_persons_name(
    person: Person, post: Post, action: str, status: str, words: str
) -> None:
    post()

    page = person.press_and_see("/act", {action: "1"})

    assert notice_of(page) == words
    assert person.host.stored_alerts()[0].status == status
    assert person.host.stored_events()[-1].by == "Amara"


def test_what_was_resolved_can_be_undone(person: Person, post: Post) -> None:
    post()
    page = person.press_and_see("/act", {"resolve": "1"})
    assert ">Undo<" in page

    page = person.press_and_see("/act", {"bulk": "reopen", "ids": ["1"]})

    assert notice_of(page) == "Reopened: “Disk full”"
    assert [event.kind for event in person.host.stored_events()] == [
        "created",
        "resolved",
        "reopened",
    ]


def test_several_are_handled_at_once_and_each_is_told(person: Person, post: Post) -> None:
    for number in range(3):
        post(Id=f"a{number}")
    post(event_type="resolve", Id="a0")

    page = person.press_and_see("/act", {"bulk": "acknowledge", "ids": ["1", "2", "3", "99", "x"]})

    assert notice_of(page) == "4 alerts: 2 acknowledged, 1 left as they were, 1 gone meanwhile."


@pytest.mark.parametrize(
    ("action", "before", "words"),
    [
        ("acknowledge", "acknowledged", "Acknowledged before: “Disk full”"),
        ("reopen", "acknowledged", "Active before: “Disk full”"),
        ("reopen", "open", "Active before: “Disk full”"),
    ],
)
def test_what_was_so_before_is_said_of_the_action(
    person: Person, post: Post, action: str, before: str, words: str
) -> None:
    post()
    if before == "acknowledged":
        post(event_type="acknowledge")

    page = person.press_and_see("/act", {action: "1"})

    assert notice_of(page) == words
    assert person.host.stored_alerts()[0].status == before


@pytest.mark.parametrize("number", [10**18, 2**63 - 1])
@pytest.mark.parametrize("form", ["ids", "row"])
def test_every_number_that_an_alert_can_have_is_looked_for(
    person: Person, post: Post, number: int, form: str
) -> None:
    post()
    with person.host.app.app_context():
        session, alert = person.host.db.session, person.host.alerts.Alert
        session.execute(sa.update(alert).values(id=number))
        session.commit()
    data = {"bulk": "resolve", "ids": str(number)} if form == "ids" else {"resolve": str(number)}

    page = person.press_and_see("/act", data)

    assert notice_of(page) == "Resolved: “Disk full”"


@pytest.mark.parametrize("number", ["0001", "0" * 5_000 + "1"])
def test_zeros_before_a_number_change_nothing(person: Person, post: Post, number: str) -> None:
    post()

    page = person.press_and_see("/act", {"resolve": number})

    assert notice_of(page) == "Resolved: “Disk full”"


@pytest.mark.parametrize("number", [str(2**63), "9" * 19, "9" * 5_000])
@pytest.mark.parametrize("form", ["ids", "row"])
def test_a_number_beyond_all_alerts_is_not_there(person: Person, number: str, form: str) -> None:
    data = {"bulk": "resolve", "ids": number} if form == "ids" else {"resolve": number}

    page = person.press_and_see("/act", data, 404)

    assert f"There is no alert with a number as high as that: {2**63 - 1} is the last." in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"bulk": "resolve"}, "Choose alerts first: tick the boxes in front of them."),
        ({"bulk": "explode", "ids": "1"}, "Choose alerts first: tick the boxes in front of them."),
        ({"resolve": "x"}, "Choose alerts first: tick the boxes in front of them."),
        ({"resolve": "99"}, "This alert is gone."),
        ({"resolve": "1"}, "Nothing to do: "),
    ],
)
def test_a_button_that_does_nothing_says_so(
    person: Person, post: Post, data: dict[str, str], words: str
) -> None:
    post()
    post(event_type="resolve")

    assert notice_of(person.press_and_see("/act", data)).startswith(words)


def test_a_button_leads_back_to_where_it_was(person: Person, post: Post) -> None:
    post()

    view = person.press("/act?status=all&q=disk", {"acknowledge": "1"})
    alert = person.press("/act?alert=1", {"resolve": "1"})
    odd = person.press("/act?alert=-1&next=https://evil.example", {"resolve": "1"})

    assert view.headers["Location"] == "/alerts/?q=disk&status=all"
    assert alert.headers["Location"] == "/alerts/1"
    assert odd.headers["Location"] == "/alerts/"


def test_the_script_gets_the_changed_rows_alone(person: Person, post: Post) -> None:
    post()

    response = person.press("/act", {"resolve": "1"}, headers={"X-Fragment": "1"})

    assert response.status_code == 200
    assert '<tr id="a1" class="resolved">' in response.text
    assert "Resolved: “Disk full”" in response.text
    assert "<html" not in response.text


# One alert


def test_everything_about_an_alert_is_on_its_page(person: Person, post: Post) -> None:
    with person.host.app.app_context():
        from flask_webhook_alerts.state import get_state

        (one,) = get_state().reading.integrations()
        get_state().integrations.update(one["id"], {"capture_additional_data": True})
    post(
        Description="See https://example.com/runbook.\nThen call.",
        Tags=["db"],
        dedup_keys=["k1"],
        Meta={"host": "db-7", "disks": [{"used": 0.9}, None, True], "empty": {}, "incident": "yes",
              "incident_message": "Join the bridge"},
        Region="eu",
    )  # fmt: skip
    post()

    page = person.see("/1")
    words = words_of(page)

    for word in ("Disk full", "Then call.", "db-7", "0.9", "null", "true", "empty", "eu", "k1",
                 "Join the bridge", "Incident SEV-UNKNOWN", "disk-full", "Repeated 1 time",
                 "×2"):  # fmt: skip
        assert word in words, word
    assert '<a href="https://example.com/runbook" rel="noopener' in page
    assert "This is the first" in words


def test_large_values_are_cut_and_say_so(person: Person, post: Post) -> None:
    post(Meta={"many": list(range(500))}, Description="x" * 25_000, Title="y" * 10_000)

    page = person.see("/1")

    assert "And 300 more, under Raw values." in words_of(page)
    assert "It goes on under Raw values" in words_of(page)
    assert len(page) < 100_000


def test_the_timeline_tells_who_did_what_and_what_became_of_the_signals(
    person: Person, post: Post, connect: Callable[..., None]
) -> None:
    def page_someone(_app: object, **_facts: object) -> None:
        raise RuntimeError("the <mail> server is away")

    connect(alert_created, page_someone, sender=person.host.app)
    post()
    person.press("/act", {"acknowledge": "1"})
    person.press("/1/note", {"text": "Looking into it"})
    person.press("/act", {"resolve": "1"})

    page = person.see("/1")
    words = words_of(page)

    assert "Opened by the sender" in words
    assert "Still owed: attempt 2 of 10 is due" in words
    assert "the <mail> server is away" in words
    assert "Note by Amara" in words
    assert "Looking into it" in words
    assert "Resolved by Amara" in words
    assert "No receiver listened" in words


def test_a_signal_that_was_delivered_or_given_up_is_told(
    person: Person, post: Post, connect: Callable[..., None]
) -> None:
    def page_someone(_app: object, **_facts: object) -> None:
        return None

    connect(alert_created, page_someone, sender=person.host.app)
    post()
    assert "page_someone" in words_of(person.see("/1"))
    assert "at the first attempt" in words_of(person.see("/1"))

    change_event(person, delivered_at=None, next_attempt_at=None, attempts=10)
    assert "Failed 10 times, and is not tried again" in words_of(person.see("/1"))


def change_event(person: Person, **values: t.Any) -> None:
    with person.host.app.app_context():
        person.host.db.session.execute(sa.update(person.host.alerts.AlertEvent).values(**values))
        person.host.db.session.commit()


def test_what_was_tolerated_is_told(person: Person) -> None:
    compatible = person.host.create_integration("Kuma", strict=False)
    person.host.post(compatible, {"event_type": "create", "Id": 7, "Title": "down"})

    assert "tolerated or changed" in words_of(person.see("/1"))


@pytest.mark.parametrize("text", ["", "  ", "x" * 10_001])
def test_a_note_that_cannot_be_kept_says_why(person: Person, post: Post, text: str) -> None:
    post()

    page = person.press_and_see("/1/note", {"text": text})

    assert "10,000 characters" in notice_of(page)


def test_a_line_break_of_a_note_is_one_character_as_browsers_count_it(
    person: Person, post: Post
) -> None:
    post()

    person.press("/1/note", {"text": "a" + "\r\n" * 9_998 + "b"})

    assert person.host.stored_events()[-1].notes == ["a" + "\n" * 9_998 + "b"]


def test_earlier_alerts_with_the_same_id_are_linked(person: Person, post: Post) -> None:
    post(Title="before")
    post(event_type="resolve")
    post(Title="now")

    page = person.see("/2")

    assert 'href="/alerts/1"' in page
    assert "All with this Id" in page
    assert "Reopen" in person.see("/1")


def test_raw_values_are_a_tab_and_a_file_that_no_browser_runs(person: Person, post: Post) -> None:
    post(Title="<script>alert(1)</script>")

    page = person.see("/1?tab=raw")
    file = person.client.get("/alerts/1/raw")

    assert "&#34;thirdparty_id&#34;: &#34;disk-full&#34;" in page
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert file.headers["Content-Disposition"] == 'attachment; filename="alert-1.json.txt"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.json is None
    assert '"title": "<script>alert(1)</script>"' in file.text


@pytest.mark.parametrize("path", ["/99", "/99/raw", "/integrations/int_none", "/99?tab=raw"])
def test_what_is_not_there_is_a_page_that_says_so(person: Person, post: Post, path: str) -> None:
    assert "There is no such page" in person.see(path, 404)


@pytest.mark.parametrize("path", ["/9223372036854775808", "/-1", "/x"])
def test_what_is_no_number_is_the_hosts_404(person: Person, path: str) -> None:
    assert person.client.get(f"/alerts{path}").status_code == 404


# Live


def test_a_look_is_304_until_something_happens(person: Person, post: Post) -> None:
    post()
    first = person.client.get("/alerts/live?rows=1")
    headers = {"If-None-Match": first.headers["ETag"]}

    same = person.client.get("/alerts/live?rows=1", headers=headers)
    post()
    changed = person.client.get("/alerts/live?rows=1", headers=headers)

    assert (same.status_code, same.data) == (304, b"")
    assert first.json == {
        "open": 1,
        "counts": {"open": "1", "acknowledged": "0", "resolved": "0"},
        "rows": ["1:o1"],
        "is_all": True,
    }
    assert changed.json is not None
    assert changed.json["rows"] == ["1:o2"]


def test_the_page_says_what_the_next_look_is_compared_with(person: Person, post: Post) -> None:
    post()
    post(Id="other")

    page = person.see()

    (rows,) = re.findall(r'data-rows="([^"]*)"', page)
    (poll,) = re.findall(r'data-poll="([^"]*)"', page)
    assert rows_of(person, html.unescape(poll)) == rows.split()


def test_one_alert_is_looked_at_with_its_timeline(person: Person, post: Post) -> None:
    post()
    page = person.see("/1")
    (rows,) = re.findall(r'data-rows="([^"]*)"', page)
    assert rows_of(person, "/alerts/live/1") == [rows]

    person.press("/1/note", {"text": "x"})

    assert rows_of(person, "/alerts/live/1") != [rows]
    assert rows_of(person, "/alerts/live/99") == []


def test_a_look_at_a_full_page_says_that_there_may_be_more(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_webhook_alerts.dashboard.live.PAGE", 2)
    post()
    few: t.Any = person.client.get("/alerts/live?rows=1").json
    post(Id="other")
    many: t.Any = person.client.get("/alerts/live?rows=1").json

    assert (few["is_all"], many["is_all"]) == (True, False)


def test_other_pages_look_at_the_counts_only(person: Person, post: Post) -> None:
    post()

    assert 'data-poll="/alerts/live"' in person.see("/stats")
    assert rows_of(person, "/alerts/live") == []


def test_a_database_that_is_away_is_a_page_that_says_what_to_do(person: Person) -> None:
    with person.host.app.app_context():
        person.host.db.drop_all()

    response = person.client.get("/alerts/")

    assert response.status_code == 503
    assert "Tables are missing" in response.text
    assert response.headers["Retry-After"] == "5"
    assert person.client.get("/alerts/live").status_code == 503


def test_what_no_form_should_have_sent_is_told_and_changes_nothing(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post()

    def refuse(*_args: object) -> t.NoReturn:
        raise InvalidOption("The name in by has at most 255 characters.")

    monkeypatch.setattr("flask_webhook_alerts.triage.Triage.change_all", refuse)
    page = person.press_and_see("/act", {"resolve": "1"}, 422)

    assert "at most 255 characters. Nothing was changed." in page


def test_times_are_told_from_now(
    person: Person, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    post()
    later = clock.now() + dt.timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)

    words = words_of(person.see())

    assert "Age Actions Open Disk full Nightly backups – " in words
    assert " – 2 d " in words
