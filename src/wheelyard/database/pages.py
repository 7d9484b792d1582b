"""The outbox: projects whose pages are to be written again."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from wheelyard.database.dialect import insert
from wheelyard.database.releases import project_id
from wheelyard.database.state import next_serial
from wheelyard.database.tables import pages, projects
from wheelyard.errors import UnknownProject
from wheelyard.model.names import ProjectName


@dataclass(frozen=True, slots=True)
class PageToWrite:
    """A project whose pages are to be written, and our serial that they then have."""

    project: ProjectName
    revision: int


def mark_page(connection: Connection, project: ProjectName) -> None:
    """Have a project's pages written again, under our next serial.

    It comes last in a transaction: until that ends, nobody else gets a serial.

    Raises:
        UnknownProject: if there is no such project on record.
    """
    number = project_id(connection, project)
    if number is None:
        raise UnknownProject(project)
    serial = next_serial(connection)
    statement = insert(connection, pages).values(project_id=number, revision=serial)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[pages.c.project_id], set_={"revision": serial}
        )
    )
    connection.execute(update(projects).where(projects.c.id == number).values(serial=serial))


def pages_to_write(connection: Connection, *, limit: int) -> list[PageToWrite]:
    """Return projects whose pages are to be written, those that were marked first before others."""
    rows = connection.execute(
        select(projects.c.name, pages.c.revision)
        .join(projects, projects.c.id == pages.c.project_id)
        .order_by(pages.c.revision)
        .limit(limit)
    )
    return [PageToWrite(ProjectName(row.name), row.revision) for row in rows]


def page_written(connection: Connection, project: ProjectName, revision: int) -> None:
    """Take a project out of the outbox, unless it was marked again after `revision`."""
    number = select(projects.c.id).where(projects.c.name == project).scalar_subquery()
    connection.execute(
        delete(pages).where(pages.c.project_id == number, pages.c.revision == revision)
    )
