"""Which projects are to be planned, and in what order.

A project is marked by whatever changes what its decisions rest on, in the same transaction. Only
projects that have been read are ever marked; the first reading marks a project by itself.
"""

from collections.abc import Collection
from datetime import datetime
from enum import IntEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Update,
    bindparam,
    func,
    select,
    update,
)

from wheelyard.database.dialect import locked
from wheelyard.database.tables import projects
from wheelyard.model.names import ProjectName


class PlanLevel(IntEnum):
    """How soon a project is planned: the lower level goes first."""

    EVENT = 0
    """Something happened to this very project."""

    BULK = 1
    """A target, a setting or a ranking changed, which concerns very many projects."""


def mark_to_plan(
    connection: Connection,
    marked: Collection[ProjectName],
    *,
    at: datetime,
    level: PlanLevel = PlanLevel.EVENT,
) -> None:
    """Have projects planned; those that were never read are passed over.

    A project that is marked already keeps the earlier moment and the lower level.
    """
    is_sooner = projects.c.plan_from.is_(None) | (projects.c.plan_level > level)
    connection.execute(
        update(projects)
        .where(projects.c.name.in_(marked), projects.c.read_at.is_not(None), is_sooner)
        .values(plan_from=func.coalesce(projects.c.plan_from, at), plan_level=level)
    )


def mark_ended(connection: Connection, project: ProjectName, *, at: datetime) -> None:
    """Have a project planned and its pages written, because a build of it has ended."""
    connection.execute(_mark_of_an_end(), {"ended": project, "moment": at})


@cache
def _mark_of_an_end() -> Update:
    moment: ColumnElement[Any] = bindparam("moment", type_=projects.c.plan_from.type)
    return (
        update(projects)
        .where(projects.c.name == bindparam("ended"), projects.c.read_at.is_not(None))
        .values(
            plan_from=func.coalesce(projects.c.plan_from, moment),
            plan_level=PlanLevel.EVENT,
            plan_page=True,
        )
    )


def with_new_pages(connection: Connection, planned: Collection[ProjectName]) -> set[ProjectName]:
    """Return those of some projects whose pages are to be written whatever the plan changes."""
    names = connection.scalars(
        select(projects.c.name).where(projects.c.name.in_(planned), projects.c.plan_page.is_(True))
    )
    return {ProjectName(name) for name in names}


def mark_all_to_plan(connection: Connection) -> None:
    """Have every project that has been read planned again, after those with news of their own."""
    connection.execute(
        update(projects)
        .where(projects.c.read_at.is_not(None), projects.c.plan_from.is_(None))
        .values(plan_from=projects.c.read_at, plan_level=PlanLevel.BULK)
    )


def projects_to_plan(connection: Connection, *, limit: int) -> list[ProjectName]:
    """Return the projects that are planned next: lower level, greater demand, older row first."""
    return [ProjectName(name) for name in connection.scalars(_next(limit=limit))]


def is_to_plan(connection: Connection, project: ProjectName) -> bool:
    """Return whether a project's facts have changed since it was planned last."""
    plan_from = select(projects.c.plan_from).where(projects.c.name == project)
    return connection.scalar(plan_from) is not None


def take_to_plan(connection: Connection, *, limit: int) -> list[ProjectName]:
    """Lock the projects that are planned next until the transaction ends, and return them.

    Projects that somebody else has locked are passed over, so any number of schedulers can run.
    Whatever changes a project's facts marks it, which waits for the lock: nothing slips in between
    reading the facts and `unmark_planned`.
    """
    query = locked(connection, _next(limit=limit), of=projects, skip_locked=True)
    return [ProjectName(name) for name in connection.scalars(query)]


def _next(*, limit: int) -> Select[Any]:
    return (
        select(projects.c.name)
        .where(projects.c.plan_from.is_not(None))
        .order_by(projects.c.plan_level, projects.c.demand.desc(), projects.c.id)
        .limit(limit)
    )


def unmark_planned(connection: Connection, planned: Collection[ProjectName]) -> None:
    """Note that projects have been planned, in the transaction that took them."""
    connection.execute(
        update(projects)
        .where(projects.c.name.in_(planned))
        .values(plan_from=None, plan_level=0, plan_page=False)
    )
