"""The page of a build and its log, from the database: both change while one looks."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wheelyard.database import builds
from wheelyard.database.engine import reading
from wheelyard.errors import NotStored
from wheelyard.model.summary import BuildSummary
from wheelyard.publish import site
from wheelyard.web.negotiation import accepts_gzip
from wheelyard.web.responses import (
    HTML,
    LIVE_CACHING,
    PAGE_CACHING,
    Representation,
    moved,
    not_found,
    whole_response,
)
from wheelyard.web.shown_builds import log_end, shown_build, unpacked, whole_log
from wheelyard.web.state import AppState, app_state

_BUILD_ID = re.compile(r"[0-9a-f]{32}")
_TEXT = "text/plain; charset=utf-8"
_ATTEMPTS = 200


def build(request: Request) -> Response:
    """Answer for `/build/ID/`."""
    found = _build(request)
    if found is None:
        return not_found()
    if not request.url.path.endswith("/"):
        return moved(request, f"build/{found.id}/")
    state = app_state(request)
    log, offset = _log(state, found)
    body = site.build_page(
        found,
        log=log,
        offset=offset,
        before=_before(state, found),
        now=state.clock.now(),
        server_url=state.settings.server_url,
    )
    caching = PAGE_CACHING if found.state.is_final else LIVE_CACHING
    return whole_response(request, Representation(body=body, content_type=HTML, caching=caching))


def log(request: Request) -> Response:
    """Answer for `/logs/ID.log`: the stored log, or the log so far of a build that runs."""
    found = _build(request)
    if found is None:
        return not_found()
    state = app_state(request)
    try:
        if found.log_key is None:
            text = whole_log(state, found)
            return whole_response(
                request, Representation(body=text, content_type=_TEXT, caching=LIVE_CACHING)
            )
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


def _build(request: Request) -> BuildSummary | None:
    build_id = request.path_params["build_id"]
    if not _BUILD_ID.fullmatch(build_id):
        return None
    return shown_build(app_state(request), build_id)


def _log(state: AppState, found: BuildSummary) -> tuple[bytes | None, int]:
    """Return what the page shows of a log, and where its script goes on reading."""
    if not found.state.is_final:
        return log_end(state, found.id)
    try:
        return whole_log(state, found), 0
    except NotStored:
        return None, 0


def _before(state: AppState, found: BuildSummary) -> list[BuildSummary]:
    """Return earlier attempts at the same, the newest first."""
    with reading(state.engine) as connection:
        attempts = builds.build_summaries(
            connection, project=found.project, versions=[found.version], limit=_ATTEMPTS
        )
    return [
        one for one in attempts if one.target == found.target and one.started_at < found.started_at
    ]


ROUTES = [
    Route(path, endpoint, methods=["GET", "HEAD"])
    for path, endpoint in (
        ("/build/{build_id}", build),
        ("/build/{build_id}/", build),
        ("/logs/{build_id}.log", log),
    )
]
"""The routes of builds."""
