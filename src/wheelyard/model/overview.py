"""Everything about one project, as people see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from packaging.version import Version

from wheelyard.model.build import Decision
from wheelyard.model.certificate import Certification
from wheelyard.model.crossing import CrossFailure
from wheelyard.model.names import Filename, ProjectName, TargetName
from wheelyard.model.project import ProjectStatus, Skip, Want
from wheelyard.model.summary import BuildSummary, LastAttempt
from wheelyard.model.wheel import Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOverview:
    """A project, what was read of it, what was decided, built and published.

    `read_at` is when its page was last read whole, `polled_at` when that was last tried; `error`
    is what went wrong then, `missing_since` since when upstream has answered that there is no such
    project, `removed_at` when that was believed. `skips` are what operators want not to be built;
    `is_followed` says that the policy applies, `demand` how much it is asked for beside others.
    `removed_versions` are those that upstream had and has no more.
    `attempts` are the last ones at each release and target that was not built, `uploads` the
    versions that upstream has, and when it got each, if that is known.
    `serial` is ours, None before its pages were marked for the first time. `certificates` tell
    what was checked of wheels, by build and filename; `dependencies` name the Debian packages that
    users of a file need besides; `cross_failures`, what cross compilers fail with.
    """

    name: ProjectName
    display_name: str | None
    summary: str | None
    status: ProjectStatus
    status_reason: str | None
    upstream_serial: int | None
    serial: int | None
    read_at: datetime | None
    polled_at: datetime | None
    error: str | None
    missing_since: datetime | None
    removed_at: datetime | None
    is_followed: bool
    demand: int
    skips: tuple[Skip, ...]
    wants: tuple[Want, ...]
    decisions: tuple[Decision, ...]
    wheels: tuple[Wheel, ...]
    builds: tuple[BuildSummary, ...]
    removed_versions: frozenset[Version] = frozenset()
    attempts: Mapping[tuple[Version, TargetName], LastAttempt] = field(default_factory=dict)
    uploads: Mapping[Version, datetime | None] = field(default_factory=dict)
    certificates: Mapping[tuple[str, Filename], Certification] = field(default_factory=dict)
    dependencies: Mapping[Filename, tuple[str, ...]] = field(default_factory=dict)
    cross_failures: tuple[CrossFailure, ...] = ()
