"""Wheels that we made."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from packaging.version import Version
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    case,
    exists,
    func,
    select,
    true,
    update,
)
from sqlalchemy import insert as plain_insert

from wheelyard.database.dialect import insert
from wheelyard.database.releases import release_is, releases_are
from wheelyard.database.tables import (
    builds,
    certificates,
    projects,
    releases,
    targets,
    upstream_files,
    wheel_dependencies,
    wheels,
)
from wheelyard.errors import InvalidName, NotStored, UploadRefused
from wheelyard.model.names import (
    Filename,
    ProjectName,
    Sha256,
    TargetName,
    parse_filename,
    parse_sha256,
    untagged,
)
from wheelyard.model.target import portable_from
from wheelyard.model.wheel import Wheel, WheelFile, WheelState, package_path


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelCounts:
    """How many wheels there are on the index, and of how many projects."""

    wheels: int
    projects: int


def record_wheel(
    connection: Connection, wheel: Wheel, *, dependencies: Collection[str] = ()
) -> Wheel:
    """Put a wheel on record, with the Debian packages that its users need besides.

    `yanked` is upstream's to say and not recorded. Returns the wheel on record: this one, or an
    earlier one of the same name and bytes in the same channel, in whatever state that is.

    Raises:
        UploadRefused: if the channel has had other bytes under the filename.
        NotStored: if the build is not on record, or is of another release or target.
    """
    origin = connection.execute(
        select(builds.c.release_id, builds.c.target_id, targets.c.channel)
        .join_from(builds, releases, releases.c.id == builds.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == builds.c.target_id)
        .where(
            builds.c.id == wheel.build_id,
            release_is(wheel.project, wheel.version),
            targets.c.name == wheel.target,
        )
    ).one_or_none()
    if origin is None:
        raise NotStored(
            f"{wheel.build_id}, a build of {wheel.project} {wheel.version} for {wheel.target}"
        )
    build_tag = wheel.file.name.build_tag
    statement = insert(connection, wheels).values(
        release_id=origin.release_id,
        target_id=origin.target_id,
        channel=origin.channel,
        build_id=wheel.build_id,
        filename=wheel.file.filename,
        untagged_filename=untagged(wheel.file.filename),
        build_tag=f"{build_tag[0]}{build_tag[1]}" if build_tag else None,
        size=wheel.file.size,
        sha256=wheel.file.sha256,
        metadata_sha256=wheel.file.metadata_sha256,
        requires_python=wheel.file.requires_python,
        state=wheel.state,
        uploaded_at=wheel.uploaded_at,
        portable_from=None if dependencies else _portable_from(wheel.file),
    )
    # psycopg tells the number of inserted rows only while its cursor is open: ask for the row.
    added = statement.on_conflict_do_nothing().returning(wheels.c.id)
    is_new = connection.execute(added).one_or_none() is not None
    on_record = connection.execute(
        _query().where(wheels.c.channel == origin.channel, wheels.c.filename == wheel.file.filename)
    ).one()
    if on_record.sha256 != wheel.file.sha256:
        raise UploadRefused(
            f"{origin.channel}: {wheel.file.filename}",
            "The channel has had other bytes under this name; a new build number is needed",
        )
    if is_new and dependencies:
        connection.execute(
            plain_insert(wheel_dependencies),
            [{"wheel_id": on_record.id, "package": package} for package in sorted(dependencies)],
        )
    return _wheel(on_record)


def set_wheel_state(connection: Connection, wheel: Wheel, state: WheelState) -> bool:
    """Change what became of a wheel; false if it is not on record, or in that state already."""
    changed = connection.execute(
        update(wheels)
        .where(
            wheels.c.build_id == wheel.build_id,
            wheels.c.filename == wheel.file.filename,
            wheels.c.state != state,
        )
        .values(state=state)
    )
    return changed.rowcount == 1


def set_withheld(connection: Connection, path: str, *, is_withheld: bool) -> None:
    """Note whether the bytes at a path `packages/…` are served or kept aside, for all channels."""
    sha256 = parse_sha256(path.removeprefix("packages/").rpartition("/")[0].replace("/", ""))
    connection.execute(
        update(wheels)
        .where(wheels.c.sha256 == sha256, wheels.c.filename == path.rpartition("/")[2])
        .values(withheld=is_withheld)
    )


def wheels_with_sources(connection: Connection, project: ProjectName) -> list[tuple[Wheel, Sha256]]:
    """Return a project's wheels, each with the SHA-256 of the sdist that it was built from.

    Those that an operator recalled are left out: what upstream says does not matter to them.
    """
    rows = connection.execute(
        _query()
        .add_columns(builds.c.sdist_sha256)
        .join(builds, builds.c.id == wheels.c.build_id)
        .where(projects.c.name == project, wheels.c.recalled.is_(False))
    )
    return [(_wheel(row), Sha256(row.sdist_sha256)) for row in rows]


def newest_wheels(
    connection: Connection, *, project: ProjectName | None = None, limit: int
) -> list[Wheel]:
    """Return the published wheels, of one project or all, that were put on record last.

    The newest come first.
    """
    query = _query().where(wheels.c.state == WheelState.PUBLISHED)
    if project is not None:
        query = query.where(projects.c.name == project)
    rows = connection.execute(query.order_by(wheels.c.id.desc()).limit(limit))
    return [_wheel(row) for row in rows]


def wheel_counts(connection: Connection) -> WheelCounts:
    """Count the wheels that are published, and the projects that have any."""
    row = connection.execute(
        select(
            func.count(wheels.c.id).label("wheels"),
            func.count(releases.c.project_id.distinct()).label("projects"),
        )
        .join_from(wheels, releases, releases.c.id == wheels.c.release_id)
        .where(wheels.c.state == WheelState.PUBLISHED)
    ).one()
    return WheelCounts(wheels=row.wheels, projects=row.projects)


def uncertified_wheels(
    connection: Connection, *, target: TargetName | None, limit: int
) -> list[Wheel]:
    """Return published wheels (of a target) without a certificate, in the order of their making."""
    rows = connection.execute(
        _query()
        .where(
            wheels.c.state == WheelState.PUBLISHED,
            ~exists().where(certificates.c.wheel_id == wheels.c.id),
            true() if target is None else targets.c.name == target,
        )
        .order_by(wheels.c.id)
        .limit(limit)
    )
    return [_wheel(row) for row in rows]


def wheels_of_project(
    connection: Connection, project: ProjectName, *, versions: Collection[Version] | None = None
) -> list[Wheel]:
    """Return a project's wheels, or those of some versions, in every state.

    The newest version comes first, and of each they are ordered by filename.
    """
    rows = connection.execute(
        _query()
        .where(releases_are(project, versions))
        .order_by(wheels.c.filename, wheels.c.channel)
    )
    found = [_wheel(row) for row in rows]
    found.sort(key=lambda wheel: wheel.version, reverse=True)
    return found


def wheel_by_path(connection: Connection, path: str) -> Wheel | None:
    """Return the wheel at a path `packages/…` (`Wheel.path`); None if there never was one.

    Where several channels have the same bytes under the same name, one that is published goes
    before one that is not.
    """
    folder, _, name = path.rpartition("/")
    try:
        sha256 = parse_sha256(folder.removeprefix("packages/").replace("/", ""))
        filename = parse_filename(name)
    except InvalidName:
        return None
    if path != package_path(sha256, filename):
        return None
    rows = connection.execute(
        _query().where(wheels.c.sha256 == sha256, wheels.c.filename == filename)
    )
    best_first = list(WheelState)
    found = [_wheel(row) for row in rows]
    return min(found, key=lambda wheel: best_first.index(wheel.state), default=None)


def dependencies_of_project(
    connection: Connection, project: ProjectName, *, versions: Collection[Version] | None = None
) -> dict[Filename, tuple[str, ...]]:
    """Return the Debian packages that users of a project's wheels need, by filename."""
    rows = connection.execute(
        select(wheels.c.filename, wheel_dependencies.c.package)
        .join_from(wheels, wheel_dependencies, wheel_dependencies.c.wheel_id == wheels.c.id)
        .join(releases, releases.c.id == wheels.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(releases_are(project, versions))
        .distinct()
        .order_by(wheels.c.filename, wheel_dependencies.c.package)
    )
    found: dict[Filename, tuple[str, ...]] = {}
    for filename, package in rows:
        found[filename] = (*found.get(filename, ()), package)
    return found


def _query() -> Select[Any]:
    """Select wheels with upstream's yank of their release: it is one if every file is yanked."""
    return (
        select(
            wheels,
            projects.c.name.label("project"),
            releases.c.version,
            targets.c.name.label("target"),
            _of_release(func.min(case((upstream_files.c.yanked, 1), else_=0))).label("yanked"),
            _of_release(func.min(upstream_files.c.yanked_reason)).label("yanked_reason"),
        )
        .join_from(wheels, releases, releases.c.id == wheels.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == wheels.c.target_id)
    )


def _of_release(aggregate: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Select an aggregate of the files that upstream has of a wheel's release."""
    return (
        select(aggregate)
        .where(
            upstream_files.c.release_id == wheels.c.release_id,
            upstream_files.c.removed_at.is_(None),
        )
        .scalar_subquery()
    )


def _wheel(row: Row[Any]) -> Wheel:
    return Wheel(
        file=WheelFile(
            filename=Filename(row.filename),
            size=row.size,
            sha256=Sha256(row.sha256),
            metadata_sha256=Sha256(row.metadata_sha256),
            requires_python=row.requires_python,
        ),
        project=ProjectName(row.project),
        version=Version(row.version),
        target=TargetName(row.target),
        build_id=row.build_id,
        state=row.state,
        uploaded_at=row.uploaded_at,
        yanked=bool(row.yanked),
        yanked_reason=row.yanked_reason if row.yanked else None,
        is_withheld=row.withheld,
        is_recalled=row.recalled,
        portable_from=row.portable_from,
    )


def _portable_from(file: WheelFile) -> int | None:
    return portable_from(tag.platform for tag in file.name.tags)
