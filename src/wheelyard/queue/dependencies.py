"""Waiting for build requirements: what is built first, who wakes, and who waits in vain."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import Version

from wheelyard.database import waits
from wheelyard.database.engine import Connection
from wheelyard.database.plans import is_to_plan
from wheelyard.database.targets import active_targets
from wheelyard.errors import InvalidName
from wheelyard.log import get_logger
from wheelyard.model.build import Verdict
from wheelyard.model.names import ProjectName, TargetName, parse_project_name
from wheelyard.model.plan import ProjectRecord, ReleaseRecord
from wheelyard.model.target import Target
from wheelyard.model.waiting import Wait
from wheelyard.queue.planning import read_record
from wheelyard.queue.policy import choose_sdist

_log = get_logger("dependencies")
_OPEN = frozenset(
    {
        Verdict.NEEDS_BUILD,
        Verdict.HEALING,
        Verdict.WAITS_FOR_DEPENDENCY,
        Verdict.WAITS_FOR_PROBE,
    }
)
_SHOWN = 10


def needed_project(requirement: str) -> ProjectName | None:
    """Return the project that a requirement names; None if it is none from the index."""
    try:
        parsed = Requirement(requirement)
        return None if parsed.url is not None else parse_project_name(parsed.name)
    except (InvalidRequirement, InvalidName):
        return None


def look_after_waits(connection: Connection, *, at: datetime) -> int:
    """Choose what is built for those that wait, and end waits; return how many changed.

    It is the caller's transaction. A wait ends when the pages tell of the wheel, so that whoever
    wakes finds it.
    """
    known = waits.all_waits(connection)
    records: dict[ProjectName, ProjectRecord | None] = {}
    targets = {target.name: target for target in active_targets(connection)}
    changed = 0
    for wait in known:
        if wait.needed not in records:
            records[wait.needed] = read_record(connection, wait.needed)
        target, record = targets.get(wait.target), records[wait.needed]
        if target is None:
            waits.end_wait(connection, wait, at=at)
            changed += 1
        elif record is not None and wait.is_looked_up and not is_to_plan(connection, wait.needed):
            changed += _look_after(connection, wait, known, record, target, at=at)
    return changed


def _look_after(  # noqa: PLR0913 - one wait, and what it is judged by
    connection: Connection,
    wait: Wait,
    known: Sequence[Wait],
    record: ProjectRecord,
    target: Target,
    *,
    at: datetime,
) -> bool:
    """Do what is to be done about one wait; return whether that was anything."""
    release = _chosen(wait, record, target)
    if release is None:
        return _in_vain(connection, wait, _no_release(wait), at=at)
    if wait.needed_version != release.release.version:
        version = release.release.version
        _log.info("dependency-wanted", project=wait.needed, version=str(version), by=wait.project)
        waits.set_needed_version(connection, wait, version, at=at)
        return True
    verdict, reason = release.decisions.get(wait.target, (Verdict.NEEDS_BUILD, ""))
    if verdict.is_satisfied:
        is_shown = not waits.has_page_to_write(connection, wait.needed)
        if is_shown:
            waits.end_wait(connection, wait, at=at)
        return is_shown
    dead_end = _dead_end(wait, known, verdict, reason)
    return dead_end is not None and _in_vain(connection, wait, dead_end, at=at)


def _dead_end(wait: Wait, known: Sequence[Wait], verdict: Verdict, reason: str) -> str | None:
    """Return why a release waits in vain; None if it does not."""
    circle = find_circle(wait, known)
    if circle:
        return f"It waits in a circle: {', which needs '.join(circle[:_SHOWN])}."
    if verdict in _OPEN:
        return None
    return f"It needs {wait.needed} {wait.needed_version}, which has no wheel: {reason}"


def _in_vain(connection: Connection, wait: Wait, reason: str, *, at: datetime) -> bool:
    if wait.dead_end == reason:
        return False
    waits.end_in_vain(connection, wait, reason, at=at)
    return True


def _no_release(wait: Wait) -> str:
    return f"It needs {wait.requirement}, of which there is nothing that can be built."


def _chosen(wait: Wait, record: ProjectRecord, target: Target) -> ReleaseRecord | None:
    """Return the newest release that fits a requirement and can be built for a target."""
    requirement = Requirement(wait.requirement)
    fitting = [
        release
        for release in record.releases
        if requirement.specifier.contains(release.release.version, prereleases=None)
        and (sdist := choose_sdist(release.release)) is not None
        and target.admits(sdist.requires_python)
    ]
    return max(fitting, key=lambda release: release.release.version, default=None)


def find_circle(start: Wait, known: Iterable[Wait]) -> list[str]:
    """Return the projects of a circle of waits that leads back to where it starts; pure.

    The first and the last are the same; empty if there is no such circle.
    """
    by_release: Mapping[tuple[ProjectName, Version | None, TargetName], Wait] = {
        (wait.project, wait.version, wait.target): wait for wait in known
    }
    path, wait = [str(start.project)], start
    seen: set[tuple[ProjectName, Version | None, TargetName]] = set()
    while True:
        path.append(str(wait.needed))
        key = (wait.needed, wait.needed_version, wait.target)
        following = by_release.get(key)
        if following is None or key in seen:
            return []
        if following == start:
            return path
        seen.add(key)
        wait = following
