"""Following projects, and having them read, because an operator says so."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, update

from wheelyard.database.demand import rank
from wheelyard.database.due import DueLevel, due_values, follow
from wheelyard.database.tables import projects
from wheelyard.errors import UnknownProject
from wheelyard.model.names import ProjectName

_NAMES_AT_ONCE = 5000


def mark_followed(
    connection: Connection, demand: Mapping[ProjectName, int | None], *, at: datetime
) -> None:
    """Follow projects, and let those be read that never were.

    What a ranking says of their demand replaces what it said; None leaves it.
    """
    names = sorted(demand)
    follow(connection, names, at=at)
    for start in range(0, len(names), _NAMES_AT_ONCE):
        some = names[start : start + _NAMES_AT_ONCE]
        connection.execute(
            update(projects)
            .where(projects.c.name.in_(some), projects.c.read_at.is_(None))
            .values(due_values(DueLevel.FIRST_FILL, at=at))
        )
    rank(connection, {name: asked for name, asked in demand.items() if asked is not None}, at=at)


def mark_asked(connection: Connection, names: Iterable[ProjectName], *, at: datetime) -> None:
    """Let projects be read because an operator says so, whole, even if nothing has changed.

    Raises:
        UnknownProject: if one is not on record.
    """
    for name in sorted(set(names)):
        marked = connection.execute(
            update(projects)
            .where(projects.c.name == name)
            .values(due_values(DueLevel.ASKED, at=at) | {"etag": None})
        )
        if marked.rowcount == 0:
            raise UnknownProject(name, "It is not on record here; see `wheelyard project add`")
