"""The outbox: projects whose pages are to be written again."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from sqlalchemy import Case, Connection, Select, case, delete, func, literal, or_, select, update

from wheelyard.database.dialect import insert, locked
from wheelyard.database.state import next_serials
from wheelyard.database.tables import pages, projects
from wheelyard.errors import UnknownProject
from wheelyard.model.names import ProjectName

_NAMES_AT_ONCE = 500


class PageLevel(IntEnum):
    """Whose pages are written first."""

    URGENT = 0
    """Upstream changed something about wheels that we offer, or withdrew them."""

    NORMAL = 1
    """Anything else has changed."""

    ANY_TIME = 2
    """Only the form of the pages has changed."""


@dataclass(frozen=True, slots=True)
class PageToWrite:
    """A project whose pages are to be written, and our serial that they then have."""

    project: ProjectName
    revision: int


def mark_page(connection: Connection, project: ProjectName) -> None:
    """Have a project's pages written again; see `mark_pages`."""
    mark_pages(connection, [project])


def mark_pages(connection: Connection, names: Collection[ProjectName]) -> None:
    """Have projects' pages written again, each under a serial of ours that is its own.

    It comes last in a transaction: until that ends, nobody else gets a serial.

    Raises:
        UnknownProject: if there is no such project on record.
    """
    ordered = sorted(set(names))
    for start in range(0, len(ordered), _NAMES_AT_ONCE):
        _mark(connection, ordered[start : start + _NAMES_AT_ONCE])


def _mark(connection: Connection, names: list[ProjectName]) -> None:
    found = connection.execute(
        select(projects.c.name, projects.c.id).where(projects.c.name.in_(names))
    )
    numbers = {row.name: row.id for row in found}
    for name in names:
        if name not in numbers:
            raise UnknownProject(name)
    first = next_serials(connection, len(names))
    serials = {numbers[name]: first + place for place, name in enumerate(names)}
    statement = insert(connection, pages)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[pages.c.project_id],
            set_={"revision": statement.excluded.revision, "level": _at_least_normal()},
        ),
        [
            {"project_id": number, "revision": serial, "level": PageLevel.NORMAL}
            for number, serial in serials.items()
        ],
    )
    _copy_serials(connection, list(serials))


def _at_least_normal() -> Case[int]:
    return case((pages.c.level > PageLevel.NORMAL, PageLevel.NORMAL), else_=pages.c.level)


def _copy_serials(connection: Connection, numbers: Collection[int] | None) -> None:
    """Give projects the serial that their pages will have: those of these numbers, or all."""
    revision = select(pages.c.revision).where(pages.c.project_id == projects.c.id).scalar_subquery()
    chosen = projects.c.serial.is_not(None) if numbers is None else projects.c.id.in_(numbers)
    connection.execute(update(projects).where(chosen).values(serial=revision))


def hurry_page(connection: Connection, project: ProjectName) -> None:
    """Have a project's pages, if they wait to be written, written before others."""
    number = select(projects.c.id).where(projects.c.name == project).scalar_subquery()
    connection.execute(
        update(pages).where(pages.c.project_id == number).values(level=PageLevel.URGENT)
    )


def mark_all_pages(connection: Connection) -> None:
    """Have the pages of every project that has some written again; last in a transaction.

    They are written after all others, but for those that wait already: these keep their place.
    """
    has_pages = projects.c.serial.is_not(None)
    count = connection.scalar(select(func.count()).select_from(projects).where(has_pages)) or 0
    first = next_serials(connection, count)
    place = func.row_number().over(order_by=projects.c.id)
    statement = insert(connection, pages).from_select(
        ["project_id", "revision", "level"],
        select(projects.c.id, first - 1 + place, literal(PageLevel.ANY_TIME.value)).where(
            has_pages
        ),
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[pages.c.project_id], set_={"revision": statement.excluded.revision}
        )
    )
    _copy_serials(connection, None)


def take_pages(
    connection: Connection, *, now: datetime, limit: int, lasts: timedelta
) -> list[PageToWrite]:
    """Take projects out of others' sight, to write their pages: by level, the first marked first.

    Whoever takes them has them for as long as that `lasts`; pages that were not written by then
    are anybody's again.
    """
    free = (
        select(pages.c.project_id)
        .where(or_(pages.c.taken_until.is_(None), pages.c.taken_until <= now))
        .order_by(pages.c.level, pages.c.revision)
        .limit(limit)
    )
    chosen = locked(connection, free, of=pages, skip_locked=True)
    numbers = list(connection.scalars(chosen))
    if not numbers:
        return []
    mine = pages.c.project_id.in_(numbers)
    connection.execute(update(pages).where(mine).values(taken_until=now + lasts))
    return _waiting(connection, _in_order().where(mine))


def pages_to_write(connection: Connection, *, limit: int) -> list[PageToWrite]:
    """Return projects whose pages are still to be written, taken or not, in their order."""
    return _waiting(connection, _in_order().limit(limit))


def _in_order() -> Select[tuple[str, int]]:
    return (
        select(projects.c.name, pages.c.revision)
        .join(projects, projects.c.id == pages.c.project_id)
        .order_by(pages.c.level, pages.c.revision)
    )


def _waiting(connection: Connection, query: Select[tuple[str, int]]) -> list[PageToWrite]:
    return [PageToWrite(ProjectName(row.name), row.revision) for row in connection.execute(query)]


def give_pages_back(connection: Connection, taken: Collection[PageToWrite]) -> None:
    """Let others have what was taken and could not be written."""
    revisions = [page.revision for page in taken]
    connection.execute(
        update(pages).where(pages.c.revision.in_(revisions)).values(taken_until=None)
    )


def page_written(connection: Connection, project: ProjectName, revision: int) -> None:
    """Take a project out of the outbox; if it was marked again after `revision`, give it back."""
    number = select(projects.c.id).where(projects.c.name == project).scalar_subquery()
    of_project = pages.c.project_id == number
    connection.execute(delete(pages).where(of_project, pages.c.revision == revision))
    connection.execute(update(pages).where(of_project).values(taken_until=None))
