"""What is on record of a project as its decisions need it, and what planning makes of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from wheelyard.model.build import FailureKind, JobState, Priority, Verdict
from wheelyard.model.names import Filename, ProjectName, Sha256, TargetName
from wheelyard.model.project import ProjectStatus, Release, Skip, Want
from wheelyard.model.wheel import Wheel

Ruling = tuple[Verdict, str]
"""A verdict with its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTerms:
    """What a job is to be made from, and when it is handed out. `sdist` is the file's number."""

    sdist: int
    priority: Priority
    due_at: datetime
    released_at: datetime
    force: bool
    owner: str | None
    demand: int
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job on record. `infrastructure_attempts` failed through no fault of the project."""

    id: int
    state: JobState
    infrastructure_attempts: int
    terms: JobTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class LastFailure:
    """A release's last attempt for a target, if it did not succeed; `kind` None: it was lost.

    `is_examined` is whether it is known why, as far as that can be known.
    """

    target: TargetName
    sdist_sha256: Sha256
    kind: FailureKind | None
    message: str | None
    is_examined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRecord:
    """What a release needs to be built with, and why it waits for it in vain, if it does."""

    requirement: str
    dead_end: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRecord:
    """One release as it is on record; `id` is its number, `files` are those of its files.

    `waits` are for wheels of other projects; `is_awaited`, whether others wait for this one.
    """

    id: int
    release: Release
    uploaded_at: datetime | None
    files: Mapping[Filename, int]
    decisions: Mapping[TargetName, Ruling]
    jobs: Mapping[TargetName, JobRecord]
    wheels: tuple[Wheel, ...]
    failures: tuple[LastFailure, ...]
    waits: Mapping[TargetName, WaitRecord] = field(default_factory=dict)
    is_awaited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRecord:
    """One project as it is on record, with all of its releases."""

    name: ProjectName
    status: ProjectStatus
    status_reason: str | None
    owner: str | None
    demand: int
    is_followed: bool
    wants: tuple[Want, ...]
    skips: tuple[Skip, ...]
    releases: tuple[ReleaseRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """What is to change on record: nothing that is right already is in it.

    Decisions and new jobs are by the number of the release and the name of the target, changed and
    dropped jobs by their own number.
    """

    project: ProjectName
    decisions: Mapping[tuple[int, TargetName], Ruling]
    new_jobs: Mapping[tuple[int, TargetName], JobTerms]
    changed_jobs: Mapping[int, JobTerms]
    dropped_jobs: frozenset[int]
