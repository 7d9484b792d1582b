"""The page on which people find projects; a small script asks for it as one types."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database.engine import reading
from wheelyard.database.search import search
from wheelyard.model.names import project_name_or_none
from wheelyard.render import render
from wheelyard.web.responses import HTML, Representation, moved, whole_response
from wheelyard.web.state import app_state

_MAX_TEXT = 200
_FOUND = 25
_CACHING = "max-age=60"


def search_page(request: Request) -> Response:
    """Answer for `/search/?q=…`."""
    if not request.url.path.endswith("/"):
        query = request.url.query
        return moved(request, f"search/?{query}" if query else "search/")
    text = request.query_params.get("q", "")[:_MAX_TEXT].strip()
    state = app_state(request)
    with reading(state.engine) as connection:
        found = search(connection, text, limit=_FOUND)
    body = render(
        "search.html",
        root="../",
        server_url=state.settings.server_url,
        text=text,
        found=found,
        name=project_name_or_none(text),
        may_ask=state.requests.is_open,
    )
    return whole_response(request, Representation(body=body, content_type=HTML, caching=_CACHING))


ROUTES = [
    Route("/search", search_page, methods=["GET", "HEAD"]),
    Route("/search/", search_page, methods=["GET", "HEAD"]),
]
"""The routes of the page."""
