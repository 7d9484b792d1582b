"""What operators want not to be built, with their reasons."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from packaging.specifiers import SpecifierSet
from sqlalchemy import Connection, Row, delete, select

from wheelyard.database.dialect import insert
from wheelyard.database.plans import mark_to_plan
from wheelyard.database.releases import ensure_project
from wheelyard.database.tables import projects, skips
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.project import Skip

_EVERY = ""
"""What stands in the table for every version, and for every target."""


def add_skip(connection: Connection, skip: Skip, *, at: datetime) -> None:
    """Have something of a project not be built any more, and the project planned again.

    The same versions and target again only change the reason.
    """
    number = ensure_project(connection, skip.project, at=at)
    statement = insert(connection, skips).values(
        project_id=number,
        versions=_versions(skip),
        target=skip.target or _EVERY,
        reason=skip.reason,
        created_at=at,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[skips.c.project_id, skips.c.versions, skips.c.target],
            set_={"reason": statement.excluded.reason},
        )
    )
    mark_to_plan(connection, [skip.project], at=at)


def remove_skips(
    connection: Connection, removed: Collection[Skip], *, project: ProjectName, at: datetime
) -> int:
    """Lift skips of one project, and have it planned again; returns how many there were.

    A skip is known by its versions and target; the reason does not matter.
    """
    number = select(projects.c.id).where(projects.c.name == project).scalar_subquery()
    lifted = 0
    for skip in removed:
        gone = connection.execute(
            delete(skips).where(
                skips.c.project_id == number,
                skips.c.versions == _versions(skip),
                skips.c.target == (skip.target or _EVERY),
            )
        )
        lifted += gone.rowcount
    if lifted:
        mark_to_plan(connection, [project], at=at)
    return lifted


def skips_of(connection: Connection, project: ProjectName) -> list[Skip]:
    """Return what is skipped of a project, the oldest first."""
    rows = connection.execute(
        select(skips, projects.c.name.label("project"))
        .join(projects, projects.c.id == skips.c.project_id)
        .where(projects.c.name == project)
        .order_by(skips.c.id)
    )
    return [skip_of(row) for row in rows]


def skip_of(row: Row[Any]) -> Skip:
    """Return the skip of a row that has the columns of `skips`, and `project`."""
    return Skip(
        project=ProjectName(row.project),
        reason=row.reason,
        versions=SpecifierSet(row.versions),
        target=TargetName(row.target) if row.target else None,
    )


def _versions(skip: Skip) -> str:
    """Return the specifiers in one order, so that the same set is the same skip."""
    return ",".join(sorted(str(specifier) for specifier in skip.versions))
