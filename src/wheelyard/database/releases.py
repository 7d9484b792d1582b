"""Finding, and where need be making, the rows that others refer to."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from packaging.utils import canonicalize_version
from packaging.version import Version
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, select

from wheelyard.database.dialect import insert, locked
from wheelyard.database.tables import projects, releases, targets, upstream_files
from wheelyard.errors import UnknownTarget
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.project import ProjectStatus


def version_key(version: Version) -> str:
    """Return the form of a version that is the same for equal ones (`1.0` and `1.0.0`)."""
    return canonicalize_version(version)


def project_id(connection: Connection, project: ProjectName) -> int | None:
    """Return the number of a project's row; None if there is none."""
    return connection.scalar(select(projects.c.id).where(projects.c.name == project))


def ensure_project(connection: Connection, project: ProjectName, *, at: datetime) -> int:
    """Return the number of a project's row, locked, making the row if need be."""
    statement = insert(connection, projects).values(
        name=project, status=ProjectStatus.ACTIVE, missing_count=0, created_at=at
    )
    connection.execute(statement.on_conflict_do_nothing())
    row = select(projects.c.id).where(projects.c.name == project)
    return int(connection.scalars(locked(connection, row, of=projects)).one())


def ensure_releases(
    connection: Connection, owner: int, versions: Iterable[Version], *, at: datetime
) -> dict[str, int]:
    """Return the numbers of releases' rows by version key, making rows if need be.

    A row made here is one that upstream does not have, until a page says otherwise.
    """
    new = [
        {
            "project_id": owner,
            "version": str(version),
            "version_key": version_key(version),
            "removed_at": at,
        }
        for version in versions
    ]
    if new:
        connection.execute(insert(connection, releases).on_conflict_do_nothing(), new)
    found = connection.execute(
        select(releases.c.version_key, releases.c.id).where(releases.c.project_id == owner)
    )
    return {key: number for key, number in found}  # noqa: C416 - rows are not pairs to mypy


def was_removed() -> ColumnElement[bool]:
    """Return the condition that upstream had a release, and has it no more."""
    was_there = exists().where(upstream_files.c.release_id == releases.c.id)
    return and_(releases.c.removed_at.is_not(None), was_there)


def removed_versions(connection: Connection, project: ProjectName) -> frozenset[Version]:
    """Return the versions of a project that upstream had, and has no more.

    One that was closed counts as never read: pages lead to its builds until it is removed.
    """
    found = connection.scalars(
        select(releases.c.version)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(projects.c.name == project, projects.c.read_at.is_not(None), was_removed())
    )
    return frozenset(Version(version) for version in found)


def upload_times(
    connection: Connection, project: ProjectName, *, versions: Collection[Version] | None = None
) -> dict[Version, datetime | None]:
    """Return the versions that upstream has of a project, and when each was first uploaded."""
    rows = connection.execute(
        select(releases.c.version, releases.c.uploaded_at)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(releases_are(project, versions), releases.c.removed_at.is_(None))
    )
    return {Version(row.version): row.uploaded_at for row in rows}


def releases_are(project: ProjectName, versions: Collection[Version] | None) -> ColumnElement[bool]:
    """Return the condition that picks a project's releases, or some, where both are joined."""
    if versions is None:
        return projects.c.name == project
    return (projects.c.name == project) & releases.c.version_key.in_(map(version_key, versions))


def release_is(project: ProjectName, version: Version) -> ColumnElement[bool]:
    """Return the condition that picks one release, where `releases` and `projects` are joined."""
    return (projects.c.name == project) & (releases.c.version_key == version_key(version))


def target_ids(connection: Connection, names: Collection[TargetName]) -> dict[TargetName, int]:
    """Return the numbers of targets' rows by name, retired targets among them.

    Raises:
        UnknownTarget: if there is no target of one of the names.
    """
    rows: list[Row[Any]] = list(
        connection.execute(select(targets.c.name, targets.c.id).where(targets.c.name.in_(names)))
    )
    found = {TargetName(row.name): int(row.id) for row in rows}
    for name in names:
        if name not in found:
            raise UnknownTarget(name, "Known targets are those of the settings")
    return found
