"""What is not there, for people: a page that suggests what may have been meant."""

from starlette.requests import Request
from starlette.responses import Response

from wheelyard.database.engine import reading
from wheelyard.database.search import FoundProject, search
from wheelyard.errors import Unavailable
from wheelyard.model.names import project_name_or_none
from wheelyard.render import render
from wheelyard.web.responses import not_found, passing_page, root_path
from wheelyard.web.state import app_state

_SUGGESTIONS = 8
_API = "/api/"
_PROJECT = "/project/"


def wants_page(request: Request) -> bool:
    """Whether it is a browser that asks, for something that is no document for programs."""
    accepted = request.headers.get("Accept", "")
    is_document = request.url.path.startswith(_API) or request.url.path.endswith(".json")
    return accepted.lstrip().lower().startswith("text/html") and not is_document


def missing_project(request: Request, text: str) -> Response:
    """Answer for a project or version that is not there: a page for people, else a line."""
    return missing_page(request, text) if wants_page(request) else not_found()


def missing_page(request: Request, text: str) -> Response:
    """Return the page, which suggests projects whose names are like a text."""
    state = app_state(request)
    body = render(
        "missing.html",
        # The path may be of any depth, so links start at the root that others see.
        root=root_path(request),
        server_url=state.settings.server_url,
        path=request.url.path,
        name=project_name_or_none(text) if request.url.path.startswith(_PROJECT) else None,
        found=_suggestions(request, text),
        may_ask=state.requests.is_open,
    )
    return passing_page(request, body, status=404)


def _suggestions(request: Request, text: str) -> list[FoundProject]:
    try:
        with reading(app_state(request).engine) as connection:
            return search(connection, text, limit=_SUGGESTIONS)
    except Unavailable:
        return []
