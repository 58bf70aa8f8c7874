"""Read and write JSON bodies as we do it, whatever the host has set for its own."""

from __future__ import annotations

import json
import typing as t
from tempfile import SpooledTemporaryFile

from flask import request
from flask import Response
from werkzeug.exceptions import ClientDisconnected
from werkzeug.exceptions import RequestEntityTooLarge

from .errors import Rejected

if t.TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON = "application/json"

_encode = json.JSONEncoder(allow_nan=False).encode


def prepare_reading(limit: int) -> None:
    """Let :func:`read` count by itself; call it before any ``before_request`` of the host."""
    # Werkzeug cuts a chunked body at its limit without an error, and the host's limit may be
    # smaller than ours: allow one byte more than we take, and count.
    request.max_content_length = limit + 1
    environ = request.environ
    if _comes_from_asgi(environ) and request.content_length is None:
        environ["wsgi.input_terminated"] = True


def read(limit: int, *, is_optional: bool = False) -> bytes:
    """Return the whole body, or raise :exc:`Rejected`; never read more than one byte too many.

    :param is_optional: whether nothing at all will do, and then needs no content type.
    """
    # Of the environ itself, since request.headers takes ten times as long over what is not there.
    environ = request.environ
    body = _read_all(limit)
    is_chunked = "HTTP_TRANSFER_ENCODING" in environ
    if is_optional and not (body or is_chunked):
        return body

    _check_content_type(environ)
    if is_chunked and not body:
        raise Rejected(
            "This server hands on no body that is sent in chunks. Send its Content-Length.",
            status=400,
            code="body_in_chunks",
        )

    return body


def write(content: t.Any, status: int, media_type: str = JSON) -> Response:
    """Return a response with ``content`` as its JSON body."""
    # Encoded here: the host's JSON provider may write what no client expects.
    return Response(_encode(content), status=status, content_type=media_type)


def _comes_from_asgi(environ: WSGIEnvironment) -> bool:
    # What adapters hand on ends with the body, though they do not say so: a2wsgi leaves its scope
    # behind, asgiref reads the body into a file first.
    stream = environ.get("wsgi.input")
    return "asgi.scope" in environ or isinstance(stream, SpooledTemporaryFile)


def _read_all(limit: int) -> bytes:
    length = request.content_length
    if length is not None and length > limit:
        raise _too_large(limit)

    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(limit) from None
    except (ClientDisconnected, OSError):
        raise Rejected("The body ended too early.", status=400, code="body_incomplete") from None

    if len(body) > limit:
        raise _too_large(limit)

    return body


def _check_content_type(environ: WSGIEnvironment) -> None:
    if environ.get("CONTENT_TYPE") != JSON and not _is_json(request.mimetype):
        raise Rejected(
            "Send the header Content-Type: application/json.",
            status=415,
            code="content_type_not_json",
        )

    encoding = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise Rejected(
            "Send the body as it is, without the header Content-Encoding.",
            status=415,
            code="content_encoding_unsupported",
        )


def _is_json(media_type: str) -> bool:
    return media_type == JSON or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def _too_large(limit: int) -> Rejected:
    return Rejected(f"The body is larger than {limit} bytes.", status=413, code="body_too_large")
