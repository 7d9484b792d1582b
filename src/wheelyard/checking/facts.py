"""What is known of a project that a file asks for, wherever it was learned."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from packaging.version import Version

from wheelyard.model.build import Verdict
from wheelyard.model.names import Filename, ProjectName
from wheelyard.model.project import ProjectStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFile:
    """A file that an installer is offered; `is_ours` tells that it was built here.

    `debian_packages` are those that its users need besides.
    """

    filename: Filename
    requires_python: str | None = None
    is_yanked: bool = False
    is_ours: bool = False
    debian_packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where a job is: being built now, or with so many `before` it as far as that is known."""

    is_running: bool = False
    before: int | None = None
    estimate: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was decided about a release and the target, and why."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRelease:
    """One version of a project: what installers are offered, and what was decided about it."""

    files: tuple[KnownFile, ...] = ()
    ruling: Ruling | None = None
    place: QueuePlace | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownProject:
    """A project that upstream has; `is_read` is false where nothing more is known of it."""

    name: ProjectName
    releases: Mapping[Version, KnownRelease] = field(default_factory=dict)
    status: ProjectStatus = ProjectStatus.ACTIVE
    status_reason: str | None = None
    is_read: bool = True
