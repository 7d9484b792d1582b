"""Certificates: what was checked of our wheels."""

from collections.abc import Collection
from datetime import datetime

from packaging.version import Version
from sqlalchemy import delete, insert, select

from wheelyard.database.engine import Connection
from wheelyard.database.releases import releases_are
from wheelyard.database.tables import certificates, projects, releases, wheels
from wheelyard.errors import NotStored
from wheelyard.model.certificate import (
    Certificate,
    Certification,
    certificate_document,
    parse_certificate,
)
from wheelyard.model.names import Filename, ProjectName
from wheelyard.model.wheel import Wheel


def record_certificate(
    connection: Connection, wheel: Wheel, certificate: Certificate, *, at: datetime
) -> None:
    """Keep what was checked of a wheel, in place of what was checked of it before.

    Raises:
        NotStored: if the wheel is not on record.
    """
    number = connection.scalar(
        select(wheels.c.id).where(
            wheels.c.build_id == wheel.build_id, wheels.c.filename == wheel.file.filename
        )
    )
    if number is None:
        raise NotStored(f"{wheel.file.filename}, a wheel of build {wheel.build_id}")
    connection.execute(delete(certificates).where(certificates.c.wheel_id == number))
    connection.execute(
        insert(certificates).values(
            wheel_id=number,
            checked_at=at,
            passed=certificate.is_passed,
            document=certificate_document(certificate),
        )
    )


def certificates_of_project(
    connection: Connection, project: ProjectName, *, versions: Collection[Version] | None = None
) -> dict[tuple[str, Filename], Certification]:
    """Return certificates of a project's wheels, or of some versions, by build and filename."""
    rows = connection.execute(
        select(wheels.c.build_id, wheels.c.filename, certificates)
        .join_from(certificates, wheels, wheels.c.id == certificates.c.wheel_id)
        .join(releases, releases.c.id == wheels.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(releases_are(project, versions))
    )
    return {
        (row.build_id, Filename(row.filename)): Certification(
            certificate=parse_certificate(row.document), checked_at=row.checked_at
        )
        for row in rows
    }
