"""How much projects are asked for: what a ranking says, and what was asked for here."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from wheelyard.database.plans import PlanLevel, mark_to_plan
from wheelyard.database.tables import jobs, project_counts, projects, releases
from wheelyard.model.download import Period
from wheelyard.model.names import ProjectName

_AT_ONCE = 5000


def rank(connection: Connection, ranked: Mapping[ProjectName, int], *, at: datetime) -> None:
    """Put on record how much a ranking says that projects are asked for, in place of what it said.

    What was asked for here is added to it. Those that changed are planned anew.
    """
    names = sorted(ranked)
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        rows = connection.execute(
            select(projects.c.name, projects.c.ranked).where(projects.c.name.in_(some))
        )
        changed = [
            ProjectName(row.name) for row in rows if ranked[ProjectName(row.name)] != row.ranked
        ]
        if not changed:
            continue
        connection.execute(
            update(projects)
            .where(projects.c.name == bindparam("named"))
            .values(
                demand=projects.c.demand - projects.c.ranked + bindparam("asked"),
                ranked=bindparam("asked"),
            ),
            [{"named": name, "asked": ranked[name]} for name in changed],
        )
        mark_to_plan(connection, changed, at=at, level=PlanLevel.BULK)


def refresh_demand(connection: Connection, *, at: datetime) -> int:
    """Let demand be what a ranking says and what was asked for here this month and the last.

    Downloads and searches count, of everybody but robots and mirrors. Projects with pending jobs
    whose demand has changed are planned anew, for it decides their order. Returns how many
    projects' demand has changed.
    """
    month = at.date().replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    here = (
        select(
            project_counts.c.project,
            func.sum(project_counts.c.downloads + project_counts.c.searches).label("asked"),
        )
        .where(
            project_counts.c.period == Period.MONTH,
            project_counts.c.starts_on.in_([month, last_month]),
        )
        .group_by(project_counts.c.project)
        .subquery()
    )
    now = projects.c.ranked + func.coalesce(here.c.asked, 0)
    rows = connection.execute(
        select(projects.c.name, now.label("now"), _has_jobs().label("is_pending"))
        .outerjoin_from(projects, here, here.c.project == projects.c.name)
        .where(
            here.c.project.is_not(None) | (projects.c.demand != projects.c.ranked),
            projects.c.demand != now,
        )
    ).all()
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        connection.execute(
            update(projects)
            .where(projects.c.name == bindparam("named"))
            .values(demand=bindparam("asked")),
            [{"named": row.name, "asked": int(row.now)} for row in some],
        )
        pending = [ProjectName(row.name) for row in some if row.is_pending]
        mark_to_plan(connection, pending, at=at, level=PlanLevel.BULK)
    return len(rows)


def _has_jobs() -> ColumnElement[bool]:
    return (
        select(jobs.c.id)
        .join(releases, releases.c.id == jobs.c.release_id)
        .where(releases.c.project_id == projects.c.id)
        .exists()
    )
