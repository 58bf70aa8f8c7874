"""Tell the fuzzer what texts look like whose format no pattern can say."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

_WRAPPER_KEYS = ["data", "data.alert", "alerts[0]", "@", "[*]"]
_TEMPLATES = ["{{ payload.Title }}", "{{ integration.name }}: {{ payload.Id }}", "{# none #}"]
# Without blanks, so that it fits every length and pattern that stands beside the format.
_ANYTHING = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), max_size=20)

schemathesis.openapi.format("jmespath", st.sampled_from(_WRAPPER_KEYS))
schemathesis.openapi.format("jinja", st.sampled_from(_TEMPLATES))
schemathesis.openapi.format("visible-text", _ANYTHING.map("disk-{}".format))
