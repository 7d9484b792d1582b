"""Releases that wait for a wheel of another project, which they need to be built with."""

from dataclasses import dataclass

from packaging.version import Version

from wheelyard.model.names import ProjectName, TargetName


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A release that cannot be built for a target before another project has a wheel for it.

    `requirement` is what the build asks for (PEP 508), `needed` the project that it names, and
    `needed_version` the version that is built for it, once that is known; `is_looked_up` is whether
    upstream was asked about it. `dead_end` says why it waits in vain.
    """

    project: ProjectName
    version: Version
    target: TargetName
    requirement: str
    needed: ProjectName
    needed_version: Version | None = None
    is_looked_up: bool = False
    dead_end: str | None = None
