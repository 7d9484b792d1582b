"""Upstream's pages as stored: reconciled whole, so that no event can be missed."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from wheelyard.database.columns import clean
from wheelyard.database.pages import mark_page
from wheelyard.database.releases import ensure_project, ensure_releases, version_key
from wheelyard.database.tables import projects, releases, upstream_files
from wheelyard.model.names import Filename, ProjectName
from wheelyard.model.project import ProjectPage, UpstreamFile
from wheelyard.model.project import releases as grouped


def stored_page(connection: Connection, project: ProjectName) -> ProjectPage | None:
    """Return a project's page as last saved, whole; None if it was never read.

    A project that was removed upstream has a page without files.
    """
    row = connection.execute(
        select(projects).where(projects.c.name == project, projects.c.read_at.is_not(None))
    ).one_or_none()
    if row is None:
        return None
    files = connection.execute(
        select(upstream_files)
        .where(upstream_files.c.project_id == row.id, upstream_files.c.removed_at.is_(None))
        .order_by(upstream_files.c.position)
    )
    return ProjectPage(
        name=project,
        files=tuple(_file(file) for file in files),
        display_name=row.display_name,
        status=row.status,
        status_reason=row.status_reason,
        serial=row.upstream_serial,
        summary=row.summary,
        owner=row.owner,
    )


def save_page(connection: Connection, page: ProjectPage, *, at: datetime) -> bool:
    """Make what is stored of a project equal to its page, and note that it was read.

    Releases and files that the page has not stay on record as removed. If anything but upstream's
    serial changed, the project is to be planned and its pages are to be written; returns whether
    it did. Of several files of one name the first counts; what no database can hold in a text for
    people becomes U+FFFD. It ends with `mark_page`, so it comes last in a transaction.

    Raises:
        BadInput: if a filename, URL or number cannot be stored.
    """
    page = _storable(page)
    number = ensure_project(connection, page.name, at=at)
    before = stored_page(connection, page.name)
    was_removed = connection.scalar(
        select(projects.c.removed_at.is_not(None)).where(projects.c.id == number)
    )
    connection.execute(
        update(projects).where(projects.c.id == number).values(_read_values(page, at=at))
    )
    has_changed = before is None or bool(was_removed) or replace(before, serial=page.serial) != page
    if not has_changed:
        return False
    if before is None or before.files != page.files:
        _reconcile_files(connection, number, page, at=at)
    _mark_changed(connection, page.name, at=at)
    return True


def remove_project(connection: Connection, project: ProjectName, *, at: datetime) -> bool:
    """Note that upstream has no such project any more; false if that was known, or it never had.

    Everything stays on record, marked as removed; the project is to be planned and its pages are
    to be written. It ends with `mark_page`, so it comes last in a transaction.
    """
    number = ensure_project(connection, project, at=at)
    removed = connection.execute(
        update(projects)
        .where(
            projects.c.id == number,
            projects.c.removed_at.is_(None),
            projects.c.read_at.is_not(None),
        )
        .values(removed_at=at)
    )
    if removed.rowcount == 0:
        return False
    _reconcile_files(connection, number, ProjectPage(name=project, files=()), at=at)
    _mark_changed(connection, project, at=at)
    return True


def _mark_changed(connection: Connection, project: ProjectName, *, at: datetime) -> None:
    connection.execute(
        update(projects)
        .where(projects.c.name == project)
        .values(plan_from=func.coalesce(projects.c.plan_from, at))
    )
    mark_page(connection, project)


def _storable(page: ProjectPage) -> ProjectPage:
    """Return the page as it comes back from the database, to be compared with what is stored."""
    files: dict[Filename, UpstreamFile] = {}
    for file in page.files:
        files.setdefault(
            file.filename,
            replace(
                file,
                requires_python=_clean(file.requires_python),
                yanked_reason=_clean(file.yanked_reason),
            ),
        )
    return replace(
        page,
        files=tuple(files.values()),
        display_name=_clean(page.display_name),
        status_reason=_clean(page.status_reason),
        summary=_clean(page.summary),
        owner=_clean(page.owner),
    )


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)


def _read_values(page: ProjectPage, *, at: datetime) -> dict[str, Any]:
    return {
        "display_name": page.display_name,
        "summary": page.summary,
        "owner": page.owner,
        "status": page.status,
        "status_reason": page.status_reason,
        "upstream_serial": page.serial,
        "read_at": at,
        "polled_at": at,
        "error": None,
        "missing_count": 0,
        "missing_since": None,
        "removed_at": None,
    }


def _reconcile_files(
    connection: Connection, owner: int, page: ProjectPage, *, at: datetime
) -> None:
    release_numbers = _reconcile_releases(connection, owner, page, at=at)
    stored = {
        row.filename: row
        for row in connection.execute(
            select(upstream_files).where(upstream_files.c.project_id == owner)
        )
    }
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for position, file in enumerate(page.files):
        version = file.parsed(page.name).version
        values = _values(file) | {
            "position": position,
            "release_id": None if version is None else release_numbers[version_key(version)],
        }
        row = stored.pop(file.filename, None)
        if row is None:
            new.append(values | {"project_id": owner})
        elif any(getattr(row, name) != value for name, value in values.items()):
            changed.append(values | {"file_id": row.id})
    changed += [
        {"file_id": row.id, "removed_at": at} for row in stored.values() if row.removed_at is None
    ]
    if new:
        connection.execute(insert(upstream_files), new)
    for values in changed:
        number = values.pop("file_id")
        connection.execute(
            update(upstream_files).where(upstream_files.c.id == number).values(values)
        )


def _reconcile_releases(
    connection: Connection, owner: int, page: ProjectPage, *, at: datetime
) -> dict[str, int]:
    """Make the releases' rows agree with a page; return their numbers by version key."""
    current = {version_key(version): release for version, release in grouped(page).items()}
    numbers = ensure_releases(
        connection, owner, [release.version for release in current.values()], at=at
    )
    stored = connection.execute(select(releases).where(releases.c.project_id == owner))
    for row in stored.all():
        release = current.get(row.version_key)
        uploads = [file.uploaded_at for file in release.files] if release else []
        values: dict[str, Any] = {
            "removed_at": None if release else row.removed_at or at,
            "uploaded_at": min(filter(None, uploads), default=row.uploaded_at),
        }
        if any(getattr(row, name) != value for name, value in values.items()):
            connection.execute(update(releases).where(releases.c.id == row.id).values(values))
    return numbers


def _values(file: UpstreamFile) -> dict[str, Any]:
    return {
        "filename": file.filename,
        "url": file.url,
        "hashes": file.hashes,
        "size": file.size,
        "requires_python": file.requires_python,
        "yanked": file.yanked,
        "yanked_reason": file.yanked_reason,
        "uploaded_at": file.uploaded_at,
        "core_metadata": file.core_metadata,
        "provenance": file.provenance,
        "gpg_sig": file.gpg_sig,
        "removed_at": None,
    }


def _file(row: Row[Any]) -> UpstreamFile:
    return UpstreamFile(
        filename=Filename(row.filename),
        url=row.url,
        hashes=row.hashes,
        size=row.size,
        requires_python=row.requires_python,
        yanked=row.yanked,
        yanked_reason=row.yanked_reason,
        uploaded_at=row.uploaded_at,
        core_metadata=row.core_metadata,
        provenance=row.provenance,
        gpg_sig=row.gpg_sig,
    )
