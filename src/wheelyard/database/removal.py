"""Taking back what was made here: a project as a whole, or a builder's wheels.

Names and digests of files stay on record for ever, so that a filename never gets other bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select, update

from wheelyard.database.dialect import locked
from wheelyard.database.pages import mark_pages
from wheelyard.database.plans import mark_to_plan
from wheelyard.database.tables import (
    builds,
    decisions,
    jobs,
    log_chunks,
    pages,
    projects,
    releases,
    upstream_files,
    wants,
    wheels,
)
from wheelyard.errors import UnknownProject
from wheelyard.model.build import BuildState
from wheelyard.model.names import ProjectName
from wheelyard.model.wheel import WheelState

_NAMES_AT_ONCE = 500
_T = TypeVar("_T", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """How much there is of a project."""

    decisions: int
    jobs: int
    builds: int
    wheels: int
    logs: int


def holdings(connection: Connection, project: ProjectName) -> Holdings:
    """Count what the removal of a project takes away; wheels are those not recalled before.

    Raises:
        UnknownProject: if there is no such project on record.
    """
    number = _number(connection, project)
    mine = _releases_of(number)

    def count(table: Any, *conditions: ColumnElement[bool]) -> int:  # noqa: ANN401 - a table
        of_project = select(func.count()).where(table.c.release_id.in_(mine), *conditions)
        return int(connection.scalar(of_project.select_from(table)) or 0)

    return Holdings(
        decisions=count(decisions),
        jobs=count(jobs),
        builds=count(builds),
        wheels=count(wheels, wheels.c.recalled.is_(False)),
        logs=count(builds, builds.c.log_key.is_not(None)),
    )


def close_project(connection: Connection, project: ProjectName, *, at: datetime) -> None:
    """Let nobody want or follow a project any more, and recall its wheels.

    It is then on record as one that was never read. Its builds that run are lost; what operators
    have said of it (skips, recipe) stays. Its pages are not marked: see `publish.removal`.

    Raises:
        UnknownProject: if there is no such project on record.
    """
    number = _number(connection, project)
    mine = _releases_of(number)
    connection.execute(
        update(projects)
        .where(projects.c.id == number)
        .values(
            followed=False,
            read_at=None,
            upstream_serial=None,
            etag=None,
            due_at=None,
            due_serial=None,
            plan_from=None,
            plan_level=0,
            error=None,
            missing_count=0,
            missing_since=None,
        )
    )
    connection.execute(delete(wants).where(wants.c.project_id == number))
    connection.execute(delete(jobs).where(jobs.c.release_id.in_(mine)))
    connection.execute(delete(decisions).where(decisions.c.release_id.in_(mine)))
    connection.execute(
        update(builds)
        .where(builds.c.release_id.in_(mine), builds.c.state == BuildState.RUNNING)
        .values(state=BuildState.LOST, finished_at=at)
    )
    of_project = select(builds.c.id).where(builds.c.release_id.in_(mine))
    connection.execute(delete(log_chunks).where(log_chunks.c.build_id.in_(of_project)))
    _recall(connection, wheels.c.release_id.in_(mine))
    for table in (upstream_files, releases):
        connection.execute(
            update(table)
            .where(table.c.project_id == number, table.c.removed_at.is_(None))
            .values(removed_at=at)
        )


def _number(connection: Connection, project: ProjectName) -> int:
    row = select(projects.c.id).where(projects.c.name == project)
    number = connection.scalar(locked(connection, row, of=projects))
    if number is None:
        raise UnknownProject(project, "It is not on record here")
    return int(number)


def _releases_of(number: int) -> Select[tuple[int]]:
    return select(releases.c.id).where(releases.c.project_id == number)


def _recall(connection: Connection, which: ColumnElement[bool]) -> int:
    """Withdraw wheels for good; those that were only checked were never offered."""
    recalled = connection.execute(
        update(wheels)
        .where(which, wheels.c.recalled.is_(False), wheels.c.state != WheelState.CHECKED)
        .values(state=WheelState.WITHDRAWN, recalled=True)
    )
    return recalled.rowcount


def logs_of_project(connection: Connection, project: ProjectName) -> list[str]:
    """Return where the logs of a project's builds are in the store."""
    keys = connection.scalars(
        select(builds.c.log_key)
        .join_from(builds, releases, releases.c.id == builds.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(projects.c.name == project, builds.c.log_key.is_not(None))
    )
    return [key for key in keys if key is not None]


def leave_pages(connection: Connection, project: ProjectName, *, at: datetime) -> bool:
    """Let the pages of a closed project's builds answer no more, once no page leads to them.

    Returns false, and does nothing, if somebody has asked for the project since.
    """
    if not _is_closed(connection, project):
        return False
    number = _number(connection, project)
    connection.execute(delete(pages).where(pages.c.project_id == number))
    connection.execute(update(projects).where(projects.c.id == number).values(removed_at=at))
    return True


def _is_closed(connection: Connection, project: ProjectName) -> bool:
    """Whether a project was closed, and nobody has asked for it since; in a write, locks it."""
    is_wanted = exists().where(wants.c.project_id == projects.c.id)
    row = select(projects.c.id).where(
        projects.c.name == project,
        projects.c.read_at.is_(None),
        projects.c.followed.is_(False),
        ~is_wanted,
    )
    return connection.scalar(locked(connection, row, of=projects)) is not None


def forget_logs(connection: Connection, keys: Sequence[str]) -> None:
    """Note that logs are gone."""
    for batch in _batches(keys):
        connection.execute(update(builds).where(builds.c.log_key.in_(batch)).values(log_key=None))


def forget_pages(connection: Connection, project: ProjectName) -> bool:
    """Note that a closed project has no pages any more, while they are being deleted.

    Returns false, and does nothing, if somebody has asked for the project since.
    """
    if not _is_closed(connection, project):
        return False
    number = _number(connection, project)
    connection.execute(delete(pages).where(pages.c.project_id == number))
    connection.execute(update(projects).where(projects.c.id == number).values(serial=None))
    return True


def projects_of_builder(connection: Connection, builder_id: int) -> list[ProjectName]:
    """Return the projects of which a builder made wheels that can be recalled, by name."""
    names = connection.scalars(
        select(projects.c.name)
        .join_from(wheels, builds, builds.c.id == wheels.c.build_id)
        .join(releases, releases.c.id == wheels.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(
            builds.c.builder_id == builder_id,
            wheels.c.recalled.is_(False),
            wheels.c.state != WheelState.CHECKED,
        )
        .distinct()
        .order_by(projects.c.name)
    )
    return [ProjectName(name) for name in names]


def count_wheels(connection: Connection, builder_id: int) -> int:
    """Count the wheels that a builder made and that can be recalled."""
    count = (
        select(func.count())
        .select_from(wheels)
        .join(builds, builds.c.id == wheels.c.build_id)
        .where(
            builds.c.builder_id == builder_id,
            wheels.c.recalled.is_(False),
            wheels.c.state != WheelState.CHECKED,
        )
    )
    return int(connection.scalar(count) or 0)


def recall_wheels(connection: Connection, builder_id: int, *, at: datetime) -> int:
    """Withdraw every wheel that a builder made, for good, and have them built again by others.

    Returns how many. It ends with `mark_pages`, so it comes last in a transaction.
    """
    concerned = projects_of_builder(connection, builder_id)
    of_builder = select(builds.c.id).where(builds.c.builder_id == builder_id)
    count = _recall(connection, wheels.c.build_id.in_(of_builder))
    for batch in _batches(concerned):
        mark_to_plan(connection, batch, at=at)
    mark_pages(connection, concerned)
    return count


def _batches(names: Sequence[_T]) -> list[Sequence[_T]]:
    starts = range(0, len(names), _NAMES_AT_ONCE)
    return [names[start : start + _NAMES_AT_ONCE] for start in starts]


def waiting_pages(connection: Connection, names: Sequence[ProjectName]) -> int:
    """Count those of some projects whose pages are still to be written."""
    found = 0
    for batch in _batches(names):
        of_batch = select(projects.c.id).where(projects.c.name.in_(batch))
        waiting = select(func.count()).select_from(pages).where(pages.c.project_id.in_(of_batch))
        found += int(connection.scalar(waiting) or 0)
    return found
