"""What programs are told of projects and their versions, and how they ask for builds."""

from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from packaging.version import InvalidVersion, Version

from wheelyard.database import failures
from wheelyard.database.engine import reading
from wheelyard.database.projects import project_overview
from wheelyard.database.withdrawn import shown_versions
from wheelyard.errors import BadInput, NotFound, UnknownProject
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.protocol import Problem
from wheelyard.publish.documents import wheel_document
from wheelyard.publish.grid import Cell, Grid, GridRow, grid
from wheelyard.publish.home import read_figures
from wheelyard.publish.site import without_gone
from wheelyard.web.asking import ask_for
from wheelyard.web.public_api import (
    LIVE,
    PREFIX,
    PROBLEMS,
    SHORT,
    PageSize,
    ProjectPath,
    answer,
    build_reply,
)
from wheelyard.web.public_models import (
    AskedReply,
    AskMessage,
    CellReply,
    FiguresReply,
    MissingProjectReply,
    MissingReply,
    VersionReply,
    VersionRow,
    VersionsReply,
)
from wheelyard.web.state import app_state

router = APIRouter(prefix=PREFIX, tags=["public"], responses=PROBLEMS)

VersionPath = Annotated[str, Path(max_length=200, description="The version, however spelt.")]


@router.get("/figures", response_model=FiguresReply)
def figures(request: Request) -> Response:
    """Tell in numbers what there is and is done, as the first page does."""
    state = app_state(request)
    with reading(state.engine) as connection:
        found = read_figures(connection, today=state.clock.now().date())
    reply = FiguresReply(
        projects=found.projects,
        wheels=found.wheels,
        downloads_in_30_days=found.downloads.downloads,
        saved_ms=found.downloads.saved_ms,
        jobs_waiting=found.waiting,
        jobs_running=found.running,
    )
    return answer(request, reply, caching=SHORT)


@router.get("/missing", response_model=MissingReply)
def missing(request: Request, limit: PageSize = 50) -> Response:
    """List the projects whose newest release fails for some target, the most wanted first."""
    with reading(app_state(request).engine) as connection:
        found = failures.missing_projects(connection, limit=limit)
    reply = MissingReply(
        projects=tuple(
            MissingProjectReply(
                project=one.project,
                version=str(one.version),
                targets=one.targets,
                cause=one.kind,
                subject=one.subject,
                message=one.message,
                demand=one.demand,
                build=one.build_id,
            )
            for one in found
        )
    )
    return answer(request, reply, caching=SHORT)


@router.get("/projects/{name}/versions", response_model=VersionsReply)
def versions(
    request: Request,
    name: ProjectPath,
    start: Annotated[int, Query(ge=0, le=100_000, description="How many to leave out.")] = 0,
    limit: PageSize = 50,
) -> Response:
    """List a project's versions with what there is of each for each target, the newest first."""
    known = parse_project_name(name)
    with reading(app_state(request).engine) as connection:
        shown = shown_versions(connection, known)
    project = _project(request, known, shown[start : start + limit])
    found = grid(project, limit=limit, versions=len(shown))
    reply = VersionsReply(
        project=project.name,
        versions=tuple(_row(found, row, project) for row in found.rows),
        total=found.versions,
        next=start + limit if start + limit < found.versions else None,
    )
    return answer(request, reply, caching=LIVE)


@router.get("/projects/{name}/versions/{version}", response_model=VersionReply)
def version(request: Request, name: ProjectPath, version: VersionPath) -> Response:
    """Tell everything about one version: targets, wheels with their hashes, and attempts."""
    project = _project(request, parse_project_name(name), [_version(version)])
    found = grid(project, limit=1)
    if not found.rows:
        raise NotFound(f"{name} {version}", "Nothing is known of this version")
    row = _row(found, found.rows[0], project)
    reply = VersionReply(
        project=project.name,
        version=row.version,
        uploaded_at=row.uploaded_at,
        targets=row.targets,
        wheels=tuple(wheel_document(wheel, project) for wheel in project.wheels),
        builds=tuple(map(build_reply, project.builds)),
    )
    return answer(request, reply, caching=LIVE)


@router.post(
    "/projects/{name}/requests",
    status_code=202,
    responses={
        403: {"model": Problem, "description": "Visitors may not, or a page of another site asks."},
        429: {"model": Problem, "description": "Enough was asked for; see `Retry-After`."},
    },
)
def ask(request: Request, name: ProjectPath, message: AskMessage) -> AskedReply:
    """Have a project built, or tried again: its newest release, or one version.

    It is read upstream within seconds; what can be built then goes before what nobody asked for.
    """
    project, version = ask_for(request, name, message.version)
    return AskedReply(project=project, version=None if version is None else str(version))


def _project(request: Request, name: ProjectName, versions: Collection[Version]) -> ProjectOverview:
    with reading(app_state(request).engine) as connection:
        project = project_overview(connection, name, versions=versions)
    if project is None:
        raise UnknownProject(name, "Nobody has asked for it here")
    return without_gone(project)


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        raise BadInput(repr(text), "This is no version") from None


def _row(found: Grid, row: GridRow, project: ProjectOverview) -> VersionRow:
    return VersionRow(
        version=str(row.version),
        uploaded_at=project.uploads.get(row.version),
        targets={
            target: _cell(cell)
            for target, cell in zip(found.targets, row.cells, strict=True)
            if cell is not None
        },
    )


def _cell(cell: Cell) -> CellReply:
    return CellReply(state=cell.kind, reason=cell.reason, cause=cell.cause, build=cell.build)
