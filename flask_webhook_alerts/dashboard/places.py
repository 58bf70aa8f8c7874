"""Send people back to a page of ours, and never anywhere else."""

from __future__ import annotations

import typing as t
import urllib.parse

from flask import current_app
from flask import request
from flask import url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter
from werkzeug.routing import RequestRedirect


def here() -> str:
    """Return the address of this page, as :func:`own` takes it."""
    query = request.query_string.decode("utf-8", "replace")
    return f"{request.path}?{query}" if query and request.method == "GET" else request.path


def own(text: str) -> str:
    """Return the address of the page that ``text`` means; the list's if it is none of ours."""
    adapter = t.cast(MapAdapter, current_app.create_url_adapter(request))
    try:
        parts = urllib.parse.urlsplit(text)
        endpoint, values = adapter.match(parts.path, method="GET")
    except (HTTPException, RequestRedirect, ValueError):
        return url_for(".alerts")

    if str(endpoint).rpartition(".")[0] != request.blueprint:
        return url_for(".alerts")

    # Built anew from the name of the endpoint: nothing of the text but arguments is in it, and of
    # those none that would mean something to url_for.
    arguments = {
        name: values
        for name, values in urllib.parse.parse_qs(parts.query).items()
        if not name.startswith("_") and name != "endpoint"
    }
    return url_for(str(endpoint), **{**arguments, **values})
