"""What people may be shown: nothing that upstream withdrew."""

from packaging.version import Version
from sqlalchemy import ColumnElement, Connection, and_, exists, select

from wheelyard.database.tables import decisions, projects, releases, upstream_files, wheels
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import WheelState


def shown_versions(connection: Connection, project: ProjectName) -> list[Version]:
    """Return the versions of a project that something was decided about, the newest first."""
    has_decision = exists().where(decisions.c.release_id == releases.c.id)
    found = connection.scalars(
        select(releases.c.version)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(projects.c.name == project, projects.c.read_at.is_not(None), has_decision)
        .where(is_shown())
    )
    return sorted(map(Version, found), reverse=True)


def is_shown() -> ColumnElement[bool]:
    """Return the condition that no page hides a release (`publish.selection.gone_versions`)."""
    file = upstream_files.alias("file")
    was_there = exists().where(file.c.release_id == releases.c.id)
    of_release = exists().where(wheels.c.release_id == releases.c.id)
    stands = of_release.where(wheels.c.state.in_([WheelState.PUBLISHED, WheelState.SUPERSEDED]))
    is_withdrawn = of_release.where(
        wheels.c.state == WheelState.WITHDRAWN, wheels.c.recalled.is_(False)
    )
    return and_(
        projects.c.status != ProjectStatus.QUARANTINED,
        projects.c.removed_at.is_(None),
        projects.c.read_at.is_(None) | releases.c.removed_at.is_(None) | ~was_there,
        stands | ~is_withdrawn,
    )
