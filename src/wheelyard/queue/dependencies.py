"""Waiting for build requirements: what is built first, who wakes, and who waits in vain."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is to be done about a wait: build a version, or say why it is in vain, or end it."""

    wait: Wait
    version: Version | None = None
    dead_end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What is to be done about some waits, and the needed project that was looked at last."""

    steps: tuple[Step, ...]
    last: ProjectName | None


def steps(connection: Connection, *, after: ProjectName | None, limit: int) -> Steps:
    """Return what is to be done about waits as they are on record.

    At most `limit` needed projects are looked at: those after a name, and then from the first one
    again. A wait ends when the pages tell of the wheel, so that whoever wakes finds it.
    """
    known = waits.all_waits(connection)
    chosen = _turn({wait.needed for wait in known}, after=after, limit=limit)
    records: dict[ProjectName, ProjectRecord | None] = {}
    targets = {target.name: target for target in active_targets(connection)}
    found = []
    for wait in (wait for wait in known if wait.needed in chosen):
        target = targets.get(wait.target)
        if target is None:
            found.append(Step(wait=wait))
        elif wait.is_looked_up and not is_to_plan(connection, wait.needed):
            if wait.needed not in records:
                records[wait.needed] = read_record(connection, wait.needed)
            step = _step(connection, wait, known, records[wait.needed], target)
            if step is not None:
                found.append(step)
    return Steps(steps=tuple(found), last=chosen[-1] if chosen else None)


def _turn(
    names: Collection[ProjectName], *, after: ProjectName | None, limit: int
) -> list[ProjectName]:
    """Return whose turn it is, in alphabetical order, round and round."""
    ordered = sorted(names)
    start = 0 if after is None else bisect_right(ordered, after)
    return [*ordered[start:], *ordered[:start]][:limit]


def take(connection: Connection, step: Step, *, at: datetime) -> None:
    """Do what is to be done about a wait; doing it twice does no harm."""
    if step.version is not None:
        _log.info("dependency-wanted", project=step.wait.needed, version=str(step.version))
        waits.set_needed_version(connection, step.wait, step.version, at=at)
    elif step.dead_end is not None:
        waits.end_in_vain(connection, step.wait, step.dead_end, at=at)
    else:
        waits.end_wait(connection, step.wait, at=at)


def _step(
    connection: Connection,
    wait: Wait,
    known: Sequence[Wait],
    record: ProjectRecord | None,
    target: Target,
) -> Step | None:
    release = None if record is None else _chosen(wait, record, target)
    if release is None:
        return _in_vain(
            wait, f"It needs {wait.requirement}, of which there is nothing that can be built."
        )
    if wait.needed_version != release.release.version:
        return Step(wait=wait, version=release.release.version)
    verdict, reason = release.decisions.get(wait.target, (Verdict.NEEDS_BUILD, ""))
    if verdict.is_satisfied:
        is_shown = not waits.has_page_to_write(connection, wait.needed)
        return Step(wait=wait) if is_shown else None
    return _in_vain(wait, _dead_end(wait, known, verdict, reason))


def _dead_end(wait: Wait, known: Sequence[Wait], verdict: Verdict, reason: str) -> str | None:
    """Return why a release waits in vain; None if it does not."""
    circle = find_circle(wait, known)
    if circle:
        return f"It waits in a circle: {', which needs '.join(circle[:_SHOWN])}."
    if verdict in _OPEN:
        return None
    return f"It needs {wait.needed} {wait.needed_version}, which has no wheel: {reason}"


def _in_vain(wait: Wait, reason: str | None) -> Step | None:
    return None if reason in {None, wait.dead_end} else Step(wait=wait, dead_end=reason)


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
