"""The interface for programs, for everybody: `/api/v1/`, described by `/api/openapi.json`."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from wheelyard.database import builds, search, wheels
from wheelyard.database.engine import reading
from wheelyard.errors import NotFound, NotStored
from wheelyard.model.names import parse_project_name
from wheelyard.model.recipe import recipe_document
from wheelyard.model.summary import BuildSummary
from wheelyard.protocol import Problem
from wheelyard.web import queue_view
from wheelyard.web.public_models import (
    BuildersReply,
    BuildReply,
    BuildsReply,
    FoundProjectReply,
    JobsReply,
    LogReply,
    QueueReply,
    SearchReply,
    WheelReply,
    WheelsReply,
)
from wheelyard.web.responses import Representation, whole_response
from wheelyard.web.shown_builds import log_piece, shown_build
from wheelyard.web.state import AppState, app_state

PREFIX = "/api/v1"
LIVE = "max-age=5"
"""How long answers may be kept that change while one looks."""

SHORT = "max-age=60"
"""How long other answers may be kept."""

_JSON = "application/json"
_MAX_PAGE = 200
_LOG_PIECE = 256 * 1024
_BUILD_ID = "^[0-9a-f]{32}$"

_MEANING = {
    404: "There is no such thing here.",
    422: "The request cannot be understood.",
    500: "A mistake of the server's.",
    503: "The database or the store cannot be used right now; try again after `Retry-After`.",
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text} for status, text in _MEANING.items()
}

router = APIRouter(prefix=PREFIX, tags=["public"], responses=PROBLEMS)

ProjectPath = Annotated[str, Path(max_length=200, description="The project's name, however spelt.")]
BuildPath = Annotated[str, Path(pattern=_BUILD_ID, description="The build's id.")]
PageSize = Annotated[int, Query(ge=1, le=_MAX_PAGE, description="At most so many.")]


@router.get("/search", response_model=SearchReply)
def search_projects(
    request: Request,
    q: Annotated[str, Query(max_length=200, description="The name, or its beginning.")],
    limit: PageSize = 20,
) -> Response:
    """Find projects by the beginning of their names; one mistake in typing is forgiven."""
    with reading(app_state(request).engine) as connection:
        found = search.search(connection, q, limit=limit)
    reply = SearchReply(query=q, projects=tuple(map(found_project, found)))
    return answer(request, reply, caching=SHORT)


def found_project(found: search.FoundProject) -> FoundProjectReply:
    """Return a project that was found as it is shown."""
    return FoundProjectReply(
        name=found.name,
        display_name=found.display_name,
        summary=found.summary,
        has_wheels=found.has_wheels,
        url=f"/project/{found.name}/",
    )


@router.get("/projects/{name}")
def project(request: Request, name: ProjectPath) -> Response:
    """Tell everything about a project: decisions, wheels with their certificates, and builds."""
    key = f"project/{parse_project_name(name)}/index.json"
    return _stored(request, key, f"There is no page of a project {name!r}")


@router.get("/projects/{name}/jobs", response_model=JobsReply)
def jobs(request: Request, name: ProjectPath) -> Response:
    """Tell which jobs of a project wait or run, where in the queue they are, and an estimate."""
    with reading(app_state(request).engine) as connection:
        reply = queue_view.jobs_reply(connection, parse_project_name(name))
    return answer(request, reply, caching=LIVE)


@router.get("/queue", response_model=QueueReply)
def queue(
    request: Request,
    target: Annotated[str | None, Query(max_length=100, description="Only of this target.")] = None,
) -> Response:
    """Tell how long the queue is, what is being built, and what comes next."""
    with reading(app_state(request).engine) as connection:
        reply = queue_view.queue_reply(connection, target=target)
    return answer(request, reply, caching=LIVE)


@router.get("/builders", response_model=BuildersReply)
def builders(request: Request) -> Response:
    """Tell which builders there are, whether they are here, and what they build."""
    state = app_state(request)
    with reading(state.engine) as connection:
        reply = queue_view.builders_reply(connection, now=state.clock.now())
    return answer(request, reply, caching=LIVE)


@router.get("/builds", response_model=BuildsReply)
def list_builds(
    request: Request,
    *,
    running: Annotated[
        bool | None, Query(description="Only those that run, or that ended.")
    ] = None,
    before: Annotated[
        str | None, Query(pattern=_BUILD_ID, description="Only those after this one in the list.")
    ] = None,
    limit: PageSize = 50,
) -> Response:
    """List attempts of all projects, the newest first, a page at a time."""
    with reading(app_state(request).engine) as connection:
        found = builds.shown_builds(connection, running=running, before=before, limit=limit + 1)
    shown = found[:limit]
    reply = BuildsReply(
        builds=tuple(map(build_reply, shown)),
        before=shown[-1].id if len(found) > limit else None,
    )
    return answer(request, reply, caching=LIVE)


@router.get("/builds/{build_id}", response_model=BuildReply)
def build(request: Request, build_id: BuildPath) -> Response:
    """Tell of one attempt: how it went, why it failed, and what was done then."""
    return answer(request, build_reply(_build(app_state(request), build_id)), caching=LIVE)


def build_reply(found: BuildSummary) -> BuildReply:
    """Return an attempt as it is shown."""
    failure = found.failure
    return BuildReply(
        id=found.id,
        project=found.project,
        version=str(found.version),
        target=found.target,
        builder=found.builder,
        state=found.state,
        phase=found.phase,
        started_at=found.started_at,
        seconds=None if found.duration is None else found.duration.total_seconds(),
        failure=None
        if failure is None
        else {
            "kind": failure.kind,
            "message": failure.message,
            "subject": failure.subject,
            "evidence": list(failure.evidence),
        },
        causes=tuple(map(dict, found.causes)),
        treatment=found.treatment,
        recipe=recipe_document(found.recipe),
        environment=found.environment,
        log=f"/logs/{found.id}.log",
    )


@router.get("/builds/{build_id}/log", response_model=LogReply)
def log(
    request: Request,
    build_id: BuildPath,
    offset: Annotated[int, Query(ge=0, le=2**40, description="The first byte to read.")] = 0,
) -> Response:
    """Read a build's log from a byte on, while it grows or when it is stored."""
    state = app_state(request)
    found = _build(state, build_id)
    piece = log_piece(state, found, offset=offset, limit=_LOG_PIECE)
    reply = LogReply(
        build=build_id,
        offset=offset,
        next=offset + len(piece),
        is_running=not found.state.is_final,
        text=piece.decode("utf-8", "replace"),
    )
    return answer(request, reply, caching="no-store")


@router.get("/wheels", response_model=WheelsReply)
def newest_wheels(request: Request, limit: PageSize = 50) -> Response:
    """List the newest wheels of all projects."""
    with reading(app_state(request).engine) as connection:
        found = wheels.newest_wheels(connection, limit=limit)
    reply = WheelsReply(
        wheels=tuple(
            WheelReply(
                project=wheel.project,
                filename=wheel.file.filename,
                version=str(wheel.version),
                target=wheel.target,
                size=wheel.file.size,
                sha256=wheel.file.sha256,
                uploaded_at=wheel.uploaded_at,
                url=f"/{wheel.path}",
            )
            for wheel in found
        )
    )
    return answer(request, reply, caching=SHORT)


@router.get("/failures")
def failures(request: Request) -> Response:
    """Tell what is missing: failures grouped by cause, and projects that used to be built."""
    return _stored(request, "failures/index.json", "Nobody has looked at the failures yet")


@router.get("/statistics")
def statistics(request: Request) -> Response:
    """Tell of downloads, and of the time that they saved."""
    return _stored(request, "stats/index.json", "Nothing has been counted yet")


def _build(state: AppState, build_id: str) -> BuildSummary:
    found = shown_build(state, build_id)
    if found is None:
        raise NotFound(build_id, "There is no such build")
    return found


def _stored(request: Request, key: str, missing: str) -> Response:
    try:
        body = app_state(request).store.get(key)
    except NotStored:
        raise NotFound(missing) from None
    return whole_response(request, Representation(body=body, content_type=_JSON, caching=SHORT))


def answer(request: Request, reply: BaseModel, *, caching: str) -> Response:
    """Return a reply, or 304 if the client has it."""
    body = reply.model_dump_json().encode()
    return whole_response(request, Representation(body=body, content_type=_JSON, caching=caching))
