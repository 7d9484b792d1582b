"""All projects that have a page, in parts that stay what they are, for search engines."""

from sqlalchemy import Connection, func, select

from wheelyard.database.tables import projects
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectStatus

PART = 10_000
"""So many projects' numbers are in one part; a list for search engines holds at most 50,000."""


def site_parts(connection: Connection) -> int:
    """Return how many parts there are."""
    last = connection.scalar(select(func.max(projects.c.id)))
    return 0 if last is None else last // PART + 1


def projects_of_part(connection: Connection, part: int) -> list[ProjectName]:
    """Return the projects of a part, from 0, that have a page and were not withdrawn."""
    number = projects.c.id
    found = connection.scalars(
        select(projects.c.name)
        .where(
            number >= part * PART,
            number < (part + 1) * PART,
            projects.c.serial.is_not(None),
            projects.c.removed_at.is_(None),
            projects.c.status != ProjectStatus.QUARANTINED,
        )
        .order_by(number)
    )
    return [ProjectName(name) for name in found]
