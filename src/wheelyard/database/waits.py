"""Which releases wait for wheels of which other projects."""

from datetime import datetime
from typing import Any

from packaging.version import Version
from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from wheelyard.database.dialect import insert
from wheelyard.database.due import DueLevel
from wheelyard.database.examinations import last_trial
from wheelyard.database.job_rows import enqueue_trial
from wheelyard.database.plans import mark_ended
from wheelyard.database.releases import ensure_project, release_is
from wheelyard.database.tables import pages, projects, releases, targets, waits
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.waiting import Wait

_needed = projects.alias("needed")


def add_wait(connection: Connection, wait: Wait, *, at: datetime) -> None:
    """Let a release wait for another project, which is read now if it never was."""
    number = ensure_project(connection, wait.needed, at=at)
    connection.execute(
        update(projects)
        .where(projects.c.id == number, projects.c.read_at.is_(None))
        .values(due_at=at, due_level=DueLevel.ASKED)
    )
    values = {
        "project_id": number,
        "requirement": wait.requirement,
        "version": None,
        "dead_end": wait.dead_end,
        "created_at": at,
    }
    release = select(releases.c.id).join(projects).where(release_is(wait.project, wait.version))
    target = select(targets.c.id).where(targets.c.name == wait.target)
    keys = {"release_id": release.scalar_subquery(), "target_id": target.scalar_subquery()}
    statement = insert(connection, waits).values(keys | values)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[waits.c.release_id, waits.c.target_id], set_=values
        )
    )


def all_waits(connection: Connection) -> list[Wait]:
    """Return all releases that wait, those that have waited longest first."""
    query = (
        select(
            projects.c.name,
            releases.c.version,
            targets.c.name.label("target"),
            waits.c.requirement,
            _needed.c.name.label("needed"),
            waits.c.version.label("needed_version"),
            waits.c.dead_end,
            func.coalesce(_needed.c.read_at, _needed.c.polled_at).label("looked_up_at"),
        )
        .join_from(waits, releases, releases.c.id == waits.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == waits.c.target_id)
        .join(_needed, _needed.c.id == waits.c.project_id)
        .order_by(waits.c.created_at, waits.c.release_id, waits.c.target_id)
    )
    return [
        Wait(
            project=ProjectName(row.name),
            version=Version(row.version),
            target=TargetName(row.target),
            requirement=row.requirement,
            needed=ProjectName(row.needed),
            needed_version=None if row.needed_version is None else Version(row.needed_version),
            is_looked_up=row.looked_up_at is not None,
            dead_end=row.dead_end,
        )
        for row in connection.execute(query)
    ]


def set_needed_version(
    connection: Connection, wait: Wait, version: Version, *, at: datetime
) -> None:
    """Note which version of the needed project is to be built, and have both planned."""
    _change(connection, wait, {"version": str(version), "dead_end": None})
    for project in sorted({wait.needed, wait.project}):
        mark_ended(connection, project, at=at)


def end_in_vain(connection: Connection, wait: Wait, reason: str, *, at: datetime) -> None:
    """Note why a release waits in vain; it is built as soon as there is a wheel after all."""
    _change(connection, wait, {"dead_end": reason})
    mark_ended(connection, wait.project, at=at)


def end_wait(connection: Connection, wait: Wait, *, at: datetime) -> None:
    """Let a release wait no more: it is built again."""
    # The mark waits for whoever plans the project: both must not add the same job at once.
    mark_ended(connection, wait.project, at=at)
    ended = connection.execute(
        delete(waits).where(_is(wait)).returning(waits.c.release_id, waits.c.target_id)
    ).one_or_none()
    if ended is not None:
        trial = last_trial(connection, release=ended.release_id, target=ended.target_id)
        if trial is not None:
            enqueue_trial(connection, trial, at=at)


def _change(connection: Connection, wait: Wait, values: dict[str, Any]) -> None:
    connection.execute(update(waits).where(_is(wait)).values(values))


def _is(wait: Wait) -> ColumnElement[bool]:
    release = select(releases.c.id).join(projects).where(release_is(wait.project, wait.version))
    target = select(targets.c.id).where(targets.c.name == wait.target)
    return (waits.c.release_id == release.scalar_subquery()) & (
        waits.c.target_id == target.scalar_subquery()
    )


def has_page_to_write(connection: Connection, project: ProjectName) -> bool:
    """Return whether a project's pages do not tell yet what is on record."""
    query = select(pages.c.project_id).join(projects).where(projects.c.name == project)
    return connection.execute(query).first() is not None
