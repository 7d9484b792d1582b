"""Which projects are to be read: the marks that change sources make in the due list.

A mark never lowers what is there: a project that is due already keeps its place, and the highest
serial that its page must have. Names are written in their order, so that two who mark at once do
not wait for each other in a circle.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from wheelyard.database.dialect import insert
from wheelyard.database.tables import listed_projects, projects, waits, wants
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectStatus

__all__ = [
    "DueLevel",
    "due_values",
    "follow",
    "forget_listing",
    "known_projects",
    "mark_changed",
    "mark_listed",
    "mark_unlisted",
    "unlisted_projects",
]


_NAMES_A_QUERY = 5000


class DueLevel(IntEnum):
    """How urgently a project is to be read; the lowest first."""

    ASKED = 0
    """Somebody waits for it, or a deletion is to be confirmed."""

    CHANGED = 1
    """Upstream told of a change."""

    POLL = 2
    """It is a while since it was read."""

    FIRST_FILL = 3
    """It was never read."""


_is_cared_for: ColumnElement[bool] = or_(
    projects.c.followed,
    exists().where(wants.c.project_id == projects.c.id),
    exists().where(waits.c.project_id == projects.c.id),
)


def mark_changed(
    connection: Connection,
    changed: Iterable[ChangedProject],
    *,
    follow_new: bool,
    at: datetime,
) -> None:
    """Let projects be read because upstream says that they have changed.

    Those that are neither followed nor wanted are left alone, unless new ones are to be followed
    (`follow_new`); then they are, and get a row where they had none. A project whose stored page
    has the serial of its change already is not due, unless the news is late or has no serial.
    """
    serials: dict[ProjectName, int] = {}
    anyhow: set[ProjectName] = set()
    names = set()
    for project in changed:
        names.add(project.name)
        if project.serial is not None:
            serials[project.name] = max(project.serial, serials.get(project.name, 0))
        if project.serial is None or project.is_late:
            anyhow.add(project.name)
    ordered = sorted(names)
    if follow_new:
        follow(connection, ordered, at=at)
    _mark_each(connection, ordered, serials, anyhow, at=at)


def follow(connection: Connection, names: Sequence[ProjectName], *, at: datetime) -> None:
    """Make rows of new projects, and follow all that are named; what was read is to be planned."""
    known = {row.name: row.followed for row in _rows(connection, names)}
    new = [
        {
            "name": name,
            "status": ProjectStatus.ACTIVE,
            "missing_count": 0,
            "created_at": at,
            "followed": True,
        }
        for name in names
        if name not in known
    ]
    if new:
        connection.execute(insert(connection, projects).on_conflict_do_nothing(), new)
    not_followed = [{"named": name} for name in names if known.get(name) is False]
    if not_followed:
        connection.execute(
            update(projects)
            .where(projects.c.name == bindparam("named"))
            .values(followed=True, plan_from=_plan_from(at)),
            not_followed,
        )


def _rows(connection: Connection, names: Sequence[ProjectName]) -> Iterator[Row[*tuple[Any, ...]]]:
    """Yield what decides whether projects are due, of those that have a row."""
    c = projects.c
    columns = (c.name, c.followed, c.read_at, c.upstream_serial, c.removed_at, c.missing_count)
    for start in range(0, len(names), _NAMES_A_QUERY):
        some = names[start : start + _NAMES_A_QUERY]
        yield from connection.execute(select(*columns).where(c.name.in_(some)))


def _plan_from(at: datetime) -> ColumnElement[Any]:
    return case(
        (projects.c.read_at.is_not(None), func.coalesce(projects.c.plan_from, at)),
        else_=projects.c.plan_from,
    )


def _mark_each(
    connection: Connection,
    names: Sequence[ProjectName],
    serials: Mapping[ProjectName, int],
    anyhow: Collection[ProjectName],
    *,
    at: datetime,
) -> None:
    mark = update(projects).where(projects.c.name == bindparam("named"), _is_cared_for)
    due = due_values(DueLevel.CHANGED, at=at)
    if anyhow:
        connection.execute(mark.values(due), [{"named": name} for name in names if name in anyhow])
    by_serial = [{"named": name, "told": serials[name]} for name in names if name in serials]
    if by_serial:
        told = _told()
        connection.execute(
            mark.where(func.coalesce(projects.c.upstream_serial, -1) < told).values(
                due | {"due_serial": _higher(told)}
            ),
            by_serial,
        )


def due_values(level: DueLevel, *, at: datetime) -> dict[str, Any]:
    """Return the values of a project that is due now, if it is not due more urgently already."""
    is_due = projects.c.due_at.is_not(None)
    return {
        "due_at": case((projects.c.due_at <= at, projects.c.due_at), else_=at),
        "due_level": case(
            (and_(is_due, projects.c.due_level <= level), projects.c.due_level), else_=level
        ),
    }


def _told() -> ColumnElement[int]:
    return bindparam("told", type_=projects.c.due_serial.type)


def _higher(serial: ColumnElement[int]) -> ColumnElement[int]:
    return case(
        (func.coalesce(projects.c.due_serial, -1) < serial, serial), else_=projects.c.due_serial
    )


def forget_listing(connection: Connection) -> None:
    """Forget which projects an earlier list named."""
    connection.execute(delete(listed_projects))


def mark_listed(
    connection: Connection,
    listed: Sequence[ChangedProject],
    *,
    follow_new: bool,
    at: datetime,
) -> None:
    """Take in a part of upstream's list: those are due whose serial is not what was read.

    What was never read waits for its turn in the first fill. A list that is behind the stored
    page says nothing; one that names a project that was missing does.
    """
    if not listed:
        return
    names = sorted(project.name for project in listed)
    if follow_new:
        follow(connection, names, at=at)
    statement = insert(connection, listed_projects)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[listed_projects.c.name],
            set_={"serial": statement.excluded.serial},
        ),
        [{"name": project.name, "serial": project.serial} for project in listed],
    )
    serials = {project.name: project.serial for project in listed}
    marks: dict[DueLevel, list[dict[str, Any]]] = {}
    for row in _rows(connection, names):
        level = _level_when_listed(row, serials[row.name])
        if level is not None:
            mark = {"named": row.name, "told": serials[row.name]}
            marks.setdefault(level, []).append(mark)
    for level, rows in marks.items():
        connection.execute(
            update(projects)
            .where(projects.c.name == bindparam("named"), _is_cared_for)
            .values(due_values(level, at=at) | {"due_serial": _higher(_told())}),
            rows,
        )


def _level_when_listed(row: Row[*tuple[Any, ...]], serial: int | None) -> DueLevel | None:
    """Return how urgently a project is to be read that a list names; None if it is not."""
    if row.read_at is None:
        return DueLevel.FIRST_FILL
    is_ahead = serial is not None and (row.upstream_serial is None or row.upstream_serial < serial)
    was_missing = row.removed_at is not None or row.missing_count > 0
    return DueLevel.CHANGED if is_ahead or was_missing else None


def _is_unlisted(read_before: datetime) -> ColumnElement[bool]:
    return and_(
        projects.c.read_at < read_before,
        projects.c.removed_at.is_(None),
        _is_cared_for,
        ~exists().where(listed_projects.c.name == projects.c.name),
    )


def unlisted_projects(connection: Connection, *, read_before: datetime) -> int:
    """Count the projects that were there when last read, and that upstream's list does not name."""
    return int(
        connection.scalar(
            select(func.count()).select_from(projects).where(_is_unlisted(read_before))
        )
        or 0
    )


def known_projects(connection: Connection) -> int:
    """Count the projects that are there as far as we know."""
    is_there = and_(projects.c.read_at.is_not(None), projects.c.removed_at.is_(None))
    return int(connection.scalar(select(func.count()).select_from(projects).where(is_there)) or 0)


def mark_unlisted(connection: Connection, *, read_before: datetime, at: datetime) -> None:
    """Let the projects be read that upstream's list does not name: they may have been removed."""
    connection.execute(
        update(projects)
        .where(_is_unlisted(read_before))
        .values(due_values(DueLevel.CHANGED, at=at))
    )
