"""The releases of many projects with everything about them: files, decisions, jobs, wheels."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from packaging.version import Version
from sqlalchemy import Connection, Row, Select, func, select

from wheelyard.database.tables import (
    builds,
    decisions,
    jobs,
    releases,
    targets,
    upstream_files,
    waits,
    wheels,
)
from wheelyard.model.build import BuildState, JobKind
from wheelyard.model.names import Filename, ProjectName, Sha256, TargetName
from wheelyard.model.plan import JobRecord, JobTerms, LastFailure, ReleaseRecord, WaitRecord
from wheelyard.model.project import Release, UpstreamFile
from wheelyard.model.wheel import Wheel, WheelFile

_ByRelease = defaultdict[int, list[Row[Any]]]


def release_records(
    connection: Connection, names: Mapping[int, ProjectName]
) -> defaultdict[int, list[ReleaseRecord]]:
    """Return the releases of the projects of these numbers, by project.

    A release that upstream does not have any more has no files.
    """
    its_own = select(releases.c.id).where(releases.c.project_id.in_(names))
    files, decided, pending, made, ended, waiting, awaited = (
        _by_release(connection, query)
        for query in (
            _files(names),
            _decisions(its_own),
            select(jobs).where(jobs.c.release_id.in_(its_own), jobs.c.kind == JobKind.BUILD),
            select(wheels).where(wheels.c.release_id.in_(its_own)),
            _last_builds(its_own),
            select(waits).where(waits.c.release_id.in_(its_own)),
            _awaited(names),
        )
    )
    known = connection.execute(select(targets.c.id, targets.c.name))
    target_names = {number: TargetName(name) for number, name in known}
    grouped: defaultdict[int, list[ReleaseRecord]] = defaultdict(list)
    for row in connection.execute(_releases(names)):
        release = Release(
            project=names[row.project_id],
            version=Version(row.version),
            files=tuple(_file(file) for file in files[row.id]),
        )
        grouped[row.project_id].append(
            ReleaseRecord(
                id=row.id,
                release=release,
                uploaded_at=row.uploaded_at,
                files={Filename(file.filename): file.id for file in files[row.id]},
                decisions={
                    target_names[one.target_id]: (one.verdict, one.reason)
                    for one in decided[row.id]
                },
                jobs={target_names[job.target_id]: _job(job) for job in pending[row.id]},
                wheels=tuple(
                    _wheel(wheel, release, target_names[wheel.target_id]) for wheel in made[row.id]
                ),
                failures=tuple(
                    _failure(build, target_names[build.target_id]) for build in ended[row.id]
                ),
                waits={
                    target_names[wait.target_id]: WaitRecord(
                        requirement=wait.requirement, dead_end=wait.dead_end
                    )
                    for wait in waiting[row.id]
                },
                is_awaited=bool(awaited[row.id]),
            )
        )
    return grouped


def _by_release(connection: Connection, query: Select[Any]) -> _ByRelease:
    grouped: _ByRelease = defaultdict(list)
    for row in connection.execute(query).all():
        grouped[row.release_id].append(row)
    return grouped


def _releases(names: Mapping[int, ProjectName]) -> Select[Any]:
    columns = (
        releases.c.id,
        releases.c.project_id,
        releases.c.version,
        releases.c.uploaded_at,
    )
    return select(*columns).where(releases.c.project_id.in_(names)).order_by(releases.c.id)


def _files(names: Mapping[int, ProjectName]) -> Select[Any]:
    """Select the files that upstream has now and that belong to a release, in page order."""
    return (
        select(
            upstream_files.c.id,
            upstream_files.c.release_id,
            upstream_files.c.filename,
            upstream_files.c.hashes,
            upstream_files.c.requires_python,
            upstream_files.c.yanked,
            upstream_files.c.yanked_reason,
        )
        .where(
            upstream_files.c.project_id.in_(names),
            upstream_files.c.release_id.is_not(None),
            upstream_files.c.removed_at.is_(None),
        )
        .order_by(upstream_files.c.position)
    )


def _decisions(its_own: Select[tuple[int]]) -> Select[Any]:
    columns = (
        decisions.c.release_id,
        decisions.c.target_id,
        decisions.c.verdict,
        decisions.c.reason,
    )
    return select(*columns).where(decisions.c.release_id.in_(its_own))


def _last_builds(its_own: Select[tuple[int]]) -> Select[Any]:
    """Select the last build of each release and target, where that did not succeed."""
    attempt = (
        func.row_number()
        .over(
            partition_by=(builds.c.release_id, builds.c.target_id),
            order_by=(builds.c.started_at.desc(), builds.c.id),
        )
        .label("attempt")
    )
    latest = (
        select(
            builds.c.release_id,
            builds.c.target_id,
            builds.c.state,
            builds.c.sdist_sha256,
            builds.c.failure_kind,
            builds.c.failure_message,
            builds.c.unexamined,
            attempt,
        )
        .where(builds.c.release_id.in_(its_own))
        .subquery()
    )
    return select(latest).where(
        latest.c.attempt == 1, latest.c.state.in_([BuildState.FAILED, BuildState.LOST])
    )


def _awaited(names: Mapping[int, ProjectName]) -> Select[Any]:
    """Select the releases of projects that others wait for."""
    return (
        select(releases.c.id.label("release_id"))
        .join(
            waits,
            (waits.c.project_id == releases.c.project_id) & (waits.c.version == releases.c.version),
        )
        .where(waits.c.project_id.in_(names))
    )


def _file(row: Row[Any]) -> UpstreamFile:
    return UpstreamFile(
        filename=row.filename,
        url="",
        hashes=row.hashes,
        requires_python=row.requires_python,
        yanked=row.yanked,
        yanked_reason=row.yanked_reason,
    )


def _job(row: Row[Any]) -> JobRecord:
    return JobRecord(
        id=row.id,
        state=row.state,
        infrastructure_attempts=row.infrastructure_attempts,
        terms=JobTerms(
            sdist=row.sdist_id,
            priority=row.priority,
            due_at=row.due_at,
            released_at=row.released_at,
            force=row.force,
            owner=row.owner,
            demand=row.demand,
            turn=row.turn,
        ),
    )


def _wheel(row: Row[Any], release: Release, target: TargetName) -> Wheel:
    return Wheel(
        file=WheelFile(
            filename=Filename(row.filename),
            size=row.size,
            sha256=Sha256(row.sha256),
            metadata_sha256=Sha256(row.metadata_sha256),
            requires_python=row.requires_python,
        ),
        project=release.project,
        version=release.version,
        target=target,
        build_id=row.build_id,
        state=row.state,
        uploaded_at=row.uploaded_at,
    )


def _failure(row: Row[Any], target: TargetName) -> LastFailure:
    return LastFailure(
        target=target,
        sdist_sha256=Sha256(row.sdist_sha256),
        kind=row.failure_kind,
        message=row.failure_message,
        is_examined=not row.unexamined,
    )
