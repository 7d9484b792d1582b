"""All versions of a project, and one version of it, from the database; asking for a build."""

from packaging.version import InvalidVersion, Version
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wheelyard.database.engine import reading, writing
from wheelyard.database.projects import project_overview, want
from wheelyard.errors import InvalidName
from wheelyard.model.names import parse_project_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import Want
from wheelyard.publish import site
from wheelyard.publish.selection import index_for
from wheelyard.web.responses import (
    HTML,
    LIVE_CACHING,
    Representation,
    moved,
    not_found,
    whole_response,
)
from wheelyard.web.state import app_state

_MAX_VERSION = 200
_MAX_PAGE = 10_000
_TOO_MANY = 429
_FORBIDDEN = 403
_SAME_SITE = frozenset({"same-origin", "none"})


def versions(request: Request) -> Response:
    """Answer for `/project/NAME/versions/?page=…`."""
    project = _project(request, request.path_params["name"])
    asked = request.query_params.get("page", "1")
    page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < len("10000") else 0
    if project is None or not 0 < page <= _MAX_PAGE:
        return not_found()
    if request.path_params["name"] != project.name or not request.url.path.endswith("/"):
        return moved(request, f"project/{project.name}/versions/")
    body = site.versions_page(project, page=page)
    if body is None:
        return not_found()
    return whole_response(request, Representation(body=body, content_type=HTML))


def version(request: Request, name: str, text: str) -> Response:
    """Answer for `/project/NAME/VERSION/`, as it is at this moment."""
    found = _found(request, name, text)
    if isinstance(found, Response):
        return found
    body = _body(request, *found, note=None)
    return whole_response(
        request, Representation(body=body, content_type=HTML, caching=LIVE_CACHING)
    )


def ask(request: Request) -> Response:
    """Answer for `POST /project/NAME/VERSION/`: have a version built, or tried again."""
    found = _found(request, request.path_params["name"], request.path_params["version"])
    if isinstance(found, Response):
        return found
    state = app_state(request)
    if request.headers.get("Sec-Fetch-Site", "none") not in _SAME_SITE:
        return PlainTextResponse("Ask from this site's own pages\n", status_code=_FORBIDDEN)
    address = request.client.host if request.client else ""
    if not state.requests.grant(address):
        text = "Enough has been asked for in this hour; try again later.\n"
        headers = {"Retry-After": "3600"}
        return PlainTextResponse(text, status_code=_TOO_MANY, headers=headers)
    project, chosen = found
    with writing(state.engine) as connection:
        asked = Want(project=project.name, version=chosen, force=False)
        want(connection, asked, at=state.clock.now())
    note = "It was asked for. What can be built is put into the queue within a minute."
    body = _body(request, project, chosen, note=note)
    return whole_response(
        request, Representation(body=body, content_type=HTML, caching=LIVE_CACHING)
    )


def _body(
    request: Request, project: ProjectOverview, chosen: Version, *, note: str | None
) -> bytes:
    state = app_state(request)
    return site.version_page(
        project,
        chosen,
        index=index_for(project, state.channels.names()),
        server_url=state.settings.server_url,
        may_ask=state.requests.is_open and note is None,
        note=note,
    )


def _found(request: Request, name: str, text: str) -> tuple[ProjectOverview, Version] | Response:
    """Return the version that a path names, or the answer where there is none."""
    try:
        chosen = Version(text[:_MAX_VERSION])
    except InvalidVersion:
        return not_found()
    project = _project(request, name)
    if project is None:
        return not_found()
    known = {decision.version for decision in site.without_gone(project).decisions}
    if chosen not in known:
        return not_found()
    canonical = f"project/{project.name}/{chosen}/"
    is_canonical = (name, text) == (project.name, str(chosen))
    if request.method != "POST" and not (is_canonical and request.url.path.endswith("/")):
        return moved(request, canonical)
    return project, chosen


def _project(request: Request, text: str) -> ProjectOverview | None:
    try:
        name = parse_project_name(text)
    except InvalidName:
        return None
    with reading(app_state(request).engine) as connection:
        return project_overview(connection, name)


ROUTES = [
    Route(path, endpoint, methods=methods)
    for path, endpoint, methods in (
        ("/project/{name}/versions", versions, ["GET", "HEAD"]),
        ("/project/{name}/versions/", versions, ["GET", "HEAD"]),
        ("/project/{name}/{version}/", ask, ["POST"]),
    )
]
"""The routes; those of one version are with the other pages of a project."""
