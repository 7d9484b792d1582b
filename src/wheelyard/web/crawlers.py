"""What search engines read: robots.txt, lists of all pages, and the icon that all ask for."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database.engine import reading
from wheelyard.database.site_lists import projects_of_part, site_parts
from wheelyard.render import render
from wheelyard.web.responses import Representation, not_found, whole_response
from wheelyard.web.site_pages import static_file
from wheelyard.web.state import app_state

_XML = "application/xml"
_TEXT = "text/plain; charset=utf-8"
_LONG_CACHING = "max-age=86400"
_PART = re.compile("front|[0-9]{1,6}")
_FRONT = ("", "clients", "check", "queue/", "builders/", "failures/", "stats/")
_CLOSED = ("/api/builder/", "/logs/", "/packages/", "/badge/", "/search/")
"""What search engines need not read: it is for programs, or it is the same once more."""


def robots(request: Request) -> Response:
    """Answer for `/robots.txt` (RFC 9309)."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED)]
    lines.append(f"Sitemap: {app_state(request).settings.server_url}sitemap.xml")
    body = ("\n".join(lines) + "\n").encode()
    return whole_response(
        request, Representation(body=body, content_type=_TEXT, caching=_LONG_CACHING)
    )


def sitemaps(request: Request) -> Response:
    """Answer for `/sitemap.xml`: the list of lists."""
    state = app_state(request)
    with reading(state.engine) as connection:
        count = site_parts(connection)
    parts = ["front", *range(count)]
    return _list(request, render("sitemaps.xml", server_url=state.settings.server_url, parts=parts))


def sitemap(request: Request) -> Response:
    """Answer for `/sitemap/PART.xml`: some projects' pages, or those that every site has."""
    part = request.path_params["part"]
    if not _PART.fullmatch(part):
        return not_found()
    state = app_state(request)
    if part == "front":
        paths = list(_FRONT)
    else:
        with reading(state.engine) as connection:
            found = projects_of_part(connection, int(part))
        paths = [f"project/{name}/" for name in found]
    if not paths:
        return not_found()
    return _list(request, render("sitemap.xml", server_url=state.settings.server_url, paths=paths))


def icon(request: Request) -> Response:
    """Answer for `/favicon.ico`, which is asked for whatever pages say."""
    return static_file(request, "favicon.ico")


def _list(request: Request, body: bytes) -> Response:
    return whole_response(
        request, Representation(body=body, content_type=_XML, caching="max-age=3600")
    )


ROUTES = [
    Route(path, endpoint, methods=["GET", "HEAD"])
    for path, endpoint in (
        ("/robots.txt", robots),
        ("/sitemap.xml", sitemaps),
        ("/sitemap/{part}.xml", sitemap),
        ("/favicon.ico", icon),
    )
]
"""The routes for search engines."""
