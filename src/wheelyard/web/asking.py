"""Asking for a build: the page with its form, and what programs ask for."""

from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database.engine import reading, writing
from wheelyard.database.projects import project_overview, want
from wheelyard.errors import AskedTooOften, BadInput, Refused
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.project import Want
from wheelyard.render import render
from wheelyard.web.responses import moved, passing_page
from wheelyard.web.state import AppState, app_state

_MAX_TEXT = 200
_OK, _UNPROCESSABLE, _TOO_MANY = 200, 422, 429
_SAME_SITE = frozenset({"same-origin", "none"})
_HOUR_SECONDS = 3600


def ask_form(request: Request) -> Response:
    """Answer for `/ask?project=…&version=…`: the form, filled in."""
    if request.url.path.endswith("/"):
        return moved(request, "ask")
    asked = request.query_params
    return _page(
        request,
        project=asked.get("project", "")[:_MAX_TEXT],
        version=asked.get("version", "")[:_MAX_TEXT],
    )


async def asked(request: Request) -> Response:
    """Answer for `POST /ask`: what was asked for is read, and planned."""
    async with request.form(max_files=0, max_fields=5, max_part_size=_MAX_TEXT * 4) as form:
        project = str(form.get("project") or "")[:_MAX_TEXT].strip()
        version = str(form.get("version") or "")[:_MAX_TEXT].strip()
    return await run_in_threadpool(_asked, request, project, version)


def _asked(request: Request, project: str, version: str) -> Response:
    try:
        name, _ = ask_for(request, project, version or None)
    except AskedTooOften as error:
        return _page(request, project=project, version=version, error=str(error), status=_TOO_MANY)
    except BadInput as error:
        return _page(
            request, project=project, version=version, error=str(error), status=_UNPROCESSABLE
        )
    return _page(request, project=name, version=version, done=name)


def ask_for(
    request: Request, project: str, version: str | None
) -> tuple[ProjectName, Version | None]:
    """Have a project, or a version of it, read upstream and planned, as a visitor may.

    Raises:
        BadInput: if it is no name or no version, or upstream has no such version.
        AskedTooOften: if others, or this address, have asked for enough in this hour.
        Refused: if a page of another site asks, or nobody may.
    """
    state = app_state(request)
    if not _is_own(request):
        raise Refused("a page of another site", "Ask from this site's own pages")
    name = parse_project_name(project)
    chosen = None if version is None else _version(state, name, version)
    if not state.requests.is_open:
        raise Refused(name, "Visitors cannot ask for builds here")
    if not state.requests.grant(request.client.host if request.client else ""):
        raise AskedTooOften(name, "Try again later")
    with writing(state.engine) as connection:
        wanted = Want(project=name, version=chosen, force=False)
        want(connection, wanted, at=state.clock.now())
    return name, chosen


def _is_own(request: Request) -> bool:
    """Whether no page of another site sends a request; browsers tell, programs say nothing.

    `Sec-Fetch-Site` is only sent where nobody can listen, `Origin` with every form.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in _SAME_SITE:
        return False
    origin = request.headers.get("Origin")
    ours = {request.headers.get("Host"), urlsplit(app_state(request).settings.server_url).netloc}
    return origin is None or origin.partition("://")[2] in ours


def _version(state: AppState, project: ProjectName, text: str) -> Version:
    try:
        version = Version(text)
    except InvalidVersion:
        raise BadInput(repr(text), "This is no version") from None
    with reading(state.engine) as connection:
        found = project_overview(connection, project, versions=[version])
    is_known = found is None or found.read_at is None or found.decisions or found.uploads
    if not is_known:
        raise BadInput(f"{project} {version}", "Upstream has no such version")
    return version


def _page(  # noqa: PLR0913 - what the page shows
    request: Request,
    *,
    project: str,
    version: str,
    done: ProjectName | None = None,
    error: str | None = None,
    status: int = _OK,
) -> Response:
    state = app_state(request)
    body = render(
        "ask.html",
        root="",
        server_url=state.settings.server_url,
        project=project,
        version=version,
        done=done,
        error=error,
        may_ask=state.requests.is_open,
    )
    headers = {"Retry-After": str(_HOUR_SECONDS)} if status == _TOO_MANY else None
    return passing_page(request, body, status=status, headers=headers)


ROUTES = [
    Route("/ask", ask_form, methods=["GET", "HEAD"]),
    Route("/ask/", ask_form, methods=["GET", "HEAD"]),
    Route("/ask", asked, methods=["POST"]),
]
"""The routes of the page."""
