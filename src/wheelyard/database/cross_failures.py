"""Which projects cross compilers fail with, from which version on, and why."""

from datetime import datetime

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from sqlalchemy import Connection, delete, insert, select

from wheelyard.database.releases import ensure_project
from wheelyard.database.tables import cross_failures, projects
from wheelyard.model.crossing import CrossFailure
from wheelyard.model.names import ProjectName


def record_cross_failure(  # noqa: PLR0913 - what is remembered
    connection: Connection,
    project: ProjectName,
    version: Version,
    architecture: str,
    reason: str,
    *,
    at: datetime,
) -> None:
    """Remember that a project is not to be cross-compiled, from this version on.

    What a lower version has taught already holds for this one; what a higher one has is now known
    from this one on.
    """
    known = cross_failures_of(connection, project)
    if any(each.holds(version, architecture) for each in known):
        return
    number = ensure_project(connection, project, at=at)
    connection.execute(
        delete(cross_failures).where(
            cross_failures.c.project_id == number, cross_failures.c.architecture == architecture
        )
    )
    connection.execute(
        insert(cross_failures).values(
            project_id=number,
            architecture=architecture,
            versions=f">={version.public}",
            reason=reason,
            failed_at=at,
        )
    )


def cross_failures_of(connection: Connection, project: ProjectName) -> list[CrossFailure]:
    """Return what is known of a project, by architecture."""
    query = (
        select(cross_failures)
        .join(projects, projects.c.id == cross_failures.c.project_id)
        .where(projects.c.name == project)
        .order_by(cross_failures.c.architecture)
    )
    return [
        CrossFailure(
            architecture=row.architecture,
            versions=SpecifierSet(row.versions),
            reason=row.reason,
            failed_at=row.failed_at,
        )
        for row in connection.execute(query)
    ]


def forget_cross_failures(connection: Connection, project: ProjectName) -> int:
    """Forget what is known of a project; return how much that was."""
    of_project = select(projects.c.id).where(projects.c.name == project).scalar_subquery()
    gone = connection.execute(
        delete(cross_failures).where(cross_failures.c.project_id == of_project)
    )
    return gone.rowcount
