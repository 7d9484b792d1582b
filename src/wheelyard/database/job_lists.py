"""Jobs as operators look at them; nothing here hands any out."""

from typing import Any

from packaging.version import Version
from sqlalchemy import Connection, Row, Select, func, literal, select

from wheelyard.database.tables import builders, jobs, projects, releases, targets
from wheelyard.database.targets import target_states
from wheelyard.model.build import JobState, Priority
from wheelyard.model.job import QueuedJob
from wheelyard.model.names import ProjectName, TargetName


def waiting_jobs(connection: Connection, *, target: TargetName, limit: int) -> list[QueuedJob]:
    """Return a target's jobs that may be claimed, in the order in which they are handed out."""
    number = select(targets.c.id).where(targets.c.name == target).scalar_subquery()
    query = (
        _query()
        .where(_is(JobState.WAITING), jobs.c.target_id == number)
        .order_by(
            *(jobs.c.priority, jobs.c.turn, jobs.c.demand.desc()),
            *(jobs.c.released_at.desc(), jobs.c.id),
        )
    )
    return _found(connection, query.limit(limit))


def waiting_by_priority(connection: Connection) -> dict[TargetName, dict[Priority, int]]:
    """Return how many jobs of each target may be claimed, by their priority."""
    rows = connection.execute(
        select(targets.c.name, jobs.c.priority, func.count().label("jobs"))
        .join_from(jobs, targets, targets.c.id == jobs.c.target_id)
        .where(_is(JobState.WAITING))
        .group_by(targets.c.name, jobs.c.priority)
    )
    found: dict[TargetName, dict[Priority, int]] = {}
    for row in rows:
        found.setdefault(TargetName(row.name), {})[row.priority] = row.jobs
    return found


def jobs_in_state(
    connection: Connection, state: JobState, *, target: TargetName | None, limit: int
) -> list[QueuedJob]:
    """Return jobs in a state: waiting ones by target in their order, others soonest first."""
    if state is JobState.WAITING:
        names = [target] if target else [one.target.name for one in target_states(connection)]
        found: list[QueuedJob] = []
        for name in names:
            found += waiting_jobs(connection, target=name, limit=limit - len(found))
        return found
    moment = jobs.c.due_at if state is JobState.SCHEDULED else jobs.c.lease_expires_at
    query = _query().where(_is(state)).order_by(moment, jobs.c.id).limit(limit)
    return _found(connection, query.where(targets.c.name == target) if target else query)


def jobs_of_project(
    connection: Connection, project: ProjectName, *, limit: int | None = None
) -> list[QueuedJob]:
    """Return every job of a project, the newest version first.

    With a `limit`, so many of the releases that were uploaded last.
    """
    latest = releases.c.uploaded_at.desc().nulls_last()
    query = _query().where(projects.c.name == project).order_by(latest, jobs.c.id).limit(limit)
    found = sorted(_found(connection, query), key=lambda job: job.target)
    return sorted(found, key=lambda job: job.version, reverse=True)


def _is(state: JobState) -> Any:  # noqa: ANN401 - a condition on an enum's column
    # The partial indexes serve only statements that name the state itself, not a parameter.
    return jobs.c.state == literal(state, jobs.c.state.type, literal_execute=True)


def _query() -> Select[Any]:
    return (
        select(
            jobs,
            projects.c.name.label("project"),
            releases.c.version,
            targets.c.name.label("target"),
            builders.c.name.label("builder"),
        )
        .join_from(jobs, releases, releases.c.id == jobs.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == jobs.c.target_id)
        .outerjoin(builders, builders.c.id == jobs.c.builder_id)
    )


def _found(connection: Connection, query: Select[Any]) -> list[QueuedJob]:
    return [_job(row) for row in connection.execute(query)]


def _job(row: Row[Any]) -> QueuedJob:
    return QueuedJob(
        project=ProjectName(row.project),
        version=Version(row.version),
        target=TargetName(row.target),
        state=row.state,
        priority=row.priority,
        turn=row.turn,
        demand=row.demand,
        due_at=row.due_at,
        attempts=row.infrastructure_attempts,
        build_id=row.build_id,
        builder=row.builder,
        lease_expires_at=row.lease_expires_at,
    )
