"""Answers with entity tags, caching and lengths, made in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from wheelyard.storage.store import Store
from wheelyard.web.conditional import (
    ByteRange,
    NoRange,
    entity_tag,
    is_unchanged,
    requested_range,
)
from wheelyard.web.state import app_state

PAGE_CACHING = "max-age=300"
"""How long pages may be kept: index pages and pages for people."""

LIVE_CACHING = "no-store"
"""For what changes while one looks."""

IMMUTABLE_CACHING = "public, max-age=31536000, immutable"
"""For what never changes under its URL."""

_SMALL = 1024**2
"""A file of so many bytes is sent at once: passing it on in pieces costs more than reading it."""

HTML = "text/html; charset=utf-8"
SVG = "image/svg+xml"
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Representation:
    """The bytes of one form of something, and what to say of them.

    `vary` names the request headers that chose this form.
    """

    body: bytes
    content_type: str
    caching: str = PAGE_CACHING
    vary: str | None = None
    content_encoding: str | None = None


def whole_response(request: Request, shown: Representation) -> Response:
    """Answer with a representation, or 304 if the client has it (RFC 9110, section 13)."""
    etag = entity_tag(shown.body)
    headers = {"ETag": etag, "Cache-Control": shown.caching}
    if shown.vary:
        headers["Vary"] = shown.vary
    if is_unchanged(request.headers.get("If-None-Match"), etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Type"] = shown.content_type
    if shown.content_encoding:
        headers["Content-Encoding"] = shown.content_encoding
    if "html" in shown.content_type or shown.content_type == SVG:
        headers["Content-Security-Policy"] = CONTENT_POLICY
    headers["Content-Length"] = str(len(shown.body))
    return Response(b"" if request.method == "HEAD" else shown.body, headers=headers)


def passing_page(
    request: Request, body: bytes, *, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a page that is only for this request: what was sent, or is not there."""
    told = {
        "Content-Type": HTML,
        "Content-Length": str(len(body)),
        "Content-Security-Policy": CONTENT_POLICY,
        "Cache-Control": LIVE_CACHING,
        **(headers or {}),
    }
    return Response(b"" if request.method == "HEAD" else body, status_code=status, headers=told)


def file_response(
    request: Request, store: Store, key: str, *, etag: str, content_type: str
) -> Response:
    """Stream an object that never changes, whole or one range of it.

    Raises:
        NotStored: if there is no such object.
    """
    size = store.info(key).size
    headers = {"ETag": etag, "Cache-Control": IMMUTABLE_CACHING, "Accept-Ranges": "bytes"}
    if is_unchanged(request.headers.get("If-None-Match"), etag):
        return Response(status_code=304, headers=headers)
    wanted: ByteRange | NoRange = NoRange.WHOLE
    if request.method == "GET":
        wanted = requested_range(
            request.headers.get("Range"),
            if_range=request.headers.get("If-Range"),
            etag=etag,
            size=size,
        )
    headers["Content-Type"] = content_type
    match wanted:
        case NoRange.UNSATISFIABLE:
            refusal = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
            return Response(status_code=416, headers=refusal)
        case ByteRange(start=start, end=end):
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            headers["Content-Length"] = str(end - start)
            chunks = store.read(key, start=start, end=end)
            return StreamingResponse(chunks, status_code=206, headers=headers)
        case _:
            headers["Content-Length"] = str(size)
            if request.method == "HEAD":
                return Response(headers=headers)
            if size <= _SMALL:
                return Response(store.get(key), headers=headers)
            return StreamingResponse(store.read(key), headers=headers)


def not_found() -> Response:
    """Return a small 404: most requests to an index beside another end here."""
    return PlainTextResponse("Not found\n", status_code=404)


def moved(request: Request, path: str) -> Response:
    """Send the client to the right place for good; `path` is below the root and made by us."""
    headers = {"Location": _location(request, path), "Cache-Control": PAGE_CACHING}
    return Response(status_code=301, headers=headers)


def sent_on(request: Request, path: str, *, caching: str, vary: str) -> Response:
    """Send the client on for this time; `path` is below the root and made by us."""
    headers = {"Location": _location(request, path), "Cache-Control": caching, "Vary": vary}
    return Response(status_code=302, headers=headers)


def _location(request: Request, path: str) -> str:
    """Return the path as others see it.

    The location is an absolute path: clients disagree about what `..` means after `//`. It starts
    with one slash and a name of ours, so that it cannot lead to another host.
    """
    return f"{root_path(request)}{path}"


def root_path(request: Request) -> str:
    """Return the path of our root as others see it, with a slash at both ends."""
    prefix = urlsplit(app_state(request).settings.server_url).path.strip("/")
    return f"/{prefix}/" if prefix else "/"
