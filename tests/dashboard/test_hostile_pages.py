"""Hostile text in every field that a sender controls, and the sizes of what is sent."""

from __future__ import annotations

import gzip
import re
import typing as t
from html.parser import HTMLParser

import pytest
from sqlalchemy import exc

from flask_webhook_alerts.dashboard.pages import STATIC
from tests.dashboard.people import EVENT
from tests.dashboard.people import Person
from tests.hostile.catalogue import TEXTS

VECTORS = (
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</textarea><script>alert(1)</script>",
    "</desc></svg><script>alert(1)</script>",
    '" onfocus="alert(1)" autofocus="',
    "javascript:alert(1)",
    'https://a.example/"onmouseover=alert(1)//',
    "{{ 7 * 7 }}{% raw %}",
    "\u202egnp.exe\u202c \u2066a\u2069",
    "W" * 10_000,
    "Z\u0351\u036b\u0343" * 2_000,
)

ALLOWED = frozenset(
    [
        "a",
        "aside",
        "b",
        "bdi",
        "body",
        "button",
        "caption",
        "circle",
        "code",
        "dd",
        "desc",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "form",
        "g",
        "h1",
        "h2",
        "h3",
        "head",
        "header",
        "html",
        "input",
        "kbd",
        "label",
        "legend",
        "li",
        "link",
        "main",
        "meta",
        "nav",
        "ol",
        "option",
        "p",
        "path",
        "pre",
        "rect",
        "script",
        "section",
        "select",
        "span",
        "summary",
        "svg",
        "symbol",
        "table",
        "tbody",
        "td",
        "text",
        "textarea",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "ul",
        "use",
    ]
)


class Elements(HTMLParser):
    """Collect what a browser would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs


def parse(page: str) -> Elements:
    elements = Elements()
    elements.feed(page)
    return elements


def assert_harmless(page: str) -> None:
    if page.startswith("{"):
        return

    elements = parse(page)
    assert set(elements.names) <= ALLOWED
    assert elements.names.count("script") == (1 if "<html" in page else 0)
    for name, value in elements.attributes:
        assert not name.startswith("on"), (name, value)
        assert name != "style"
        if name in {"href", "src", "action", "formaction"}:
            assert re.match(r"(/alerts|#|\?|https?://)", value or ""), value


def hostile_event(text: str) -> dict[str, t.Any]:
    clean = text.encode("utf-8", "replace").decode()
    return {
        "event_type": "create", "Id": clean[:500].replace("\x00", "0"), "Title": text,
        "Description": text, "Tags": [text, "b"], "dedup_keys": [text], "Extra": {text: text},
        "Meta": {text: [text, {text: text}], "incident": True, "incident_message": text},
    }  # fmt: skip


@pytest.mark.parametrize("text", VECTORS, ids=lambda text: ascii(text[:20]))
def test_hostile_text_is_text_on_every_screen(person: Person, text: str) -> None:
    name = text[:200]
    integration_id = person.host.create_integration(
        name, capture_additional_data=True, strict=False
    )
    response = person.host.post(integration_id, hostile_event(text))
    assert response.status_code == 200, response.text
    person.host.post(integration_id, {"event_type": text, "Id": "x"})
    person.press("/1/note", {"text": text})
    with person.host.app.app_context():
        event = person.host.alerts.AlertEvent
        person.host.db.session.query(event).update(
            {"delivered_at": None, "last_error": text, "delivered_to": [text], "by": text[:200]}
        )
        person.host.db.session.commit()

    one = f"/integrations/{integration_id}"
    for path in (
        *("/", "/?status=all", "/1", "/1?tab=raw", "/integrations", one, f"{one}/status"),
        *("/deliveries?state=dead", "/stats", "/live?rows=1"),
    ):
        page = person.see(path)
        assert_harmless(page)
    assert_harmless(person.press_and_see("/act", {"resolve": "1"}))
    assert_harmless(person.press("/act", {"reopen": "1"}, headers={"X-Fragment": "1"}).text)


def test_every_odd_text_of_the_catalogue_has_a_page(person: Person) -> None:
    integration_id = person.host.create_integration(capture_additional_data=True, strict=False)
    accepted = 0
    for text in (text for text in TEXTS if len(text) < 70_000):
        response = person.host.post(integration_id, hostile_event(text))
        accepted += response.status_code == 200

    for alert in person.host.stored_alerts():
        assert_harmless(person.see(f"/{alert.id}"))
    page = person.see()
    assert accepted > 80
    assert_harmless(page)


@pytest.mark.parametrize("text", TEXTS[:110:3], ids=lambda text: ascii(text[:20]))
def test_odd_texts_in_addresses_and_forms_are_answered(
    person: Person, sender: str, text: str
) -> None:
    person.host.post(sender, EVENT)
    plain = text[:3000].encode("utf-8", "replace").decode()

    for path in ("/", "/live", "/deliveries", "/stats"):
        arguments = dict.fromkeys(
            ("q", "tag", "key", "status", "before", "state", "days", "rows"), plain
        )
        page = person.client.get(f"/alerts{path}", query_string=arguments)
        assert page.status_code == 200
    for path in (
        "/act",
        "/1/note",
        "/preferences",
        "/deliveries/revive",
        f"/integrations/{sender}/settings",
    ):
        fields = ("resolve", "bulk", "ids", "text", "back", "event", "name", "wrapper_key", "theme")
        assert person.press(path, dict.fromkeys(fields, plain)).status_code in {200, 303, 422}


# Sizes


def test_fifty_rows_fit_into_sixty_kilobytes(person: Person, sender: str) -> None:
    for number in range(51):
        person.host.post(
            sender,
            {
                **EVENT,
                "Id": f"checkout/card-payments-{number}",
                "Title": f"{number} of 100 card payments fail since the deployment of checkout",
                "Urgency": "critical",
                "Tags": ["payments", "customer-facing", "eu-west-1"],
                "Meta": {"incident": True, "incident_severity": "SEV-1"},
            },
        )

    assert len(person.see().encode()) <= 60_000


def test_static_files_are_small_and_named_by_their_content(person: Person) -> None:
    sizes = [len(gzip.compress(path.read_bytes())) for path in STATIC.iterdir()]

    assert sum(sizes) <= 25_000
    links = re.findall(r'(?:href|src|data-\w+)="(/alerts/static/[^"]+)"', person.see())
    assert len(links) >= 5
    assert all("?v=" in link for link in links)


def test_pages_have_no_inline_script_or_style() -> None:
    for template in (STATIC.parent / "templates").rglob("*.*"):
        text = template.read_text()
        assert "style=" not in text
        assert "<style" not in text
        assert "|safe" not in text.replace(" ", "")
        assert re.findall(r"<script(?! type=\"module\" src=)", text) == []
        assert re.findall(r"\son\w+=", text) == []


def test_sqlalchemy_errors_of_a_page_show_no_statement(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> t.NoReturn:
        raise exc.ProgrammingError("SELECT secret FROM x", {}, Exception("no such column"))

    monkeypatch.setattr("flask_webhook_alerts.reading.Reading.counts", fail)

    page = person.client.get("/alerts/stats")

    assert page.status_code == 503
    assert "SELECT" not in page.text
