"""Templates render what a host wants from what a stranger sent, cheaply or not at all."""

from __future__ import annotations

import contextlib
import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_webhook_alerts import rendering
from flask_webhook_alerts.errors import InvalidOption
from flask_webhook_alerts.filters import RenderingFailed
from flask_webhook_alerts.rendering import check_template
from flask_webhook_alerts.rendering import render

PAYLOAD = {
    "Title": "disk full",
    "host": {"name": "db1", "items": 3, "none": None},
    "labels": [{"k": "b", "v": 2}, {"k": "A", "v": 1}, {"k": "b", "v": 3}],
    "tags": ["x", "y", ""],
    "load": 93.27,
    "on": True,
    "null": None,
}


def _rendered(source: str, payload: dict[str, t.Any] | None = None) -> str:
    """Check and render, as when a host stores a template and a sender posts."""
    check_template(source)
    values = PAYLOAD if payload is None else payload
    return render(source, payload=values, integration={"name": "nagios"})


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        (" {{ integration.name }}: {{ payload.Title }} ", " nagios: disk full "),
        ("{{ payload['host'].name }} {{ payload.tags[0] }} {{ payload.tags.1 }}", "db1 x y"),
        # Members of JSON win: its senders know no methods of Python.
        ("{{ payload.host.items }}", "3"),
        ("[{{ payload.missing.deeper }}{{ payload.null }}{{ payload.Title.upper }}]", "[]"),
        ("{{ payload.on }} {{ payload.host }}", 'true {"name": "db1", "items": 3, "none": null}'),
        (
            "{{ payload.Title[:4] }} {{ payload.tags[:2] }} {{ payload.tags[-2] }}",
            'disk ["x", "y"] y',
        ),
        ("{{ payload.host.name ~ '/' ~ payload.host.items ~ payload.null }}", "db1/3"),
        ("{% if payload.load > 90 and not payload.null %}hot{% else %}cool{% endif %}", "hot"),
        ("{{ 'up' if payload.Title in ['ok', 'disk full'] else 'down' }}", "up"),
        ("{% if payload.load is number and 'x' is in payload.tags %}yes{% endif %}", "yes"),
        ("{% for tag in payload.tags if tag %}{{ loop.index }}{{ tag }}{% endfor %}", "1x2y"),
        (
            "{% for k, v in payload.host|items %}{{ k }}={{ v }};{% endfor %}",
            "name=db1;items=3;none=;",
        ),
        ("{% for key in payload.host %}{{ key }},{% endfor %}", "name,items,none,"),
        ("{% for tag in payload.null %}{% else %}none{% endfor %}", "none"),
        ("{% for tag in payload.missing %}{% else %}none{% endfor %}", "none"),
        ("{{ payload.null|d('a') }}{{ payload.missing|default(payload.load) }}", "a93.27"),
        ("{{ payload.tags.2|default('c', true) }}{{ payload.on|default('no') }}", "ctrue"),
        ("{{ payload.Title|upper|lower|title|capitalize }}", "Disk full"),
        ("{{ ' a '|trim }}{{ '-b-'|trim('-') }}{{ 5|string }}", "ab5"),
        ("{{ payload.Title|truncate(7, true, '..', 0) }}", "disk .."),
        ("{{ payload.tags|length }}{{ payload.tags|first }}{{ payload.tags|last }}|", "3x|"),
        ("{{ payload.labels|map(attribute='k')|join(', ') }}", "b, A, b"),
        ("{{ payload.labels|sort(attribute='k')|map(attribute='v')|list }}", "[1, 2, 3]"),
        ("{{ payload.labels|unique(attribute='k')|map(attribute='v')|join }}", "21"),
        ("{{ payload.tags|select|map('upper')|join }}", "XY"),
        ("{{ payload.labels|selectattr('v', '>', 1)|list|length }}", "2"),
        ("{{ payload.labels|rejectattr('v', 'in', payload.tags)|list|length }}", "3"),
        ("{{ payload.tags|reject('==', 'x')|join }}", "y"),
        ("{{ '7'|int }} {{ 'x'|int(-1) }} {{ '2.5'|float }} {{ -3|abs }}", "7 -1 2.5 3"),
        ("{{ payload.load|round }} {{ payload.load|round(1) }}", "93.0 93.3"),
        ("{{ payload.Title|tojson }}{{ payload.tags|tojson }}", '"disk full"["x", "y", ""]'),
        ("{{ '<b>' }}", "<b>"),
        ("{# nothing #}{% raw %}{{ raw }}{% endraw %}", "{{ raw }}"),
    ],
)
def test_a_template_renders(source: str, text: str) -> None:
    assert _rendered(source) == text


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("{{ payload.Title.upper() }}", "call"),
        ("{{ range(9) }}", "call"),
        ("{{ ''.__class__.__mro__ | map('call') }}{{ x() }}", "call"),
        ("{% set x = payload %}", "assign"),
        ("{% set x %}a{% endset %}", "assignblock"),
        ("{% with x = 1 %}{% endwith %}", "with"),
        ("{% macro m() %}{% endmacro %}", "macro"),
        ("{% call m() %}{% endcall %}", "callblock"),
        ("{% filter upper %}a{% endfilter %}", "filterblock"),
        ("{% block b %}{% endblock %}", "block"),
        ("{% include 'a' %}", "include"),
        ("{% import 'a' as a %}", "import"),
        ("{% extends 'a' %}", "extends"),
        ("{% autoescape true %}{% endautoescape %}", "in line 1, scope"),
        ("{{ payload.Title * 999999999 }}", "mul"),
        ("{{ '%0999999999d' % 1 }}", "mod"),
        ("{{ 9 ** 9 ** 9 }}", "pow"),
        ("{{ payload.tags + payload.tags }}", "add"),
        ("{{ {'a': payload} }}", "dict"),
        ("{{ payload|format }}", "the filter 'format'; it may use abs, "),
        ("{% if payload.x %}{{ 'a'|center(999999999) }}{% endif %}", "the filter 'center'"),
        ("{{ payload|in_time }}", "the filter 'in_time'"),
        # Each of these formats a text that the sender chose, or prints a value of any size.
        ("{{ payload.n is odd }}", "the test 'odd'; it may use "),
        ("{{ payload.n is divisibleby(2) }}", "the test 'divisibleby'"),
        ("{{ payload is lower }}", "the test 'lower'"),
        ("{{ Title }}", "the name 'Title'; it may use integration, loop, payload"),
        ("{{ self }}", "the name 'self'"),
        ("{{ payload.tags|join(payload.Title) }}", "a filter with values"),
        ("{{ payload.tags|map('default', payload) }}", "a filter with values"),
        ("{{ payload.tags|map(attribute='a', default=payload) }}", "a filter with values"),
        ("{{ payload.Title|truncate(*payload.tags) }}", "a filter with values"),
        ("{{ payload.Title|truncate(**payload.host) }}", "a filter with values"),
        ("{{ [payload, payload]|sort }}", "a list with values"),
        ("{{ (payload, payload)|sort }}", "a tuple with values"),
        ("{% for a in payload recursive %}{{ a }}{% endfor %}", "a recursive loop"),
        ("{{ payload.", "fails in line 1"),
        ("ok\n{% if %}", "fails in line 2"),
        ("{% for loop in payload %}{% endfor %}", "fails in line 1"),
        ("a" * 2001, "longer than 2000 characters"),
        ("{{ " + "(" * 900 + "payload" + ")" * 900 + " }}", "nests too deeply"),
        ("{{ " + "-" * 1900 + "1 }}", "nests too deeply"),
        ("{{ payload" + ".a" * 900 + " }}", "nests too deeply"),
        ("{% for a in payload %}" * 30 + "{% endfor %}" * 30, "nests too deeply"),
    ],
)
def test_a_template_outside_the_subset_is_refused_by_name(source: str, named: str) -> None:
    with pytest.raises(InvalidOption, match=named):
        check_template(source)
    with pytest.raises(RenderingFailed, match=r"^The template fails: InvalidOption\.$"):
        render(source, payload=PAYLOAD, integration={})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "renders blank"),
        ("{{ payload.missing }}\u200b", "renders blank"),
        ("{{ payload.missing }} \n\t\u2003{{ payload.null }}", "renders blank"),
        ("{{ payload.load|upper|map('upper')|list }}", "no list"),
        ("{% for letter in payload.Title %}{{ letter }}{% endfor %}", "no list"),
        ("{{ payload.tags|map('format', 1)|list }}", "fails: TemplateRuntimeError"),
        ("{{ payload.tags|map('replace', 'x', 'secret')|list }}", "fails: TemplateRuntimeError"),
        ("{{ payload.tags|select('odd')|list }}", "fails: TemplateRuntimeError"),
        ("{{ payload.Title|round }}", "fails: ValueError"),
        ("{{ payload.load > payload.Title }}", "fails: TypeError"),
        ("{{ payload.labels|sort }}", "fails: TypeError"),
        ("{{ payload.missing|float }}", "fails: UndefinedError"),
        ("{% for a in [1] %}{{ loop.__init__.__globals__ }}{{ loop.cycle }}{% endfor %}", "fails"),
    ],
)
def test_a_template_that_gives_no_text_fails_without_quoting_the_payload(
    source: str, reason: str
) -> None:
    with pytest.raises(RenderingFailed, match=reason) as caught:
        _rendered(source)

    assert "disk full" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    "source",
    [
        "{{ payload.text }}",
        "{{ payload.text|upper }}",
        "{{ payload.text ~ '' }}",
        "{{ payload.half ~ payload.half }}",
        "{{ [1, 2]|join('%s') }}" % ("x" * 1900) + "{{ payload.half }}{{ payload.half }}",
        "{{ payload.list|join('%s') }}" % ("x" * 1900),
        "{{ payload.quotes" + "|tojson" * 20 + " }}",
        "{% for n in payload.list %}{{ payload.half }}{% endfor %}",
        "{{ payload }}",
    ],
)
def test_a_text_that_grows_too_large_is_never_built(source: str) -> None:
    payload = {"text": "x" * 65_537, "half": "x" * 40_000, "quotes": '"' * 99, "list": [1] * 99}

    with pytest.raises(RenderingFailed, match="over 65536 characters"):
        _rendered(source, payload)


def test_a_text_of_the_largest_size_is_rendered() -> None:
    assert len(_rendered("{{ payload.text }}", {"text": "x" * 65_536})) == 65_536


def test_a_long_text_may_be_shortened() -> None:
    payload = {"text": "word " * 100_000}

    assert _rendered("{{ payload.text[:9] }}|{{ payload.text|truncate(9) }}", payload) == (
        "word word|word..."
    )


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in payload.list %}{% for b in payload.list %}{% endfor %}{% endfor %}",
        "{{ payload.list" + "|map('string')" * 50 + " }}",
    ],
)
def test_a_template_that_takes_too_long_is_stopped(source: str) -> None:
    with pytest.raises(RenderingFailed, match="takes too long"):
        _rendered(source, {"list": list(range(20_000))})


def test_constants_are_not_evaluated_while_a_template_compiles(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evaluated: list[str] = []
    monkeypatch.setitem(rendering._environment.filters, "upper", evaluated.append)

    check_template("{{ 'never seen'|upper }}{% if 'never seen'|upper == 'X' %}{% endif %}")

    assert evaluated == []


BODIES: dict[str, dict[str, t.Any]] = {
    "one text": {"s": "x" * 524_288, "t": "x" * 262_144 + "y", "l": []},
    "wide texts": {"s": "\U00010400 " * 32_000, "t": "\u0390" * 65_000, "l": []},
    "quotes": {"s": '"\\' * 16_000, "l": ['"\\' * 12] * 20_000},
    "texts": {"s": "a " * 32_000, "l": [f"{n * 7919 % 20_000:024}" for n in range(20_000)]},
    # Python's hash of each of these is 0.
    "colliding numbers": {"s": "%0999999999d", "l": [n * (2**61 - 1) for n in range(20_000)]},
    "equal lists": {
        "s": "",
        "l": [{key: [float(n) for n in range(9_000)] for key in ("a", "b")}],
    },
    "object": {"s": "9" * 64, "l": {f"k{n}": n for n in range(20_000)}},
    "objects": {"s": "", "l": [{"s": "x" * 30, "n": n} for n in range(6_000)]},
}
TEXT_STEPS = ("upper", "title", "trim", "tojson", "string", "int", "float", "list", "truncate(9)")
LIST_STEPS = ("sort", "unique", "list", "items", "join", "map('tojson')", "select('in', payload.s)")
EACH, END = "{% for x in payload.l %}", "{% endfor %}"
ATTACKS = [
    *("{{ payload.s" + f"|{step}" * 90 + "|length }}" for step in TEXT_STEPS),
    *(f"{{{{ payload.s[:65000]|{step}|length }}}}" * 40 for step in TEXT_STEPS),
    *(EACH + EACH + f"{{{{ payload.s|{step} }}}}" + END + END for step in TEXT_STEPS),
    *("{{ payload.l" + f"|{step}" * 60 + "|length }}" for step in LIST_STEPS),
    *(f"{{{{ payload.l|{step}|length }}}}" * 40 for step in LIST_STEPS),
    *("{{ payload.l" + "|map('tojson')" * stages + "|sort|length }}" for stages in range(6, 13)),
    "{{ payload.l|items" + "|map('map', 'tojson')" * 9 + "|sort|length }}",
    "{{ payload.l|sort(attribute='" + "a," * 900 + "a') }}",
    "{{ payload.l|map(attribute='" + "s." * 900 + "s')|list }}",
    "{{ payload.l|selectattr(payload.s)|list }}",
    "{{ payload.l|select('in', payload.l)|list|length }}",
    EACH + "{{ x.a==x.b" + "==x.a==x.b" * 150 + " }}" + END,
    "{{ payload.s" + "[::-1]" * 90 + "|length }}" + "{{ payload.s[::-1][1:]|length }}" * 40,
    "{{ payload.l" + "[1:]" * 90 + "|length }}",
    "{{ payload.t in payload.s }}" * 70,
    "{{ payload.s is in payload.l }}" * 60,
    EACH * 19 + "{{ payload.s }}" + END * 19,
    EACH * 9 + "{% if loop.last and loop.length %}{% endif %}" + END * 9,
    "{% for x in payload.l if x != payload.s %}{% endfor %}" * 36,
    "{{ payload.s" + "~payload.s" * 150 + " }}",
    "{{ payload[payload.s] }}{{ payload[payload.s[1:]] }}" * 38,
]


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("source", ATTACKS)
def test_no_template_is_expensive(source: str, body: str) -> None:
    check_template(source)

    started = time.thread_time()
    with contextlib.suppress(RenderingFailed):
        assert len(render(source, payload=BODIES[body], integration={})) <= 65_536

    # A tenth of this on a quiet machine.
    assert time.thread_time() - started < 1


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda values: st.lists(values) | st.dictionaries(st.text(max_size=2), values),
    max_leaves=9,
)
_PIECES = """
{{ }} {% %} payload integration loop . [ ] ( ) a 0 -1 'x' | ~ == in is not and if else endif for
endfor x , upper sort map join items first tojson default string round odd + *
"""
_pieces = st.sampled_from(_PIECES.split())


@given(st.lists(_pieces, max_size=25).map(" ".join), st.dictionaries(st.text(max_size=2), _json))
def test_no_text_gives_more_than_a_refusal_a_rendering_or_a_failure(
    source: str, payload: dict[str, t.Any]
) -> None:
    with contextlib.suppress(InvalidOption, RenderingFailed):
        check_template(source)
        assert render(source, payload=payload, integration={}).strip()


@given(_json)
def test_no_value_breaks_a_usual_template(value: t.Any) -> None:
    source = "Alert: {{ payload.v|default('none', true) }} {% if payload.v.x %}x{% endif %}"

    assert render(source, payload={"v": value}, integration={}).startswith("Alert: ")
