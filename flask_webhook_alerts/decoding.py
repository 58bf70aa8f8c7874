"""Read one JSON object from bytes that nobody vouches for."""

from __future__ import annotations

import codecs
import json
import math
import re
import typing as t

from .errors import Rejected

MAX_DEPTH = 24
MAX_VALUES = 20_000
MAX_NUMBER_LENGTH = 64

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONG_NUMBER = re.compile(f"(?<![0-9])[0-9]{{{MAX_NUMBER_LENGTH}}}")  # tried once a run of digits


def decode(body: bytes) -> dict[str, t.Any]:
    """Return the JSON object in ``body``, or raise :exc:`Rejected` with status 400."""
    text = _text(body)
    try:
        value = _decoder(text).decode(text)
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise _not_json(error, text) from None

    if not isinstance(value, dict):
        raise _rejected("not_an_object", f"Expected a JSON object, got {_kind(value)}.")

    if _may_exceed_limits(text):
        check_limits(value)
    return t.cast(dict[str, t.Any], value)


def check_limits(value: t.Any) -> None:
    """Raise :exc:`Rejected` if ``value`` nests too deep or holds too many values."""
    level: list[t.Any] = [value]
    count = 0
    for _depth in range(MAX_DEPTH):
        count += sum(map(len, level))
        if count > MAX_VALUES:
            raise _rejected("too_many_values", f"The body holds over {MAX_VALUES:,} values.")

        children = (child for parent in level for child in _children(parent))
        level = [child for child in children if isinstance(child, (dict, list))]
        if not level:
            return
    raise _too_deep()


def clean(value: t.Any) -> t.Any:
    """Return ``value`` with NUL and lone surrogates, which databases refuse, as U+FFFD."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)

    if isinstance(value, dict):
        return {clean(key): clean(member) for key, member in value.items()}

    if isinstance(value, list):
        return [clean(element) for element in value]

    return value


def has_unstorable(text: str) -> bool:
    """Tell whether ``text`` has a character that some database refuses."""
    return _UNSTORABLE.search(text) is not None


def _text(body: bytes) -> str:
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise _rejected(
            "not_utf8", f"The body is not UTF-8: byte {error.start} does not fit. Send UTF-8."
        ) from None


def _children(value: dict[str, t.Any] | list[t.Any]) -> t.Iterable[t.Any]:
    return value.values() if isinstance(value, dict) else value


def _may_exceed_limits(text: str) -> bool:
    # Counting characters is a thousand times cheaper than a walk, and spares it to most bodies:
    # a level needs a bracket, and every value but the first of a container needs a comma.
    brackets = text.count("{") + text.count("[")
    return brackets > MAX_DEPTH or brackets + text.count(",") > MAX_VALUES


def _decoder(text: str) -> json.JSONDecoder:
    # Without a long number there is none to refuse, and a call for each can be left out.
    return _CAREFUL if _LONG_NUMBER.search(text) else _QUICK


def _object(members: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    value = dict(members)
    if len(value) < len(members):
        # A name that comes again takes its last place too: which of two spellings is the last
        # one in the document depends on it.
        value.clear()
        for name, member in members:
            value.pop(name, None)
            value[name] = member
    return value


def _integer(digits: str) -> int:
    _check_length(digits)
    return int(digits)


def _float(digits: str) -> float:
    _check_length(digits)
    value = float(digits)
    if not math.isfinite(value):
        # Not shown: reasons are kept, and told to receivers, without any part of the body.
        raise _rejected("not_json", "A number is too large. Send it as a string.")

    return value


def _check_length(digits: str) -> None:
    if len(digits) > MAX_NUMBER_LENGTH:
        raise _rejected(
            "not_json", f"A number has over {MAX_NUMBER_LENGTH} characters. Send it as a string."
        )


def _constant(name: str) -> t.NoReturn:
    raise _rejected("not_json", f"{name} is not JSON. Send null or a string.")


def _not_json(error: json.JSONDecodeError, text: str) -> Rejected:
    hint = ""
    if not text.strip():
        hint = " The body is empty."
    elif text.lstrip()[:2] in {"{'", "'{"}:
        hint = " JSON strings stand in double quotes; a shell may have eaten yours."
    return _rejected(
        "not_json",
        f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.{hint}",
    )


def _too_deep() -> Rejected:
    return _rejected("too_deep", f"The body nests deeper than {MAX_DEPTH} levels.")


def _rejected(code: str, detail: str) -> Rejected:
    return Rejected(detail, status=400, code=code)


def _kind(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


_CAREFUL = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
)
_QUICK = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
