"""What wheels are made for."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from wheelyard.database.dialect import insert
from wheelyard.database.tables import projects, targets, wants
from wheelyard.model.target import Target


def save_targets(connection: Connection, active: Sequence[Target]) -> None:
    """Make exactly these targets active; others stay on record, retired.

    If that changes anything, every wanted project is planned again.
    """
    if sorted(active, key=lambda target: target.name) == active_targets(connection):
        return
    names = [target.name for target in active]
    connection.execute(update(targets).where(targets.c.name.not_in(names)).values(retired=True))
    for target in active:
        values = _values(target)
        statement = insert(connection, targets).values(values)
        connection.execute(
            statement.on_conflict_do_update(index_elements=[targets.c.name], set_=values)
        )
    _plan_everything(connection)


def _plan_everything(connection: Connection) -> None:
    """Mark all wanted projects for planning, at the moment of their creation: first of all."""
    wanted = select(wants.c.project_id)
    connection.execute(
        update(projects)
        .where(projects.c.id.in_(wanted))
        .values(plan_from=func.coalesce(projects.c.plan_from, projects.c.created_at))
    )


def active_targets(connection: Connection) -> list[Target]:
    """Return the targets that wheels are made for, by name."""
    rows = connection.execute(
        select(targets).where(targets.c.retired.is_(False)).order_by(targets.c.name)
    )
    return [target_of(row) for row in rows]


def _values(target: Target) -> dict[str, Any]:
    return {
        "name": target.name,
        "channel": target.channel,
        "python_major": target.python[0],
        "python_minor": target.python[1],
        "python_full": target.python_full,
        "architecture": target.architecture,
        "glibc_major": target.glibc[0],
        "glibc_minor": target.glibc[1],
        "retired": False,
    }


def target_of(row: Row[Any]) -> Target:
    """Return the target of a row that has the columns of `targets`."""
    return Target(
        channel=row.channel,
        python=(row.python_major, row.python_minor),
        architecture=row.architecture,
        glibc=(row.glibc_major, row.glibc_minor),
        python_full=row.python_full,
    )
