"""What planning reads: whole projects, many at a time, in one query for each table."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from packaging.version import Version
from sqlalchemy import Connection, Row, Table, exists, func, insert, select

from wheelyard.database.release_records import release_records
from wheelyard.database.skips import skip_of
from wheelyard.database.tables import projects, releases, skips, wants
from wheelyard.model.names import ProjectName
from wheelyard.model.plan import ProjectRecord
from wheelyard.model.project import Want


def release_counts(
    connection: Connection, names: Collection[ProjectName]
) -> dict[ProjectName, int]:
    """Return how many releases projects have on record; one without any is left out."""
    rows = connection.execute(
        select(projects.c.name, func.count())
        .join_from(releases, projects, projects.c.id == releases.c.project_id)
        .where(projects.c.name.in_(names))
        .group_by(projects.c.name)
    )
    return {ProjectName(name): count for name, count in rows}


def add_wanted_releases(
    connection: Connection, names: Collection[ProjectName], *, at: datetime
) -> None:
    """Put versions on record that somebody asked for and upstream has never had, as removed."""
    is_known = exists().where(
        releases.c.project_id == wants.c.project_id,
        releases.c.version_key == wants.c.version_key,
    )
    rows = connection.execute(
        select(wants.c.project_id, wants.c.version, wants.c.version_key)
        .join(projects, projects.c.id == wants.c.project_id)
        .where(projects.c.name.in_(names), wants.c.version.is_not(None), ~is_known)
    )
    missing = [row._asdict() | {"removed_at": at} for row in rows]
    if missing:
        connection.execute(insert(releases), missing)


def project_records(connection: Connection, names: Collection[ProjectName]) -> list[ProjectRecord]:
    """Return all that is on record of projects, in no order; files have no URLs here."""
    rows = connection.execute(select(projects).where(projects.c.name.in_(names))).all()
    known = {row.id: ProjectName(row.name) for row in rows}
    asked = _of_projects(connection, wants, known)
    skipped = _of_projects(connection, skips, known)
    found = release_records(connection, known)
    return [
        ProjectRecord(
            name=known[row.id],
            status=row.status,
            status_reason=row.status_reason,
            owner=row.owner,
            demand=row.demand,
            is_followed=row.followed,
            wants=tuple(_want(want) for want in asked[row.id]),
            skips=tuple(skip_of(skip) for skip in skipped[row.id]),
            releases=tuple(found[row.id]),
        )
        for row in rows
    ]


def _of_projects(
    connection: Connection, table: Table, numbers: Collection[int]
) -> defaultdict[int, list[Row[Any]]]:
    """Return a table's rows by the number of the project that they belong to, oldest first."""
    rows = connection.execute(
        select(table, projects.c.name.label("project"))
        .join(projects, projects.c.id == table.c.project_id)
        .where(table.c.project_id.in_(numbers))
        .order_by(table.c.id)
    )
    grouped: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        grouped[row.project_id].append(row)
    return grouped


def _want(row: Row[Any]) -> Want:
    return Want(
        project=ProjectName(row.project),
        version=None if row.version is None else Version(row.version),
        force=row.force,
    )
