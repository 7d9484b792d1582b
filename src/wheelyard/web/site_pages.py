"""Pages for people over HTTP: the first page, projects, builds, logs, and the stylesheet."""

import re
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database import builds
from wheelyard.database.engine import reading
from wheelyard.errors import InvalidName, NotStored
from wheelyard.model.names import parse_project_name
from wheelyard.model.summary import BuildSummary
from wheelyard.publish import site
from wheelyard.web.negotiation import accepts_gzip
from wheelyard.web.responses import (
    HTML,
    LIVE_CACHING,
    Representation,
    moved,
    not_found,
    whole_response,
)
from wheelyard.web.shown_builds import shown_build, unpacked
from wheelyard.web.state import app_state
from wheelyard.web.version_pages import version

_BUILD_ID = re.compile(r"[0-9a-f]{32}")
_TEXT = "text/plain; charset=utf-8"
_STATIC_TYPES = {
    "css": "text/css; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
}
_ATTEMPTS = 200


def home(request: Request) -> Response:
    """Answer for `/`."""
    return _stored(request, "index.html", HTML)


def project(request: Request) -> Response:
    """Answer for `/project/NAME/` and `/project/NAME/index.json`."""
    rest: str = request.path_params["rest"]
    given, _, filename = rest.strip("/").partition("/")
    try:
        name = parse_project_name(given)
    except InvalidName:
        return not_found()
    folder = f"project/{name}"
    match filename:
        case "":
            answer, canonical = _stored(request, f"{folder}/index.html", HTML), f"{name}/"
        case "index.json":
            answer = _stored(request, f"{folder}/index.json", "application/json")
            canonical = f"{name}/index.json"
        case _:
            return version(request, given, filename)
    if answer.status_code != 404 and rest != canonical:  # noqa: PLR2004 - HTTP's own number
        return moved(request, f"project/{canonical}")
    return answer


def stats(request: Request) -> Response:
    """Answer for `/stats/`; before anything was counted there is nothing."""
    if not request.url.path.endswith("/"):
        return moved(request, "stats/")
    return _stored(request, "stats/index.html", HTML)


def stats_document(request: Request) -> Response:
    """Answer for `/stats/index.json`."""
    return _stored(request, "stats/index.json", "application/json")


def build(request: Request) -> Response:
    """Answer for `/build/ID/`, from the database: a build that runs changes while one looks."""
    found = _build(request)
    if found is None:
        return not_found()
    if not request.url.path.endswith("/"):
        return moved(request, f"build/{found.id}/")
    caching = LIVE_CACHING if not found.state.is_final else "max-age=300"
    state = app_state(request)
    with reading(state.engine) as connection:
        attempts = builds.build_summaries(
            connection, project=found.project, version=found.version, limit=_ATTEMPTS
        )
    body = site.build_page(
        found,
        before=[
            one
            for one in attempts
            if one.target == found.target and one.started_at < found.started_at
        ],
        server_url=state.settings.server_url,
    )
    page = Representation(body=body, content_type=HTML, caching=caching)
    return whole_response(request, page)


def log(request: Request) -> Response:
    """Answer for `/logs/ID.log`: the stored log, or the log so far of a build that runs."""
    found = _build(request)
    if found is None:
        return not_found()
    state = app_state(request)
    if found.log_key is None:
        with reading(state.engine) as connection:
            text = builds.read_log(connection, found.id)
        return whole_response(
            request, Representation(body=text, content_type=_TEXT, caching=LIVE_CACHING)
        )
    try:
        packed = state.store.get(found.log_key)
    except NotStored:
        return not_found()
    is_packed = accepts_gzip(request.headers.get("Accept-Encoding"))
    return whole_response(
        request,
        Representation(
            body=packed if is_packed else unpacked(packed),
            content_type=_TEXT,
            vary="Accept-Encoding",
            content_encoding="gzip" if is_packed else None,
        ),
    )


def static(request: Request) -> Response:
    """Answer for `/static/NAME`, from the program's own files."""
    found = _static_files().get(request.path_params["name"])
    return not_found() if found is None else whole_response(request, found)


def _stored(request: Request, key: str, content_type: str) -> Response:
    try:
        body = app_state(request).store.get(key)
    except NotStored:
        return not_found()
    return whole_response(request, Representation(body=body, content_type=content_type))


def _build(request: Request) -> BuildSummary | None:
    build_id = request.path_params["build_id"]
    if not _BUILD_ID.fullmatch(build_id):
        return None
    return shown_build(app_state(request), build_id)


@cache
def _static_files() -> dict[str, Representation]:
    """Read the program's own files once; they only change with the program."""
    return {
        file.name: Representation(
            body=file.read_bytes(),
            content_type=_STATIC_TYPES[file.name.rpartition(".")[2]],
        )
        for file in (files("wheelyard") / "static").iterdir()
    }


ROUTES = [
    Route(path, endpoint, methods=["GET", "HEAD"])
    for path, endpoint in (
        ("/", home),
        ("/project/{rest:path}", project),
        ("/build/{build_id}", build),
        ("/build/{build_id}/", build),
        ("/logs/{build_id}.log", log),
        ("/stats", stats),
        ("/stats/", stats),
        ("/stats/index.json", stats_document),
        ("/static/{name}", static),
    )
]
"""The routes of pages for people."""
