"""Puts what the queue's tests start from into a database: targets, a project, a builder, jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from packaging.version import Version
from sqlalchemy import select

from factories import (
    NOW,
    PROJECT,
    TARGET,
    digest,
    project_name,
    project_page,
    target,
    upstream_file,
)
from wheelyard.database import builders, job_rows, queue, tables
from wheelyard.database.builds import close_build
from wheelyard.database.engine import Connection
from wheelyard.database.projects import save_page
from wheelyard.database.releases import release_is
from wheelyard.database.targets import active_targets, save_targets
from wheelyard.model.build import BuildState, Failure, Limits, Priority
from wheelyard.model.builder import Builder
from wheelyard.model.job import ClaimedJob
from wheelyard.model.names import TargetName
from wheelyard.model.plan import JobTerms

LEASE = timedelta(minutes=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def build_id(number: int = 1) -> str:
    return f"{number:032x}"


def stock(
    connection: Connection,
    *,
    project: str = PROJECT,
    versions: Sequence[str] = ("1.0",),
    targets: Sequence[str] = (TARGET,),
    uploaded_at: datetime | None = NOW,
) -> None:
    """Save targets, and a project whose releases have nothing but source distributions."""
    known = {known.name for known in active_targets(connection)}
    save_targets(connection, [target(name) for name in sorted(known.union(targets))])
    files = [
        upstream_file(f"{project}-{version}.tar.gz", uploaded_at=uploaded_at)
        for version in versions
    ]
    save_page(connection, project_page(*files, name=project), at=NOW)


def enqueue(
    connection: Connection,
    *,
    project: str = PROJECT,
    version: str = "1.0",
    target: str = TARGET,
    priority: Priority = Priority.NORMAL,
    due_at: datetime = NOW,
    force: bool = False,
    turn: int = 0,
    demand: int = 0,
) -> None:
    """Put a job into the queue as the planner does, at the moment `NOW`."""
    release = connection.execute(
        select(tables.releases.c.id, tables.releases.c.uploaded_at)
        .join(tables.projects, tables.projects.c.id == tables.releases.c.project_id)
        .where(release_is(project_name(project), Version(version)))
    ).one()
    sdist = connection.scalars(
        select(tables.upstream_files.c.id).where(
            tables.upstream_files.c.filename == f"{project}-{version}.tar.gz"
        )
    ).one()
    terms = JobTerms(
        sdist=sdist,
        priority=priority,
        due_at=due_at,
        released_at=release.uploaded_at or LONG_AGO,
        force=force,
        owner=None,
        demand=demand,
        turn=turn,
    )
    job_rows.enqueue(connection, {(release.id, TargetName(target)): terms}, at=NOW)


def register(connection: Connection, name: str = "board") -> Builder:
    return builders.add_builder(
        connection, name=name, token_hash=digest(name), targets=frozenset(), at=NOW
    )


def claim(
    connection: Connection,
    builder: Builder,
    *,
    build: int = 1,
    targets: Sequence[str] = (TARGET,),
    now: datetime = NOW,
    limits: Limits | None = None,
) -> ClaimedJob | None:
    return queue.claim(
        connection,
        builder_id=builder.id,
        targets=[TargetName(name) for name in targets],
        now=now,
        lease_expires_at=now + LEASE,
        build_id=build_id(build),
        limits=limits,
    )


def finish(
    connection: Connection,
    *,
    build: int = 1,
    state: BuildState = BuildState.SUCCEEDED,
    at: datetime = NOW,
    failure: Failure | None = None,
) -> None:
    """Close a build, and remove its job."""
    close_build(connection, build_id=build_id(build), state=state, finished_at=at, failure=failure)
    queue.complete(connection, build_id=build_id(build))
