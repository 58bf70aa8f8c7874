"""Collect what breaks services like ours: texts, JSON values and whole bodies."""
# ruff: noqa: E501, RUF001 - tables of odd things, many of them confusable on purpose

from __future__ import annotations

import itertools
import json
import os
import typing as t
from collections.abc import Iterator

FIELDS = ("event_type", "Id", "Title", "Description", "Tags", "Meta", "Urgency", "dedup_keys")

ROUNDS = int(os.environ.get("HOSTILE_ROUNDS", "1"))
"""How often each request is sent, with a new Id each time; the long form sends more."""

TEXTS: tuple[str, ...] = (
    # Nothing to see
    "", " ", "\t\n\r", "\u200b", "\u2060\ufeff", "\u00a0\u3000", "\u3164", "\u2800", "\u00ad",
    # What some databases refuse
    "\x00", "a\x00b", "\ud800", "a\udc00b", "\udc00\ud800", "\ufffe", "\uffff", "\U0010ffff",
    # Controls and terminals
    "\x07", "\x1b[2J\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "a\rb", "a\nERROR forged log line",
    "\x7f\x80\x85\x9f", "\u2028\u2029", "\x08\x08\x08",
    # Scripts and letters
    "Ünïcödé", "日本語のタイトル", "עברית", "العربية", "ไทย", "हिन्दी", "\u202egnirts\u202c", "\u2066a\u2069",
    "e\u0301", "é", "ß", "İ", "ı", "ſ", "Å", "ﬁ", "Ω", "ά", "Z\u0351\u036b\u0343" * 20,
    "😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "𝕬𝖑𝖊𝖗𝖙", "𠜎𠜱", "\U000e0041",
    # Numbers that are not
    "0", "1", "-1", "1e309", "NaN", "Infinity", "0x10", "٣", "½", "1_000", "9" * 5_000,
    # Words that mean something somewhere
    "null", "NULL", "None", "undefined", "true", "False", "__proto__", "__class__", "constructor",
    "create", "CREATE ", "delete", "Id", "event_type",
    # Injections
    "' OR '1'='1", "'; DROP TABLE webhook_alert; --", '" UNION SELECT * FROM webhook_integration --',
    "%s%s%s%n", "%(title)s", "{0}", "{title.__class__}", "{{ 7*7 }}", "{% for x in y %}", "${7*7}", "#{7}",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "javascript:alert(1)", '"><b>', "</title>", "<!--", "]]>", "&lt;&amp;", "\\u003cscript\\u003e",
    "../../../etc/passwd", "C:\\Windows\\System32", "file:///etc/passwd", "$(reboot)", "`id`", "| ls",
    "=1+1", "@SUM(A1)", "-2+3", "\\", "\\\\", "\\'", '\\"', "/*", "--", "\\x00", "\\ud800", "\\N",
    "Set-Cookie: a=b", "a\r\nX-Injected: yes", "%00", "%0d%0a", "+", "?", "*", "_", "%",
    # Sizes and borders
    "x" * 255, "x" * 256, "x" * 511, "x" * 512, "x" * 513, "é" * 512, "😀" * 512, "x" * 65_535,
    "x" * 65_536, "😀" * 20_000, "a b " * 10_000, "\\" * 5_000, '"' * 5_000, "\n" * 5_000, "[" * 5_000,
)  # fmt: skip

VALUES: tuple[t.Any, ...] = (
    None, True, False, 0, 1, -1, 1.5, -0.0, 1e308, 5e-324, 10**62, -(10**62), [], {}, [None], [[]],
    [True], [1, "a"], ["a", None, "a", " "], [{"a": 1}], {"a": None}, {"": ""}, {"\x00": "\x00"},
    {"\ud800": ["\ud800", {"\x00": 1}]}, {"incident": "maybe"}, {"incident": {}}, {"incident": None},
    {"incident": "YES", "incident_severity": "sev-1 "}, {"incident": 1, "incident_severity": 5},
    {"incident": True, "incident_severity": "SEV-99", "incident_message": ["x"]},
    {"incident_message": "\x00"}, {"incident_message": "x" * 70_000}, {"__proto__": {"a": 1}},
    {"a": "x" * 70_000}, {"k" * 5_000: 1}, {str(n): n for n in range(5_000)}, list(range(5_000)),
    ["t" + str(n) for n in range(5_000)], ["x" * 70_000],
)  # fmt: skip


def nested(levels: int, opening: str, closing: str) -> str:
    """Return JSON that nests so deep."""
    return opening * levels + "1" + closing * levels


BODIES: tuple[bytes, ...] = (
    b"", b" ", b"\n", b"null", b"true", b"0", b'"x"', b"[]", b"[{}]", b"{}", b"{}{}", b"{} {}", b"{},",
    b"{", b"}", b"[", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,}', b'{"a":1,,"b":2}', b'{a:1}', b"{'a':1}",
    b'{"a":1}//x', b'/*x*/{"a":1}', b'{"a":01}', b'{"a":+1}', b'{"a":.5}', b'{"a":1.}', b'{"a":0x1}',
    b'{"a":1e}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b'{"a":1e999}', b'{"a":-1e999}',
    b'{"a":1e-999}', b'{"a":nul}', b'{"a":TRUE}', b'{"a":"\t"}', b'{"a":"\n"}', b'{"a":"\x00"}',
    b'{"a":"\\x"}', b'{"a":"\\u12"}', b'{"a":"\\ud800"}', b'{"a":"\\ud800\\u0041"}', b'{"a":"\\u0000"}',
    b'{"a":"\xff"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xf4\x90\x80\x80"}',
    b'{"a":"\xe9"}', b"\xef\xbb\xbf{}", b"\xef\xbb\xbf\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00",
    b"\xfe\xff\x00{\x00}", b"\x00\x00\xfe\xff", "{}".encode("utf-16"), "{}".encode("utf-32"),
    b"\x1f\x8b\x08\x00", b"event_type=create&Id=1", b"<alert/>", b"--x\r\nContent-Disposition: form-data",
    b'{"a":' + b"9" * 64 + b"}", b'{"a":' + b"9" * 65 + b"}", b'{"a":-' + b"9" * 5_000 + b"}",
    b'{"a":0.' + b"1" * 5_000 + b"}", b'{"a":1' + b"0" * 300 + b"e5}",
    b'{"event_type":"create","event_type":"resolve","Id":"a","id":"b","ID":null}',
    b'{"event_type":"create","Id":"a","Id":"b","Title":"t","Description":"d"}',
    *(
        nested(levels, opening, closing).encode()
        for levels in (23, 24, 25, 31, 32, 500, 990, 5_000, 100_000)
        for opening, closing in (("[", "]"), ('{"a":', "}"), ('{"a":[', "]}"))
    ),
    b"[" * 500_000, b'{"a":' * 80_000, b'{"' + b'"\\' * 200_000, b'{"a":"' + b"\\" * 500_000,
    b'{"a":"' + b"\\ud800" * 80_000 + b'"}', b'{"a":[' + b"1," * 250_000 + b"1]}", b" " * 500_000,
    b'{"a":"' + b"x" * 500_000 + b'"}', b'{"a":[' + b"[]," * 150_000 + b"[]]}",
    b"{" + b",".join(b'"%d":1' % n for n in range(19_999)) + b"}",
    b"{" + b",".join(b'"%d":1' % n for n in range(40_000)) + b"}",
)  # fmt: skip


def payload(key: str, event_type: str = "create") -> dict[str, t.Any]:
    """Return a good payload, for one thing in it to be made bad."""
    return {"event_type": event_type, "Id": key, "Title": "Disk full", "Description": "/var"}


def hostile_bodies() -> Iterator[bytes]:
    """Yield every body: each value in each field, each text in several places, each raw body."""
    numbers = itertools.count()
    for _ in range(ROUNDS):
        for value in (*TEXTS, *VALUES):
            for field in (*FIELDS, "extra"):
                yield encoded({**payload(f"key-{next(numbers)}"), field: value})
            key = f"key-{next(numbers)}"
            yield encoded({**payload(key), "Tags": [value], "dedup_keys": [value]})
            yield encoded({**payload(key), "Meta": {"a": {"b": [value]}, "incident": value}})
            yield encoded({**payload(key, "resolve"), "Title": value, "Meta": value})
        for text in TEXTS:
            yield encoded({**payload(f"key-{next(numbers)}"), text: text, "Meta": {text: text}})
        yield from BODIES


def encoded(value: t.Any) -> bytes:
    """Return JSON in which lone surrogates and NUL stand as escapes."""
    return json.dumps(value).encode()
