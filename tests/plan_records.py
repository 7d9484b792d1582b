"""Projects as they are on record, for tests of planning without a database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from packaging.version import Version

from factories import NOW, project_name, upstream_file
from wheelyard.model.build import JobState, Priority
from wheelyard.model.names import Filename, TargetName
from wheelyard.model.plan import (
    JobRecord,
    JobTerms,
    LastFailure,
    ProjectPlan,
    ProjectRecord,
    ReleaseRecord,
    Ruling,
)
from wheelyard.model.project import ProjectStatus, Release, Skip, Want
from wheelyard.model.target import Target, target_from_name
from wheelyard.model.wheel import Wheel
from wheelyard.queue.order import Turns
from wheelyard.queue.planner import Rules, plan
from wheelyard.settings import PolicySettings

BOOKWORM = target_from_name("bookworm-cp311-armv7l")
NEWER = target_from_name("bookworm-cp312-armv7l")
TRIXIE = target_from_name("trixie-cp313-aarch64")
OLD = NOW - timedelta(days=100)
_numbers = count(1)


def release_record(
    version: str = "1.0",
    *,
    project: str = "evdev",
    uploaded_at: datetime | None = OLD,
    wheels: Sequence[str] = (),
    has_sdist: bool = True,
    yanked: bool = False,
    decisions: Mapping[TargetName, Ruling] | None = None,
    jobs: Mapping[TargetName, JobRecord] | None = None,
    ours: Sequence[Wheel] = (),
    failures: Sequence[LastFailure] = (),
) -> ReleaseRecord:
    """Make a release with a source distribution, and upstream's wheels that have these tags."""
    names = [f"{project}-{version}.tar.gz"] if has_sdist else []
    names += [f"{project}-{version}-{tag}.whl" for tag in wheels]
    return ReleaseRecord(
        id=next(_numbers),
        release=Release(
            project=project_name(project),
            version=Version(version),
            files=tuple(upstream_file(name, yanked=yanked) for name in names),
        ),
        uploaded_at=uploaded_at,
        files={Filename(name): place for place, name in enumerate(names, start=1)},
        decisions=decisions or {},
        jobs=jobs or {},
        wheels=tuple(ours),
        failures=tuple(failures),
    )


def project_record(
    *releases: ReleaseRecord,
    name: str = "evdev",
    owner: str | None = None,
    demand: int = 0,
    is_followed: bool = True,
    wants: Sequence[Want] = (),
    skips: Sequence[Skip] = (),
    status: ProjectStatus = ProjectStatus.ACTIVE,
) -> ProjectRecord:
    return ProjectRecord(
        name=project_name(name),
        status=status,
        status_reason=None,
        owner=owner,
        demand=demand,
        is_followed=is_followed,
        wants=tuple(wants),
        skips=tuple(skips),
        releases=releases,
    )


def many_releases(
    name: str, number: int, *, owner: str | None = None, demand: int = 0
) -> ProjectRecord:
    """Make a followed project with so many releases that have only source distributions."""
    releases = (
        release_record(f"{place}.0", project=name, uploaded_at=OLD + timedelta(minutes=place))
        for place in range(1, number + 1)
    )
    return project_record(*releases, name=name, owner=owner, demand=demand)


def job_record(
    *,
    state: JobState = JobState.WAITING,
    priority: Priority = Priority.NORMAL,
    due_at: datetime = NOW,
    attempts: int = 0,
    sdist: int = 1,
    released_at: datetime = OLD,
    force: bool = False,
    owner: str | None = None,
    demand: int = 0,
    turn: int = 0,
) -> JobRecord:
    return JobRecord(
        id=next(_numbers),
        state=state,
        infrastructure_attempts=attempts,
        terms=JobTerms(
            sdist=sdist,
            priority=priority,
            due_at=due_at,
            released_at=released_at,
            force=force,
            owner=owner,
            demand=demand,
            turn=turn,
        ),
    )


def rules(
    *targets: Target,
    policy: PolicySettings | None = None,
    at: datetime = NOW,
    paused: Iterable[TargetName] = (),
) -> Rules:
    return Rules(
        targets=targets or (BOOKWORM,),
        paused=frozenset(paused),
        policy=policy or PolicySettings(),
        at=at,
    )


def planned(
    project: ProjectRecord,
    *targets: Target,
    policy: PolicySettings | None = None,
    at: datetime = NOW,
    turns: Turns | None = None,
) -> ProjectPlan:
    return plan(project, rules(*targets, policy=policy, at=at), turns or Turns({}, {}))


def carried_out(project: ProjectRecord, change: ProjectPlan) -> ProjectRecord:
    """Return the project as it is on record after a plan was carried out."""
    releases = []
    for record in project.releases:
        decisions = {
            target: ruling
            for (number, target), ruling in change.decisions.items()
            if number == record.id
        }
        jobs = {
            target: replace(job, terms=change.changed_jobs.get(job.id, job.terms))
            for target, job in record.jobs.items()
            if job.id not in change.dropped_jobs
        }
        for (number, target), terms in change.new_jobs.items():
            if number == record.id:
                jobs[target] = JobRecord(
                    id=next(_numbers),
                    state=JobState.WAITING,
                    infrastructure_attempts=0,
                    terms=terms,
                )
        releases.append(replace(record, decisions={**record.decisions, **decisions}, jobs=jobs))
    return replace(project, releases=tuple(releases))
