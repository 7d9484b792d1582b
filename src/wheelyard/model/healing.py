"""What is known of a release's failed attempts, and what is to be done about them."""

from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from wheelyard.model.build import FailureKind
from wheelyard.model.names import ProjectName
from wheelyard.model.recipe import Recipe
from wheelyard.model.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A failed build: what it was made with, and its root cause, by kind and subject.

    `round` counts the failures that had led to its recipe; `has_layers` is whether Debian packages
    can be added where it was built. The cause is None until the build has been examined.
    """

    build_id: str
    recipe: Recipe
    round: int
    failure: FailureKind
    has_layers: bool
    cause: tuple[str, str | None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A release that failed to be built for a target, with its attempts, the oldest first.

    The last attempt is the one to be examined; all are of the same source distribution, in the
    same environment. `recent` counts the builds that failed within a day, whatever they were made
    in. `release`, `target_id` and `sdist` are the numbers of their rows.
    """

    project: ProjectName
    version: Version
    target: Target
    release: int
    target_id: int
    sdist: int
    released_at: datetime | None
    log_key: str | None
    message: str
    subject: str | None
    attempts: tuple[Attempt, ...]
    recent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What is done about a failure: another recipe, a wait for another project, or nothing.

    `reason` says it in a clause for people.
    """

    reason: str
    recipe: Recipe | None = None
    requirement: str | None = None
