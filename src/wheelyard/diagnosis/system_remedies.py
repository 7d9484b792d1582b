"""Remedies that depend on more than the log: packages, limits, and the version that is built."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from packaging.version import Version

from wheelyard.diagnosis.cause import Cause, CauseKind, Remedy
from wheelyard.diagnosis.remedies import VERSION
from wheelyard.errors import InvalidName
from wheelyard.model.build import Limits
from wheelyard.model.environment import parse_debian_package
from wheelyard.model.names import ProjectName
from wheelyard.model.wanted import Wanted

_ENOUGH_TO_ACT_UPON = 0.5


class PackageSource(Protocol):
    """Knows which packages of one environment hold what a build wants."""

    def packages(
        self, wanted: Sequence[Wanted], *, project: ProjectName | None = None
    ) -> tuple[str, ...]:
        """Return the packages to install, none if nothing that is wanted is in any."""


def with_packages(
    cause: Cause, source: PackageSource, *, project: ProjectName | None = None
) -> Cause:
    """Add the packages that bring the first alternative that any package brings.

    What the log merely hints at changes nothing. Names of packages come from the source alone,
    and one that is no name of a package is dropped.
    """
    if cause.confidence < _ENOUGH_TO_ACT_UPON:
        return cause
    for wanted in cause.wanted:
        found = source.packages((wanted,), project=project)
        debian = tuple(name for name in found if _is_package(name))
        if debian:
            return replace(cause, remedy=replace(cause.remedy or Remedy(), debian=debian))
    return cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What is known of a build besides its log and its exit status."""

    project: ProjectName | None = None
    version: Version | None = None
    limits: Limits = field(default_factory=Limits)


def with_version(cause: Cause, version: Version | None) -> Cause:
    """Put the version that is built into a remedy that tells it; no version, no such remedy."""
    if cause.remedy is None or VERSION not in cause.remedy.environment.values():
        return cause
    if version is None:
        return replace(cause, remedy=None)
    environment = {
        name: str(version) if value == VERSION else value
        for name, value in cause.remedy.environment.items()
    }
    return replace(cause, remedy=replace(cause.remedy, environment=environment))


def with_higher_limits(cause: Cause, limits: Limits) -> Cause:
    """Add twice the limit that was hit to the remedy of a cause that is about a limit."""
    match cause.kind:
        case CauseKind.OUT_OF_MEMORY:
            raised = {"memory_bytes": 2 * limits.memory_bytes}
        case CauseKind.NO_SPACE:
            raised = {"disk_bytes": 2 * limits.disk_bytes}
        case CauseKind.PROCESS_LIMIT:
            raised = {"processes": 2 * limits.processes}
        case CauseKind.TIMEOUT:
            raised = {"duration": 2 * (limits.duration // timedelta(seconds=1))}
        case _:
            return cause
    return replace(cause, remedy=replace(cause.remedy or Remedy(), limits=raised))


def _is_package(name: str) -> bool:
    try:
        parse_debian_package(name)
    except InvalidName:
        return False
    return True
