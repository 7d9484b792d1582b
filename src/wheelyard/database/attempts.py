"""The last attempts at releases that were not built, as grids of versions show them."""

from collections.abc import Collection

from packaging.version import Version
from sqlalchemy import Connection, func, select

from wheelyard.database.releases import releases_are
from wheelyard.database.tables import builds, projects, releases, targets
from wheelyard.model.build import BuildState
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.summary import LastAttempt


def last_attempts(
    connection: Connection, project: ProjectName, *, versions: Collection[Version] | None = None
) -> dict[tuple[Version, TargetName], LastAttempt]:
    """Return the last attempts of a project, or some versions, by release and target.

    Those that succeeded are left out: what they made tells more.
    """
    rows = connection.execute(
        select(
            builds.c.id,
            builds.c.state,
            func.coalesce(builds.c.cause_kind, builds.c.failure_kind).label("cause"),
            releases.c.version,
            targets.c.name.label("target"),
        )
        .join_from(builds, releases, releases.c.id == builds.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == builds.c.target_id)
        .where(releases_are(project, versions))
        .order_by(builds.c.started_at, builds.c.id)
    )
    last = {
        (Version(row.version), TargetName(row.target)): LastAttempt(
            id=row.id, state=row.state, cause=row.cause
        )
        for row in rows
    }
    return {
        place: attempt
        for place, attempt in last.items()
        if attempt.state is not BuildState.SUCCEEDED
    }
