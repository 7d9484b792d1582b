"""What is known of the projects that somebody's file asks for, read for many at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import median
from typing import Any

from packaging.version import Version
from sqlalchemy import Connection, Row, select

from wheelyard.checking.facts import KnownFile, KnownProject, KnownRelease, QueuePlace, Ruling
from wheelyard.database.job_lists import jobs_in_state, waiting_jobs
from wheelyard.database.tables import (
    builds,
    decisions,
    projects,
    releases,
    targets,
    upstream_files,
    wheel_dependencies,
    wheels,
)
from wheelyard.model.build import BuildState, JobState
from wheelyard.model.names import Filename, ProjectName, TargetName, parse_wheel_name
from wheelyard.model.target import Target, fits_portably
from wheelyard.model.wheel import WheelState

_AT_ONCE = 200
_MOST_WAITING = 500
_MOST_RUNNING = 1000
_RECENT_BUILDS = 500


def known_projects(
    connection: Connection,
    names: Collection[ProjectName],
    *,
    target: Target,
    follows_everything: bool = False,
) -> Iterator[KnownProject]:
    """Yield what is known of projects, some at a time, for one target.

    Left out are those that upstream has not: it said so, or, if everything is followed, never told
    of them. Nothing is known of the others that nobody has asked for.
    """
    ordered = sorted(set(names))
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        rows = list(connection.execute(select(projects).where(projects.c.name.in_(some))))
        on_record = {row.name for row in rows}
        if not follows_everything:
            yield from (KnownProject(name=name, is_read=False) for name in set(some) - on_record)
        there = [row for row in rows if row.removed_at is None]
        yield from _read(connection, [row for row in there if row.read_at is not None], target)
        yield from (
            KnownProject(name=ProjectName(row.name), is_read=False)
            for row in there
            if row.read_at is None and row.missing_since is None
        )


def queue_places(
    connection: Connection, target: TargetName
) -> dict[tuple[ProjectName, Version], QueuePlace]:
    """Return where the first jobs of a target's queue are, and those that are being built.

    The estimate is what so many builds took lately, shared by as many builders as are at work now.
    """
    running = jobs_in_state(connection, JobState.LEASED, target=target, limit=_MOST_RUNNING)
    waiting = waiting_jobs(connection, target=target, limit=_MOST_WAITING)
    found = {(job.project, job.version): QueuePlace(is_running=True) for job in running}
    usual = _usual_duration(connection, target) if waiting else None
    for before, job in enumerate(waiting):
        rounds = before // max(1, len(running)) + 1
        found[job.project, job.version] = QueuePlace(
            before=before, estimate=None if usual is None else usual * rounds
        )
    return found


def _usual_duration(connection: Connection, target: TargetName) -> timedelta | None:
    """Return the median of how long recent builds for a target took; None if there are none."""
    recent = connection.execute(
        select(targets.c.name, builds.c.started_at, builds.c.finished_at, builds.c.state)
        .join_from(builds, targets, targets.c.id == builds.c.target_id)
        .order_by(builds.c.started_at.desc())
        .limit(_RECENT_BUILDS)
    )
    took = [
        (row.finished_at - row.started_at).total_seconds()
        for row in recent
        if row.name == target and row.state in {BuildState.SUCCEEDED, BuildState.FAILED}
    ]
    return timedelta(seconds=median(took)) if took else None


def _read(
    connection: Connection, rows: Sequence[Row[Any]], target: Target
) -> Iterator[KnownProject]:
    """Yield what is known of projects whose upstream pages were read."""
    numbers = [row.id for row in rows]
    versions = _versions(connection, numbers)
    files = _upstream_files(connection, numbers)
    for release, own in _own_wheels(connection, numbers, target).items():
        theirs = files.get(release)
        # What upstream has no more, or yanked whole, installers are offered as upstream does.
        if theirs:
            is_yanked = all(file.is_yanked for file in theirs)
            files[release] = theirs + [replace(file, is_yanked=is_yanked) for file in own]
    rulings = _rulings(connection, numbers, target)
    for row in rows:
        yield KnownProject(
            name=ProjectName(row.name),
            releases={
                version: KnownRelease(
                    files=tuple(files.get(release, ())), ruling=rulings.get(release)
                )
                for release, version in versions.get(row.id, {}).items()
            },
            status=row.status,
            status_reason=row.status_reason,
        )


def _versions(connection: Connection, numbers: list[int]) -> dict[int, dict[int, Version]]:
    """Return the versions that upstream has, by project and release."""
    found: dict[int, dict[int, Version]] = {}
    query = select(releases.c.project_id, releases.c.id, releases.c.version).where(
        releases.c.project_id.in_(numbers), releases.c.removed_at.is_(None)
    )
    for project, release, version in connection.execute(query):
        found.setdefault(project, {})[release] = Version(version)
    return found


def _upstream_files(connection: Connection, numbers: list[int]) -> dict[int, list[KnownFile]]:
    """Return upstream's files by release."""
    columns = upstream_files.c
    found: dict[int, list[KnownFile]] = {}
    query = select(
        columns.release_id, columns.filename, columns.requires_python, columns.yanked
    ).where(
        columns.project_id.in_(numbers),
        columns.removed_at.is_(None),
        columns.release_id.is_not(None),
    )
    for release, filename, requires_python, yanked in connection.execute(query):
        file = KnownFile(
            filename=Filename(filename), requires_python=requires_python, is_yanked=yanked
        )
        found.setdefault(release, []).append(file)
    return found


def _own_wheels(
    connection: Connection, numbers: list[int], target: Target
) -> dict[int, list[KnownFile]]:
    """Return our published wheels that the target's channel offers, by release."""
    rows = connection.execute(
        select(
            wheels.c.id,
            wheels.c.release_id,
            wheels.c.channel,
            wheels.c.filename,
            wheels.c.requires_python,
            wheels.c.portable_from,
        )
        .join(releases, releases.c.id == wheels.c.release_id)
        .where(releases.c.project_id.in_(numbers), wheels.c.state == WheelState.PUBLISHED)
        .order_by(wheels.c.id)
    ).all()
    offered = [
        row
        for row in rows
        if row.channel == target.channel
        or fits_portably(target.channel, row.portable_from)
        or parse_wheel_name(row.filename).is_pure
    ]
    needed: dict[int, list[str]] = {}
    table = wheel_dependencies.c
    query = select(table.wheel_id, table.package).where(
        table.wheel_id.in_([row.id for row in offered])
    )
    for wheel, package in connection.execute(query.order_by(table.wheel_id, table.package)):
        needed.setdefault(wheel, []).append(package)
    found: dict[int, list[KnownFile]] = {}
    for row in offered:
        file = KnownFile(
            filename=Filename(row.filename),
            requires_python=row.requires_python,
            is_ours=True,
            debian_packages=tuple(needed.get(row.id, ())),
        )
        found.setdefault(row.release_id, []).append(file)
    return found


def _rulings(connection: Connection, numbers: list[int], target: Target) -> dict[int, Ruling]:
    """Return what was decided about releases and the target, by release."""
    rows = connection.execute(
        select(decisions.c.release_id, decisions.c.verdict, decisions.c.reason)
        .join(releases, releases.c.id == decisions.c.release_id)
        .join(targets, targets.c.id == decisions.c.target_id)
        .where(releases.c.project_id.in_(numbers), targets.c.name == target.name)
    )
    return {release: Ruling(verdict=verdict, reason=reason) for release, verdict, reason in rows}
