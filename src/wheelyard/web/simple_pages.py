"""The simple index over HTTP: the pages that the publisher wrote, in the form that suits."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.errors import InvalidName, NotStored
from wheelyard.model.names import parse_project_name
from wheelyard.web.negotiation import SimpleType, simple_type
from wheelyard.web.responses import Representation, moved, not_found, whole_response
from wheelyard.web.state import app_state

_CHANNEL = re.compile(r"[a-z][a-z0-9]{0,30}")
_FILES = {
    SimpleType.JSON: ("index.json", SimpleType.JSON.value),
    SimpleType.HTML: ("index.html", SimpleType.HTML.value),
    SimpleType.LEGACY_HTML: ("index.html", f"{SimpleType.LEGACY_HTML.value}; charset=utf-8"),
}


def simple_page(request: Request) -> Response:
    """Answer for `/simple/…` or `/<channel>/simple/…`."""
    channel: str | None = request.path_params.get("channel")
    if channel is not None and not _CHANNEL.fullmatch(channel):
        return not_found()
    folder = "simple" if channel is None else f"{channel}/simple"
    rest: str | None = request.path_params.get("rest")
    if rest is None:
        return moved(request, f"{folder}/")
    given = rest.strip("/")
    if not given:
        return moved(request, f"{folder}/") if rest else _page(request, folder)
    try:
        name = parse_project_name(given)
    except InvalidName:
        return not_found()
    answer = _page(request, f"{folder}/{name}")
    if answer.status_code != 404 and rest != f"{name}/":  # noqa: PLR2004 - HTTP's own number
        return moved(request, f"{folder}/{name}/")
    return answer


def _page(request: Request, folder: str) -> Response:
    store = app_state(request).store
    filename, content_type = _FILES[simple_type(request.headers.get("Accept"))]
    try:
        body = store.get(f"{folder}/{filename}")
    except NotStored:
        return not_found()
    shown = Representation(body=body, content_type=content_type, vary="Accept")
    return whole_response(request, shown)


ROUTES = [
    Route(path, simple_page, methods=["GET", "HEAD"])
    for path in (
        "/simple",
        "/simple/{rest:path}",
        "/{channel}/simple",
        "/{channel}/simple/{rest:path}",
    )
]
"""The routes of the simple index."""
