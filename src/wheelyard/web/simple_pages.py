"""The simple indexes over HTTP: the pages that the publisher wrote, in the form that suits."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.errors import InvalidName, NotStored
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.publish.selection import PLAIN, overlay_of, prefix_of
from wheelyard.storage.packing import ENDINGS
from wheelyard.web.channels import channel_for
from wheelyard.web.front import PAGE_VARY
from wheelyard.web.negotiation import SimpleType, content_coding, simple_type
from wheelyard.web.page_memory import note_source
from wheelyard.web.responses import (
    LIVE_CACHING,
    PAGE_CACHING,
    Representation,
    moved,
    not_found,
    sent_on,
    whole_response,
)
from wheelyard.web.state import app_state

_CHANNEL = re.compile(r"(?!overlay\Z)[a-z][a-z0-9]{0,30}")
_FILES = {
    SimpleType.JSON: ("index.json", SimpleType.JSON.value),
    SimpleType.HTML: ("index.html", SimpleType.HTML.value),
    SimpleType.LEGACY_HTML: ("index.html", f"{SimpleType.LEGACY_HTML.value}; charset=utf-8"),
}


@dataclass(frozen=True, slots=True)
class Index:
    """One of our indexes: a channel's or the plain one, with or without upstream's files."""

    channel: str
    is_overlay: bool

    @property
    def folder(self) -> str:
        """Where the index is below the root: nothing, or a path with a slash at its end."""
        return self.prefix.removesuffix("simple")

    @property
    def prefix(self) -> str:
        """Where its simple pages are below the root, without a slash at the end."""
        return overlay_of(self.channel) if self.is_overlay else prefix_of(self.channel)


def is_channel(text: str) -> bool:
    """Whether a part of a path may name a channel."""
    return _CHANNEL.fullmatch(text) is not None


def simple_page(request: Request) -> Response:
    """Answer for `/simple/…` and `/<channel>/simple/…`."""
    return _answer(request, is_overlay=False)


def overlay_page(request: Request) -> Response:
    """Answer for `/overlay/simple/…` and `/<channel>/overlay/simple/…`."""
    return _answer(request, is_overlay=True)


def _answer(request: Request, *, is_overlay: bool) -> Response:
    channel: str = request.path_params.get("channel", PLAIN)
    if channel != PLAIN and not is_channel(channel):
        return not_found()
    index = Index(channel, is_overlay)
    rest: str | None = request.path_params.get("rest")
    if rest is None or (rest and not rest.strip("/")):
        return moved(request, f"{index.prefix}/")
    try:
        name = parse_project_name(rest.strip("/")) if rest else None
    except InvalidName:
        return not_found()
    return _known_page(request, index, name, is_exact=name is None or rest == f"{name}/")


def _known_page(
    request: Request, index: Index, name: ProjectName | None, *, is_exact: bool
) -> Response:
    below = "" if name is None else f"{name}/"
    state = app_state(request)
    vary = PAGE_VARY
    channels = state.channels.names() if index.channel == PLAIN and is_exact else ()
    if len(channels) > 1:
        vary = f"{vary}, User-Agent"
        told = channel_for(request.headers.get("User-Agent"), channels)
        if told is not None:
            to = f"{Index(told, index.is_overlay).prefix}/{below}"
            return sent_on(request, to, caching=LIVE_CACHING, vary="User-Agent")
    answer = _page(request, f"{index.prefix}/{below}", vary=vary)
    if answer is None:
        if not index.is_overlay:
            return not_found()
        answer = to_upstream(state.index_url, below)
    return answer if is_exact else moved(request, f"{index.prefix}/{below}")


def _page(request: Request, folder: str, *, vary: str) -> Response | None:
    """Answer with a page as it was written, compressed if the client takes it so."""
    store = app_state(request).store
    filename, content_type = _FILES[simple_type(request.headers.get("Accept"))]
    coding = content_coding(request.headers.get("Accept-Encoding"))
    packed = [] if coding is None else [(f"{filename}{ENDINGS[coding]}", coding.value)]
    for key, encoding in (*packed, (filename, None)):
        note_source(request, f"{folder}{key}")
        try:
            body = store.get(f"{folder}{key}")
        except NotStored:
            continue
        shown = Representation(
            body=body, content_type=content_type, vary=vary, content_encoding=encoding
        )
        return whole_response(request, shown)
    return None


def to_upstream(index_url: str, below: str) -> Response:
    """Send the client to upstream's own page, without the password that we may know for it.

    `index_url` is the address of upstream's index, and `below` where the page is from there.
    """
    parts = urlsplit(index_url)
    host = parts.netloc.rpartition("@")[2]
    url = urlunsplit((parts.scheme, host, parts.path.rstrip("/") + "/" + below, "", ""))
    return Response(status_code=302, headers={"Location": url, "Cache-Control": PAGE_CACHING})


ROUTES = [
    Route(path, answer, methods=["GET", "HEAD"])
    for prefix, answer in (
        ("", simple_page),
        ("/overlay", overlay_page),
        ("/{channel}", simple_page),
        ("/{channel}/overlay", overlay_page),
    )
    for path in (f"{prefix}/simple", f"{prefix}/simple/{{rest:path}}")
]
"""The routes of the simple indexes."""
