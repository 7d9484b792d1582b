"""Which projects are read now, and when each is to be read again: the due list, worked off.

Whoever takes a project postpones it for as long as reading may last, so nobody else reads it
meanwhile, and if the reader dies it is due again by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, or_, select, update

from wheelyard.database.dialect import locked
from wheelyard.database.due import DueLevel
from wheelyard.database.tables import projects, releases, wants, wheels
from wheelyard.model.names import ProjectName


@dataclass(frozen=True, slots=True, kw_only=True)
class DueProject:
    """A project that somebody has taken, to read its page.

    `serial` is what the page must have reached, `stored_serial` what it had last time; `etag`
    names the state of the page that is stored. It has failed `failures` times in a row, and been
    missing since `missing_since`. `is_wanted` says that somebody asked for it by name,
    `has_wheels` that there are wheels of ours. The reader has it until `taken_until`.
    """

    name: ProjectName
    taken_until: datetime
    serial: int | None = None
    stored_serial: int | None = None
    etag: str | None = None
    failures: int = 0
    missing_since: datetime | None = None
    has_been_read: bool = False
    is_removed: bool = False
    is_wanted: bool = False
    has_wheels: bool = False
    has_owner: bool = False


def take_due(
    connection: Connection, *, now: datetime, limit: int, lasts: timedelta
) -> list[DueProject]:
    """Take projects that are due, the more urgent before others, then those due the longest."""
    numbers: list[int] = []
    for level in DueLevel:
        if len(numbers) >= limit:
            break
        waiting = (
            select(projects.c.id)
            .where(projects.c.due_level == level, projects.c.due_at <= now)
            .order_by(projects.c.due_at, projects.c.id)
            .limit(limit - len(numbers))
        )
        numbers += connection.scalars(locked(connection, waiting, of=projects, skip_locked=True))
    if not numbers:
        return []
    mine = projects.c.id.in_(numbers)
    connection.execute(update(projects).where(mine).values(due_at=now + lasts))
    is_wanted = exists().where(wants.c.project_id == projects.c.id)
    has_wheels = exists().where(
        releases.c.project_id == projects.c.id, wheels.c.release_id == releases.c.id
    )
    rows = connection.execute(
        select(projects, is_wanted.label("is_wanted"), has_wheels.label("has_wheels")).where(mine)
    )
    found = {
        row.id: DueProject(
            name=ProjectName(row.name),
            taken_until=row.due_at,
            serial=row.due_serial,
            stored_serial=row.upstream_serial,
            etag=row.etag,
            failures=row.failures,
            missing_since=row.missing_since,
            has_been_read=row.read_at is not None,
            is_removed=row.removed_at is not None,
            is_wanted=row.is_wanted,
            has_wheels=row.has_wheels,
            has_owner=row.owner is not None,
        )
        for row in rows
    }
    return [found[number] for number in numbers]


def was_read(
    connection: Connection, project: DueProject, *, etag: str | None, due_at: datetime
) -> None:
    """Note that a project's page was read well, and when it is to be read again.

    A mark that somebody has made since the project was taken stays, unless it asked for a serial
    that the page has reached.
    """
    reached = or_(
        projects.c.due_serial.is_(None), projects.c.due_serial <= projects.c.upstream_serial
    )
    is_ours = projects.c.due_at == project.taken_until
    told_of_less = and_(projects.c.due_serial.is_not(None), reached)
    is_settled = or_(is_ours, told_of_less)
    connection.execute(
        update(projects)
        .where(projects.c.name == project.name)
        .values(
            # What was closed meanwhile is read whole when somebody asks for it again.
            etag=case((projects.c.read_at.is_not(None), etag), else_=None),
            failures=0,
            due_at=case((is_settled, due_at), else_=projects.c.due_at),
            due_level=case((is_settled, DueLevel.POLL), else_=projects.c.due_level),
            due_serial=case((reached, None), else_=projects.c.due_serial),
        )
    )


def read_again(
    connection: Connection,
    project: DueProject,
    *,
    due_at: datetime,
    level: DueLevel | None = None,
    has_failed: bool = True,
) -> None:
    """Note that a project is to be read again at a moment, for it was not read well enough.

    `level` None keeps the one it had; a mark that somebody has made meanwhile stays.
    """
    is_ours = projects.c.due_at == project.taken_until
    connection.execute(
        update(projects)
        .where(projects.c.name == project.name)
        .values(
            due_at=case((is_ours, due_at), else_=projects.c.due_at),
            due_level=projects.c.due_level if level is None else level,
            failures=project.failures + 1 if has_failed else 0,
        )
    )


def note_unchanged(
    connection: Connection, project: DueProject, *, serial: int | None, at: datetime
) -> None:
    """Note that upstream said that a project's page, which now has a serial, is what is stored.

    Nothing is noted of a project that was closed meanwhile (`removal.close_project`).
    """
    connection.execute(
        update(projects)
        .where(projects.c.name == project.name, projects.c.read_at.is_not(None))
        .values(
            upstream_serial=serial,
            polled_at=at,
            read_at=at,
            error=None,
            missing_count=0,
            missing_since=None,
        )
    )


def due_projects(connection: Connection, *, now: datetime) -> dict[DueLevel, int]:
    """Count the projects that are to be read now, by urgency; where there is none, no count."""
    rows = connection.execute(
        select(projects.c.due_level, func.count().label("projects"))
        .where(projects.c.due_at <= now)
        .group_by(projects.c.due_level)
        .order_by(projects.c.due_level)
    )
    return {DueLevel(row.due_level): int(row.projects) for row in rows}


def never_read(connection: Connection) -> int:
    """Count the projects whose page is due for the first time: what is left of a first fill."""
    return _count(
        connection,
        and_(projects.c.due_level == DueLevel.FIRST_FILL, projects.c.due_at.is_not(None)),
    )


def never_tried(connection: Connection) -> int:
    """Count the projects of a first fill whose page nobody has tried to read yet."""
    return _count(
        connection,
        and_(
            projects.c.due_level == DueLevel.FIRST_FILL,
            projects.c.due_at.is_not(None),
            projects.c.failures == 0,
        ),
    )


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(projects).where(condition)
    return int(connection.scalar(query) or 0)
