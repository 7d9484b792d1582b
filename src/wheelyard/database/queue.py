"""Jobs: what the queue lives by, the statements about decisions and leases with it.

A job is a row only while there is something to do.
"""

from datetime import UTC, datetime

from packaging.version import Version
from sqlalchemy import Connection, case, delete, func, select

from wheelyard.database import dialect
from wheelyard.database.decisions import decisions, record_decision, record_decisions
from wheelyard.database.leases import (
    WAITING,
    claim,
    complete,
    expired_leases,
    leased_job,
    put_back,
    renew,
)
from wheelyard.database.releases import release_is, target_ids
from wheelyard.database.tables import jobs, projects, releases, targets, upstream_files
from wheelyard.errors import NotStored
from wheelyard.model.build import JobKind, JobState, Priority
from wheelyard.model.job import JobCount
from wheelyard.model.names import Filename, ProjectName, TargetName, parse_sha256

__all__ = [
    "claim",
    "complete",
    "decisions",
    "dequeue",
    "enqueue",
    "expired_leases",
    "job_counts",
    "leased_job",
    "next_due_at",
    "put_back",
    "record_decision",
    "record_decisions",
    "renew",
]

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def enqueue(  # noqa: PLR0913 - what a job is
    connection: Connection,
    *,
    project: ProjectName,
    version: Version,
    target: TargetName,
    sdist: Filename,
    priority: Priority,
    due_at: datetime,
    force: bool = False,
) -> None:
    """Have a release built for a target, from the source distribution of that filename.

    A job that waits already takes over what is given, but keeps its moment if that is earlier, and
    in any case after a failure that was no fault of the project: planning again neither costs it
    its place nor undoes a back-off. A job that is leased stays as it is.

    Raises:
        NotStored: if the release has no such file on record.
        InvalidName: if the file has no usable SHA-256.
        UnknownTarget: if the target is not on record.
    """
    source = connection.execute(
        select(
            releases.c.id,
            releases.c.uploaded_at,
            upstream_files.c.id.label("sdist_id"),
            upstream_files.c.hashes,
        )
        .join_from(releases, projects, projects.c.id == releases.c.project_id)
        .join(upstream_files, upstream_files.c.release_id == releases.c.id)
        .where(release_is(project, version), upstream_files.c.filename == sdist)
    ).one_or_none()
    if source is None:
        raise NotStored(f"{project} {version}: {sdist}", "Save the project's page first")
    parse_sha256(source.hashes.get("sha256", ""))
    values = {
        "sdist_id": source.sdist_id,
        "priority": priority,
        "due_at": due_at,
        "released_at": source.uploaded_at or _LONG_AGO,
        "force": force,
    }
    statement = dialect.insert(connection, jobs).values(
        kind=JobKind.BUILD,
        release_id=source.id,
        target_id=target_ids(connection, [target])[target],
        state=JobState.WAITING,
        infrastructure_attempts=0,
        healing_rounds=0,
        ladder_step=0,
        created_at=due_at,
        **values,
    )
    keeps_its_place = (jobs.c.infrastructure_attempts > 0) | (jobs.c.due_at <= due_at)
    values["due_at"] = case((keeps_its_place, jobs.c.due_at), else_=statement.excluded.due_at)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[jobs.c.release_id, jobs.c.target_id, jobs.c.kind],
            set_=values,
            where=jobs.c.state == WAITING,
        )
    )


def dequeue(
    connection: Connection, *, project: ProjectName, version: Version, target: TargetName
) -> bool:
    """Remove a waiting job; returns whether there was one. A leased one stays."""
    release = (
        select(releases.c.id)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(release_is(project, version))
    )
    removed = connection.execute(
        delete(jobs).where(
            jobs.c.state == WAITING,
            jobs.c.release_id == release.scalar_subquery(),
            jobs.c.target_id == target_ids(connection, [target])[target],
        )
    )
    return removed.rowcount == 1


def job_counts(connection: Connection) -> list[JobCount]:
    """Return how many jobs there are, by target and state; where there is none, no count."""
    rows = connection.execute(
        select(targets.c.name, jobs.c.state, func.count().label("jobs"))
        .join_from(jobs, targets, targets.c.id == jobs.c.target_id)
        .group_by(targets.c.name, jobs.c.state)
        .order_by(targets.c.name, jobs.c.state)
    )
    return [JobCount(target=TargetName(row.name), state=row.state, count=row.jobs) for row in rows]


def next_due_at(connection: Connection) -> datetime | None:
    """Return when the first of the waiting jobs is or was due; None if no job waits."""
    due_at: datetime | None = connection.scalar(
        select(func.min(jobs.c.due_at)).where(jobs.c.state == WAITING)
    )
    return due_at
