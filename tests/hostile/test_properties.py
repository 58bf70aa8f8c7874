"""Let hypothesis look for what the catalogue forgot."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import settings
from hypothesis import strategies as st

from flask_webhook_alerts.decoding import clean
from flask_webhook_alerts.decoding import decode
from flask_webhook_alerts.errors import Rejected
from flask_webhook_alerts.payload import parse
from tests.hostile.catalogue import FIELDS
from tests.hostile.catalogue import payload
from tests.hosts import Host
from tests.hosts import running_host

ANY_TEXT = st.text(st.characters())  # lone surrogates included
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**62), 10**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda children: st.lists(children) | st.dictionaries(ANY_TEXT, children),
    max_leaves=30,
)


@pytest.fixture(scope="module")
def long_lived_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """One host for all examples."""
    path: Path = tmp_path_factory.mktemp("properties") / "host.db"
    with running_host(f"sqlite:///{path}") as host:
        yield host


@pytest.fixture(scope="module")
def url(long_lived_host: Host) -> str:
    """The endpoint of an integration that keeps everything."""
    integration_id = long_lived_host.create_integration(capture_additional_data=True, strict=False)
    return f"/integration/{integration_id}"


@given(body=st.binary())
def test_any_bytes_are_decoded_or_rejected(body: bytes) -> None:
    decoded, error = attempt(lambda: decode(body))

    assert isinstance(decoded, dict) if error is None else error.status == 400


@given(value=st.dictionaries(ANY_TEXT, ANY_JSON))
def test_any_json_object_within_the_limits_is_decoded_as_it_is(value: dict[str, t.Any]) -> None:
    assert decode(json.dumps(value).encode()) == value


@given(value=ANY_JSON, field=st.sampled_from(FIELDS), strict=st.booleans())
def test_any_value_in_any_field_is_parsed_or_rejected_by_name(
    value: t.Any, field: str, strict: bool
) -> None:
    event, error = attempt(lambda: parse({**payload("key"), field: value}, strict=strict))

    if error is None:
        assert clean(event.title) == event.title
    else:
        assert error.status == 422
        assert set(error.errors) == {field}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=ANY_JSON, field=st.sampled_from((*FIELDS, "extra")))
def test_any_value_through_the_endpoint_is_answered(
    long_lived_host: Host, url: str, value: t.Any, field: str
) -> None:
    body = json.dumps({**payload("key"), field: value}, allow_nan=True)

    answer = long_lived_host.client.post(url, data=body, content_type="application/json")

    assert answer.status_code in {200, 400, 422}


def attempt(call: t.Callable[[], t.Any]) -> tuple[t.Any, Rejected | None]:
    """Return what ``call`` returns, or how it was rejected."""
    try:
        return call(), None
    except Rejected as error:
        return None, error
