"""Attempts, kept for ever, and their logs while they run."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from packaging.version import Version
from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    delete,
    func,
    select,
    update,
)

from wheelyard.database.columns import clean
from wheelyard.database.dialect import insert, locked
from wheelyard.database.releases import version_key
from wheelyard.database.tables import (
    builders,
    builds,
    log_chunks,
    projects,
    releases,
    targets,
    upstream_files,
)
from wheelyard.database.withdrawn import is_shown
from wheelyard.errors import NotFound
from wheelyard.model.build import BuildState, Failure, SdistReference
from wheelyard.model.names import Filename, ProjectName, Sha256, TargetName
from wheelyard.model.recipe import Recipe, limits_of, parse_recipe
from wheelyard.model.summary import BuildSummary


def close_build(  # noqa: PLR0913 - what the end of a build is
    connection: Connection,
    *,
    build_id: str,
    state: BuildState,
    finished_at: datetime,
    failure: Failure | None = None,
    log_key: str | None = None,
    build_seconds: float | None = None,
    environment: str | None = None,
    environment_digest: str | None = None,
    unexamined: bool = False,
) -> bool:
    """Write down how a running build ended; false if it has ended before, or is unknown.

    `failure` belongs to a failed build, may explain a lost one, and to no other; `build_seconds`
    is how long the project's own code ran, by the builder's clock, in the `environment` of that
    digest. With `unexamined` it is on the list of those to learn from (`database.examinations`).
    """
    values: dict[str, Any] = {
        "state": state,
        "finished_at": finished_at,
        "log_key": log_key,
        "build_seconds": build_seconds,
        "environment": environment,
        "environment_digest": environment_digest,
        "unexamined": unexamined,
    }
    if failure is not None:
        values |= {
            "failure_kind": failure.kind,
            "failure_message": failure.message,
            "failure_subject": failure.subject,
            "failure_evidence": [clean(line) for line in failure.evidence],
        }
    closed = connection.execute(
        update(builds)
        .where(builds.c.id == build_id, builds.c.state == BuildState.RUNNING)
        .values(values)
    )
    return closed.rowcount == 1


def build_summary(connection: Connection, build_id: str) -> BuildSummary | None:
    """Return one build; None if there is no such build."""
    row = connection.execute(_summaries().where(builds.c.id == build_id)).one_or_none()
    return None if row is None else _summary(row)


def shown_build(connection: Connection, build_id: str) -> BuildSummary | None:
    """Return one build, if people may be shown it: nothing that it was made from was withdrawn."""
    query = _summaries().where(builds.c.id == build_id, is_shown())
    row = connection.execute(query).one_or_none()
    return None if row is None else _summary(row)


def shown_builds(
    connection: Connection,
    *,
    running: bool | None = None,
    before: str | None = None,
    limit: int,
) -> list[BuildSummary]:
    """Return builds that people may be shown, the newest first: running ones, ended ones or both.

    `before` is the id of a build: only those after it in this order are returned.

    Raises:
        NotFound: if there is no build `before`.
    """
    query = _newest(limit, running=running).where(is_shown())
    if before is not None:
        last = connection.scalar(select(builds.c.started_at).where(builds.c.id == before))
        if last is None:
            raise NotFound(before, "There is no such build")
        # Many may have started at one moment.
        is_next = and_(builds.c.started_at == last, builds.c.id > before)
        query = query.where((builds.c.started_at < last) | is_next)
    return [_summary(row) for row in connection.execute(query)]


def newest_failures(
    connection: Connection, *, project: ProjectName | None = None, limit: int
) -> list[BuildSummary]:
    """Return failed builds that people may be shown, of one project or all, the newest first."""
    query = _newest(limit).where(builds.c.state == BuildState.FAILED, is_shown())
    if project is not None:
        query = query.where(projects.c.name == project)
    return [_summary(row) for row in connection.execute(query)]


def build_summaries(
    connection: Connection,
    *,
    project: ProjectName | None = None,
    versions: Collection[Version] | None = None,
    running: bool | None = None,
    limit: int,
) -> list[BuildSummary]:
    """Return builds, the newest first: of one project or all, running ones, ended ones or both.

    `versions` pick releases of the project. What was withdrawn is among them.
    """
    query = _newest(limit, running=running)
    if project is not None:
        query = query.where(projects.c.name == project)
    if versions is not None:
        query = query.where(releases.c.version_key.in_(map(version_key, versions)))
    return [_summary(row) for row in connection.execute(query)]


def _newest(limit: int, *, running: bool | None = None) -> Select[Any]:
    query = _summaries().order_by(builds.c.started_at.desc(), builds.c.id).limit(limit)
    is_running = builds.c.state == BuildState.RUNNING
    return query if running is None else query.where(is_running if running else ~is_running)


def _summaries() -> Select[Any]:
    return (
        select(
            builds,
            projects.c.name.label("project"),
            releases.c.version,
            targets.c.name.label("target"),
            builders.c.name.label("builder"),
            upstream_files.c.filename.label("sdist_filename"),
            upstream_files.c.size.label("sdist_size"),
            upstream_files.c.uploaded_at.label("sdist_uploaded_at"),
        )
        .join_from(builds, releases, releases.c.id == builds.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == builds.c.target_id)
        .join(builders, builders.c.id == builds.c.builder_id)
        .join(upstream_files, upstream_files.c.id == builds.c.sdist_id)
    )


def _summary(row: Row[Any]) -> BuildSummary:
    found = row.causes or {}
    return BuildSummary(
        id=row.id,
        project=ProjectName(row.project),
        version=Version(row.version),
        target=TargetName(row.target),
        builder=row.builder,
        number=row.number,
        state=row.state,
        phase=row.phase,
        started_at=row.started_at,
        finished_at=row.finished_at,
        failure=_failure(row),
        log_key=row.log_key,
        sdist=SdistReference(
            filename=Filename(row.sdist_filename),
            url=row.sdist_url,
            sha256=Sha256(row.sdist_sha256),
            size=row.sdist_size,
            uploaded_at=row.sdist_uploaded_at,
        ),
        recipe=Recipe() if row.recipe is None else parse_recipe(row.recipe),
        limits=None if row.limits is None else limits_of(row.limits),
        environment=row.environment,
        environment_digest=row.environment_digest,
        healing_round=row.healing_round,
        causes=tuple(found.get("causes", ())),
        treatment=found.get("treatment"),
    )


def _failure(row: Row[Any]) -> Failure | None:
    if row.failure_kind is None:
        return None
    return Failure(
        kind=row.failure_kind,
        message=row.failure_message,
        subject=row.failure_subject,
        evidence=tuple(row.failure_evidence),
    )


def append_log(connection: Connection, build_id: str, *, offset: int, data: bytes) -> int:
    """Add a piece to the log of a running build, and return how many bytes of the log there are.

    `offset` is where the piece starts. What is there already is not written again, and a piece
    that would leave a gap is not taken; nor is one of a build that has ended or is unknown.
    """
    build = select(builds.c.state).where(builds.c.id == build_id)
    state = connection.scalar(locked(connection, build, of=builds))
    size = log_size(connection, build_id)
    missing = data[max(size - offset, 0) :]
    if state is not BuildState.RUNNING or offset > size or not missing:
        return size
    connection.execute(
        insert(connection, log_chunks).values(build_id=build_id, offset=size, data=missing)
    )
    return size + len(missing)


def log_size(connection: Connection, build_id: str) -> int:
    """Return how many bytes of a log lie here in pieces."""
    size = connection.scalar(
        select(log_chunks.c.offset + func.length(log_chunks.c.data))
        .where(log_chunks.c.build_id == build_id)
        .order_by(log_chunks.c.offset.desc())
        .limit(1)
    )
    return size or 0


def read_log(
    connection: Connection, build_id: str, *, start: int = 0, limit: int | None = None
) -> bytes:
    """Return the log's bytes from `start` on, at most `limit` of them.

    There are none if there is no more, or none any more.
    """
    query = select(log_chunks.c.offset, log_chunks.c.data).where(
        log_chunks.c.build_id == build_id,
        log_chunks.c.offset + func.length(log_chunks.c.data) > start,
    )
    if limit is not None:
        query = query.where(log_chunks.c.offset < start + limit)
    rows = connection.execute(query.order_by(log_chunks.c.offset))
    return b"".join(row.data[max(start - row.offset, 0) :] for row in rows)[:limit]


def drop_log(connection: Connection, build_id: str) -> None:
    """Forget the log's pieces, once the whole log is stored or not wanted."""
    connection.execute(delete(log_chunks).where(log_chunks.c.build_id == build_id))


def ended_builds_with_log(connection: Connection, *, limit: int) -> list[str]:
    """Return the ids of builds that have ended and whose log still lies here in pieces."""
    return list(
        connection.scalars(
            select(log_chunks.c.build_id)
            .join(builds, builds.c.id == log_chunks.c.build_id)
            .where(builds.c.state != BuildState.RUNNING)
            .distinct()
            .order_by(log_chunks.c.build_id)
            .limit(limit)
        )
    )


def set_log_key(connection: Connection, build_id: str, log_key: str) -> None:
    """Write down where the whole log of a build is stored."""
    connection.execute(update(builds).where(builds.c.id == build_id).values(log_key=log_key))
