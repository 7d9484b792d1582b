"""Leases: who has which job, and until when.

Whoever holds a lease is known by `build_id` and `builder_id`. In a writing transaction the
functions that return leased jobs lock them, so that the end of a lease and its expiry never both
happen.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from packaging.version import Version
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Delete,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    distinct,
    exists,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from wheelyard.database.cross_failures import cross_failures_of
from wheelyard.database.dialect import locked
from wheelyard.database.pausing import QUEUE_PAUSED
from wheelyard.database.recipes import recipe_for
from wheelyard.database.tables import (
    builds,
    jobs,
    projects,
    releases,
    state,
    upstream_files,
    wheels,
)
from wheelyard.database.tables import targets as targets_table
from wheelyard.database.targets import target_of
from wheelyard.model.build import BuildState, JobState, Limits, Phase, SdistReference
from wheelyard.model.job import ClaimedJob, LeasedJob
from wheelyard.model.names import Filename, ProjectName, Sha256, TargetName, parse_sha256
from wheelyard.model.recipe import Recipe, limits_document, parse_recipe, recipe_document

# The partial indexes serve only statements that name the state itself, not a parameter.
WAITING = literal(JobState.WAITING, jobs.c.state.type, literal_execute=True)
_LEASED = literal(JobState.LEASED, jobs.c.state.type, literal_execute=True)
_SCHEDULED = literal(JobState.SCHEDULED, jobs.c.state.type, literal_execute=True)
_PROMOTED = 5000
"""At most so many jobs begin to wait in one transaction."""


def claim(  # noqa: PLR0913 - what a lease is
    connection: Connection,
    *,
    builder_id: int,
    targets: Collection[TargetName],
    now: datetime,
    lease_expires_at: datetime,
    build_id: str,
    limits: Limits | None = None,
) -> ClaimedJob | None:
    """Lease the best waiting job for one of the targets, and start its build.

    The best has the most urgent priority, then the lowest turn, then the greatest demand, then is
    of the newest release. One statement picks and leases it; jobs that somebody else is about to
    take are passed over, and so are targets that are paused or retired. `build_id` is new, 32
    hexadecimal digits. Returns None if there is no such job, or no jobs are handed out at all.
    """
    if not targets:
        return None
    asked = {f"target_{place}": target for place, target in enumerate(targets)}
    lease = {"builder": builder_id, "build": build_id, "until": lease_expires_at}
    claimed = connection.execute(claim_statement(len(targets)), asked | lease)
    if claimed.one_or_none() is None:
        return None
    row = connection.execute(_claimed_job(), {"build": build_id}).one()
    job = _claimed(connection, row, usual=limits)
    connection.execute(
        insert(builds).values(
            id=build_id,
            kind=job.kind,
            release_id=row.release_id,
            target_id=row.target_id,
            builder_id=builder_id,
            number=job.number,
            state=BuildState.RUNNING,
            phase=Phase.CLAIMED,
            started_at=now,
            sdist_id=row.sdist_id,
            sdist_url=job.sdist.url,
            sdist_sha256=job.sdist.sha256,
            limits=None if job.limits is None else limits_document(job.limits),
            recipe=recipe_document(job.recipe),
            recipe_digest=job.recipe.digest,
            healing_round=row.healing_rounds,
        )
    )
    return job


@cache
def claim_statement(targets: int) -> ReturningUpdate[int]:
    """Return the statement that picks the best waiting job of some targets and leases it.

    Its parameters are the names `target_0`, `target_1` … of so many targets, and `builder`, `build`
    and `until` of the lease. Of each target it reads the first entry of the index of waiting jobs,
    so it costs the same however long the queue is.
    """
    first = [_first_of(f"target_{place}") for place in range(targets)]
    firsts = union_all(*(select(each.subquery()) for each in first)).subquery()
    best = select(firsts.c.id).order_by(*_order(firsts.c)).limit(1).scalar_subquery()
    return (
        update(jobs)
        .where(jobs.c.id == best)
        .values(
            state=JobState.LEASED,
            builder_id=bindparam("builder"),
            build_id=bindparam("build"),
            lease_expires_at=bindparam("until"),
        )
        .returning(jobs.c.id)
    )


def _first_of(target: str) -> Select[Any]:
    served = select(targets_table.c.id).where(
        targets_table.c.name == bindparam(target),
        targets_table.c.retired.is_(False),
        targets_table.c.paused.is_(False),
    )
    return (
        select(jobs.c.id, *_order_columns(jobs.c))
        .where(
            jobs.c.state == WAITING,
            jobs.c.target_id == served.scalar_subquery(),
            ~exists().where(state.c.key == QUEUE_PAUSED),
        )
        .order_by(*_order(jobs.c))
        .limit(1)
        .with_for_update(of=jobs, skip_locked=True)
    )


def _order_columns(columns: Any) -> list[ColumnElement[Any]]:  # noqa: ANN401 - columns by name
    return [columns[name] for name in ("priority", "turn", "demand", "released_at")]


def _order(columns: Any) -> list[ColumnElement[Any]]:  # noqa: ANN401 - columns by name
    priority, turn, demand, released_at = _order_columns(columns)
    return [priority, turn, demand.desc(), released_at.desc(), columns.id]


def promote(connection: Connection, *, now: datetime) -> int:
    """Let the jobs wait whose moment has come; returns how many there were."""
    due = select(jobs.c.id).where(jobs.c.state == _SCHEDULED, jobs.c.due_at <= now)
    numbers = list(
        connection.scalars(
            locked(
                connection, due.order_by(jobs.c.due_at).limit(_PROMOTED), of=jobs, skip_locked=True
            )
        )
    )
    if numbers:
        connection.execute(
            update(jobs).where(jobs.c.id.in_(numbers)).values(state=JobState.WAITING)
        )
    return len(numbers)


_JOB_COLUMNS = (
    jobs.c.build_id,
    jobs.c.builder_id,
    jobs.c.kind,
    jobs.c.release_id,
    jobs.c.target_id,
    jobs.c.sdist_id,
    jobs.c.force,
    jobs.c.lease_expires_at,
    jobs.c.infrastructure_attempts,
    jobs.c.healing_rounds,
    jobs.c.recipe,
    projects.c.name.label("project"),
    releases.c.version,
    upstream_files.c.filename.label("sdist_filename"),
    upstream_files.c.url.label("sdist_url"),
    upstream_files.c.hashes.label("sdist_hashes"),
    upstream_files.c.size.label("sdist_size"),
    upstream_files.c.uploaded_at.label("sdist_uploaded_at"),
    targets_table.c.channel,
    targets_table.c.python_major,
    targets_table.c.python_minor,
    targets_table.c.python_full,
    targets_table.c.architecture,
    targets_table.c.glibc_major,
    targets_table.c.glibc_minor,
)


def _jobs_query(*more: ColumnElement[Any]) -> Select[Any]:
    return (
        select(*_JOB_COLUMNS, *more)
        .join_from(jobs, releases, releases.c.id == jobs.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets_table, targets_table.c.id == jobs.c.target_id)
        .join(upstream_files, upstream_files.c.id == jobs.c.sdist_id)
    )


def _claimed_query() -> Select[Any]:
    """Select what a claimed job needs; its number counts the builds that made wheels so far."""
    number = (
        select(func.count(distinct(wheels.c.build_id)))
        .where(wheels.c.release_id == jobs.c.release_id)
        .scalar_subquery()
        .label("number")
    )
    return _jobs_query(number)


@cache
def _claimed_job() -> Select[Any]:
    return _claimed_query().where(_is_of_build(bindparam("build")))


def _is_of_build(build: BindParameter[str] | str) -> ColumnElement[bool]:
    """Return the condition that a build has the lease of a job.

    It names the state too: SQLite thinks little of an index in which nearly all jobs are alike in
    having no build, and would rather read them all.
    """
    return and_(jobs.c.build_id == build, jobs.c.state == _LEASED)


def _claimed(connection: Connection, row: Row[Any], *, usual: Limits | None) -> ClaimedJob:
    project, version = ProjectName(row.project), Version(row.version)
    target = target_of(row)
    if row.recipe is None:
        recipe = recipe_for(connection, project, version)
    else:
        recipe = parse_recipe(row.recipe)
    return ClaimedJob(
        build_id=row.build_id,
        kind=row.kind,
        project=project,
        version=version,
        target=target,
        number=row.number,
        sdist=_sdist(row),
        force=row.force,
        recipe=recipe,
        may_cross=not any(
            each.holds(version, target.architecture)
            for each in cross_failures_of(connection, project)
        ),
        lease_expires_at=row.lease_expires_at,
        limits=None if usual is None else recipe.limited(usual),
    )


def _sdist(row: Row[Any]) -> SdistReference:
    return SdistReference(
        filename=Filename(row.sdist_filename),
        url=row.sdist_url,
        sha256=parse_sha256(row.sdist_hashes.get("sha256", "")),
        size=row.sdist_size,
        uploaded_at=row.sdist_uploaded_at,
    )


def renew(  # noqa: PLR0913 - what a heartbeat tells
    connection: Connection,
    *,
    build_id: str,
    builder_id: int,
    now: datetime,
    lease_expires_at: datetime,
    phase: Phase,
) -> bool:
    """Renew a lease and note what the build is doing; false if the lease is not theirs any more."""
    renewed = connection.execute(
        update(jobs)
        .where(
            jobs.c.state == _LEASED,
            jobs.c.build_id == build_id,
            jobs.c.builder_id == builder_id,
            jobs.c.lease_expires_at > now,
        )
        .values(lease_expires_at=lease_expires_at)
    )
    if renewed.rowcount == 0:
        return False
    connection.execute(
        update(builds).where(builds.c.id == build_id, builds.c.phase != phase).values(phase=phase)
    )
    return True


def leased_job(connection: Connection, *, build_id: str) -> LeasedJob | None:
    """Return the job that a build holds the lease of, expired or not; None if it holds none.

    In a writing transaction the job is locked until the transaction ends.
    """
    query = locked(connection, _job_of_build(), of=jobs)
    row = connection.execute(query, {"build": build_id}).one_or_none()
    return None if row is None else _leased(row)


def expired_leases(connection: Connection, *, now: datetime, limit: int) -> list[LeasedJob]:
    """Return jobs whose lease has run out, the longest expired first.

    In a writing transaction they are locked until the transaction ends, and those that somebody
    else has locked (their end is just being told) are passed over.
    """
    query = (
        _leased_query()
        .where(jobs.c.state == _LEASED, jobs.c.lease_expires_at <= now)
        .order_by(jobs.c.lease_expires_at)
        .limit(limit)
    )
    rows = connection.execute(locked(connection, query, of=jobs, skip_locked=True))
    return [_leased(row) for row in rows]


def end_leases_of(connection: Connection, *, builder_id: int, at: datetime) -> int:
    """Let all leases of a builder run out at a moment; returns how many there were."""
    ended = connection.execute(
        update(jobs)
        .where(jobs.c.state == _LEASED, jobs.c.builder_id == builder_id)
        .values(lease_expires_at=at)
    )
    return ended.rowcount


@cache
def _job_of_build() -> Select[Any]:
    return _leased_query().where(_is_of_build(bindparam("build")))


def _leased_query() -> Select[Any]:
    """Select a leased job; its digest is that of what was handed out, whatever upstream has now."""
    more = (
        builds.c.number,
        builds.c.started_at,
        builds.c.sdist_sha256,
        builds.c.recipe.label("used_recipe"),
    )
    return _jobs_query(*more).join(builds, builds.c.id == jobs.c.build_id)


def _leased(row: Row[Any]) -> LeasedJob:
    return LeasedJob(
        build_id=row.build_id,
        builder_id=row.builder_id,
        kind=row.kind,
        project=ProjectName(row.project),
        version=Version(row.version),
        target=target_of(row),
        number=row.number,
        sdist_sha256=Sha256(row.sdist_sha256),
        force=row.force,
        infrastructure_attempts=row.infrastructure_attempts,
        started_at=row.started_at,
        lease_expires_at=row.lease_expires_at,
        recipe=Recipe() if row.used_recipe is None else parse_recipe(row.used_recipe),
        is_trial=row.recipe is not None,
        healing_round=row.healing_rounds,
    )


def complete(connection: Connection, *, build_id: str) -> bool:
    """Remove the job that a build holds the lease of; false if it holds none."""
    return connection.execute(_removal(), {"build": build_id}).rowcount == 1


@cache
def _removal() -> Delete:
    return delete(jobs).where(_is_of_build(bindparam("build")))


def put_back(connection: Connection, *, build_id: str, due_at: datetime) -> bool:
    """Have a job tried again, after an attempt that failed through no fault of the project.

    Returns false if the build holds no lease. Its build must be closed in the same transaction.
    """
    returned = connection.execute(
        update(jobs)
        .where(_is_of_build(build_id))
        .values(
            state=JobState.SCHEDULED,
            build_id=None,
            builder_id=None,
            lease_expires_at=None,
            due_at=due_at,
            infrastructure_attempts=jobs.c.infrastructure_attempts + 1,
        )
    )
    return returned.rowcount == 1
