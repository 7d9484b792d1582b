"""Building once more what has been built, or has failed: a job that an operator asks for."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from packaging.version import Version

from wheelyard.database.engine import Connection
from wheelyard.database.job_rows import enqueue
from wheelyard.database.plans import mark_to_plan
from wheelyard.database.records import project_records
from wheelyard.database.targets import active_targets
from wheelyard.errors import UnknownProject, UnknownTarget
from wheelyard.model.build import Priority, Verdict
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.plan import JobTerms, ProjectRecord, ReleaseRecord
from wheelyard.model.project import Want
from wheelyard.queue.policy import choose_sdist

_TRIED = frozenset({Verdict.BUILT, Verdict.CHECKED, Verdict.FAILED})
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """A release and a target that it is to be built for once more."""

    version: Version
    target: TargetName


def rebuilds(
    connection: Connection, which: Want, *, targets: Collection[TargetName]
) -> list[Rebuild]:
    """Return what can be built again of a project, or of its version `which.version`.

    These are the releases and targets that were built, or failed; for `targets` that are named,
    whatever became of them. What has a job already, or no source distribution, is left out.

    Raises:
        UnknownProject: if the project is not on record.
        UnknownTarget: if one of the targets is not active.
    """
    active = [target.name for target in active_targets(connection)]
    for target in targets:
        if target not in active:
            raise UnknownTarget(target, "`wheelyard target list` shows those that there are")
    record = _record(connection, which.project)
    found = [
        Rebuild(version=release.release.version, target=target)
        for release in record.releases
        if which.version in {None, release.release.version} and choose_sdist(release.release)
        for target in active
        if _is_meant(release, target, targets)
    ]
    return sorted(found, key=lambda one: one.version, reverse=True)


def _is_meant(release: ReleaseRecord, target: TargetName, named: Collection[TargetName]) -> bool:
    if target in release.jobs:
        return False
    if named:
        return target in named
    verdict, _ = release.decisions.get(target, (None, ""))
    return verdict in _TRIED


def _record(connection: Connection, project: ProjectName) -> ProjectRecord:
    records = project_records(connection, [project])
    if not records:
        raise UnknownProject(project, "It is not on record here")
    return records[0]


def ask_for_rebuilds(
    connection: Connection, project: ProjectName, asked: Sequence[Rebuild], *, at: datetime
) -> None:
    """Put jobs for rebuilds into the queue, after everything else, and have the project planned.

    The wheels that there are stay on the index; new ones get a new build number.
    """
    # The mark waits for whoever plans the project, so that both never add the same job at once.
    mark_to_plan(connection, [project], at=at)
    record = _record(connection, project)
    enqueue(connection, dict(_jobs(record, asked, at=at)), at=at)


def _jobs(
    record: ProjectRecord, asked: Sequence[Rebuild], *, at: datetime
) -> Iterator[tuple[tuple[int, TargetName], JobTerms]]:
    for release in record.releases:
        sdist = choose_sdist(release.release)
        if sdist is None:
            continue
        for one in asked:
            if one.version == release.release.version:
                yield (
                    (release.id, one.target),
                    JobTerms(
                        sdist=release.files[sdist.filename],
                        priority=Priority.REBUILD,
                        due_at=at,
                        released_at=release.uploaded_at or _LONG_AGO,
                        force=False,
                        owner=record.owner,
                        demand=record.demand,
                        turn=0,
                    ),
                )
