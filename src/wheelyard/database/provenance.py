"""Where wheels come from."""

from typing import Any

from packaging.version import Version
from sqlalchemy import Connection, Row, Select, select

from wheelyard.database.tables import (
    builders,
    builds,
    certificates,
    projects,
    releases,
    targets,
    upstream_files,
    wheels,
)
from wheelyard.model.certificate import parse_certificate
from wheelyard.model.names import Filename, ProjectName, Sha256, TargetName
from wheelyard.model.wheel import Origin, Wheel, WheelState

_SERVED = (WheelState.PUBLISHED, WheelState.SUPERSEDED)


def origin_of(connection: Connection, wheel: Wheel) -> Origin:
    """Return where a wheel on record comes from."""
    row = connection.execute(
        _query().where(
            wheels.c.build_id == wheel.build_id, wheels.c.filename == wheel.file.filename
        )
    ).one()
    return _origin(row)


def served_origins(connection: Connection, *, after: int, limit: int) -> list[tuple[int, Origin]]:
    """Return where wheels come from that are served, with the numbers of their rows, by these.

    Only those after a number are returned, at most `limit`.
    """
    rows = connection.execute(
        _query()
        .where(wheels.c.id > after, wheels.c.state.in_(_SERVED), wheels.c.withheld.is_(False))
        .order_by(wheels.c.id)
        .limit(limit)
    )
    return [(row.id, _origin(row)) for row in rows]


def _query() -> Select[Any]:
    return (
        select(
            wheels.c.id,
            wheels.c.filename,
            wheels.c.sha256,
            wheels.c.build_id,
            projects.c.name.label("project"),
            releases.c.version,
            targets.c.name.label("target"),
            builds.c.number,
            builders.c.name.label("builder"),
            upstream_files.c.filename.label("sdist_filename"),
            builds.c.sdist_url,
            builds.c.sdist_sha256,
            builds.c.started_at,
            builds.c.finished_at,
            builds.c.limits,
            builds.c.environment,
            builds.c.environment_digest,
            builds.c.recipe_digest,
            certificates.c.document.label("certificate"),
        )
        .join_from(wheels, builds, builds.c.id == wheels.c.build_id)
        .join(builders, builders.c.id == builds.c.builder_id)
        .join(upstream_files, upstream_files.c.id == builds.c.sdist_id)
        .join(releases, releases.c.id == wheels.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == wheels.c.target_id)
        .outerjoin(certificates, certificates.c.wheel_id == wheels.c.id)
    )


def _origin(row: Row[Any]) -> Origin:
    return Origin(
        filename=Filename(row.filename),
        sha256=Sha256(row.sha256),
        project=ProjectName(row.project),
        version=Version(row.version),
        target=TargetName(row.target),
        build_id=row.build_id,
        number=row.number,
        builder=row.builder,
        sdist_filename=Filename(row.sdist_filename),
        sdist_url=row.sdist_url,
        sdist_sha256=Sha256(row.sdist_sha256),
        started_at=row.started_at,
        finished_at=row.finished_at,
        limits=row.limits or {},
        environment=row.environment,
        environment_digest=row.environment_digest,
        recipe_digest=row.recipe_digest,
        certificate=None if row.certificate is None else parse_certificate(row.certificate),
    )
