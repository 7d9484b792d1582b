"""Pages for people over HTTP: the first page, projects, statistics, and what all pages use."""

import re
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.errors import NotStored
from wheelyard.model.names import project_name_or_none
from wheelyard.web.missing import missing_project
from wheelyard.web.responses import (
    HTML,
    Representation,
    moved,
    not_found,
    whole_response,
)
from wheelyard.web.state import app_state
from wheelyard.web.version_pages import version

_TABLE = re.compile("[a-z-]{1,40}")
_STATIC_TYPES = {
    "css": "text/css; charset=utf-8",
    "ico": "image/x-icon",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
}


def home(request: Request) -> Response:
    """Answer for `/`."""
    return _stored(request, "index.html", HTML)


def project(request: Request) -> Response:
    """Answer for `/project/NAME/`, its documents, and its versions."""
    rest: str = request.path_params["rest"]
    given, _, filename = rest.strip("/").partition("/")
    name = project_name_or_none(given)
    if name is None:
        return missing_project(request, given)
    folder = f"project/{name}"
    match filename:
        case "":
            answer, canonical = _stored(request, f"{folder}/index.html", HTML), f"{name}/"
        case "index.json":
            answer = _stored(request, f"{folder}/index.json", "application/json")
            canonical = f"{name}/index.json"
        case "json":
            answer = _stored(request, f"{folder}/piwheels.json", "application/json")
            canonical = f"{name}/json/"
        case _:
            return version(request, name, given, filename)
    if answer.status_code != 404 and rest != canonical:  # noqa: PLR2004 - HTTP's own number
        return moved(request, f"project/{canonical}")
    if answer.status_code == 404:  # noqa: PLR2004 - HTTP's own number
        return missing_project(request, given)
    return answer


def stats(request: Request) -> Response:
    """Answer for `/stats/`; before anything was counted there is nothing."""
    if not request.url.path.endswith("/"):
        return moved(request, "stats/")
    return _stored(request, "stats/index.html", HTML)


def stats_document(request: Request) -> Response:
    """Answer for `/stats/index.json`."""
    return _stored(request, "stats/index.json", "application/json")


def stats_table(request: Request) -> Response:
    """Answer for `/stats/NAME.csv`."""
    name = request.path_params["name"]
    if not _TABLE.fullmatch(name):
        return not_found()
    return _stored(request, f"stats/{name}.csv", "text/csv; charset=utf-8")


def failures(request: Request) -> Response:
    """Answer for `/failures/`; before anybody has looked at them there is nothing."""
    if not request.url.path.endswith("/"):
        return moved(request, "failures/")
    return _stored(request, "failures/index.html", HTML)


def failures_document(request: Request) -> Response:
    """Answer for `/failures/index.json`."""
    return _stored(request, "failures/index.json", "application/json")


def static(request: Request) -> Response:
    """Answer for `/static/NAME`."""
    return static_file(request, request.path_params["name"])


def static_file(request: Request, name: str) -> Response:
    """Return one of the program's own files."""
    found = _static_files().get(name)
    return not_found() if found is None else whole_response(request, found)


def _stored(request: Request, key: str, content_type: str) -> Response:
    try:
        body = app_state(request).store.get(key)
    except NotStored:
        return not_found()
    return whole_response(request, Representation(body=body, content_type=content_type))


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
        ("/stats", stats),
        ("/stats/", stats),
        ("/stats/index.json", stats_document),
        ("/stats/{name}.csv", stats_table),
        ("/failures", failures),
        ("/failures/", failures),
        ("/failures/index.json", failures_document),
        ("/static/{name}", static),
    )
]
"""The routes of pages for people."""
