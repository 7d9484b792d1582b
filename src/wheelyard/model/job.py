"""Jobs as the queue hands them out, looks after them and counts them."""

from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from wheelyard.model.build import (
    JobKind,
    JobState,
    Limits,
    Priority,
    SdistReference,
)
from wheelyard.model.names import ProjectName, Sha256, TargetName
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job that has just been leased, with all that its builder needs to know.

    `number` is the build number: how many builds of the release have made wheels so far. `limits`
    are those of this build; None if the claim named none. `may_cross` is false where cross
    compilers are known to fail with the project.
    """

    build_id: str
    kind: JobKind
    project: ProjectName
    version: Version
    target: Target
    number: int
    sdist: SdistReference
    force: bool
    recipe: Recipe
    lease_expires_at: datetime
    limits: Limits | None = None
    may_cross: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LeasedJob:
    """A job under a lease, with what is needed to end the lease one way or another.

    `sdist_sha256` is the digest of the source distribution that was handed out: upstream may have
    replaced it meanwhile. `infrastructure_attempts` counts the attempts that failed through no
    fault of the project, without the one that runs now. `recipe` is what it was handed out with;
    `is_trial`, whether that is being tried for the first time, after `healing_round` failures.
    """

    build_id: str
    builder_id: int
    kind: JobKind
    project: ProjectName
    version: Version
    target: Target
    number: int
    sdist_sha256: Sha256
    force: bool
    infrastructure_attempts: int
    started_at: datetime
    lease_expires_at: datetime
    recipe: Recipe
    is_trial: bool
    healing_round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCount:
    """How many jobs there are of one target in one state."""

    target: TargetName
    state: JobState
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedJob:
    """A job as operators see it.

    `attempts` have failed through no fault of the project; `build_id`, `builder` and
    `lease_expires_at` are there while it is leased.
    """

    project: ProjectName
    version: Version
    target: TargetName
    state: JobState
    priority: Priority
    turn: int
    demand: int
    due_at: datetime
    attempts: int
    build_id: str | None = None
    builder: str | None = None
    lease_expires_at: datetime | None = None
