"""Wants, polls and plans, and everything that is known of a project."""

from collections.abc import Collection
from datetime import datetime

from packaging.version import Version
from sqlalchemy import Connection, exists, func, select, update

from wheelyard.database.attempts import last_attempts
from wheelyard.database.builds import build_summaries
from wheelyard.database.certificates import certificates_of_project
from wheelyard.database.cross_failures import cross_failures_of
from wheelyard.database.decisions import decisions, forget_unlucky_failures
from wheelyard.database.dialect import insert, locked
from wheelyard.database.due import DueLevel
from wheelyard.database.pages import mark_page
from wheelyard.database.plans import mark_to_plan
from wheelyard.database.releases import (
    ensure_project,
    removed_versions,
    upload_times,
    version_key,
)
from wheelyard.database.skips import skips_of
from wheelyard.database.tables import projects, releases
from wheelyard.database.tables import wants as wants_table
from wheelyard.database.tables import wheels as wheels_table
from wheelyard.database.upstream_pages import remove_project, save_page, stored_page
from wheelyard.database.wheels import dependencies_of_project, wheels_of_project
from wheelyard.model.names import ProjectName
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import Want
from wheelyard.model.wheel import WheelState

__all__ = [
    "project_overview",
    "project_serial",
    "published_projects",
    "record_missing",
    "record_poll_failure",
    "remove_project",
    "save_page",
    "start_planning",
    "stored_page",
    "want",
    "wants",
]

_OVERVIEW_BUILDS = 50


def want(connection: Connection, want: Want, *, at: datetime) -> None:
    """Note that a person asks for a project: it is to be read now, and to be planned.

    Asking for the same version again changes nothing but `force`, which is as last asked, and
    gives what failed through nobody's fault new tries.
    """
    number = ensure_project(connection, want.project, at=at)
    statement = insert(connection, wants_table).values(
        project_id=number,
        version=None if want.version is None else str(want.version),
        version_key="" if want.version is None else version_key(want.version),
        force=want.force,
        created_at=at,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[wants_table.c.project_id, wants_table.c.version_key],
            set_={"force": want.force},
        )
    )
    forget_unlucky_failures(connection, want.project)
    connection.execute(
        update(projects)
        .where(projects.c.id == number)
        .values(polled_at=None, due_at=at, due_level=DueLevel.ASKED)
    )
    mark_to_plan(connection, [want.project], at=at)


def wants(connection: Connection, *, project: ProjectName | None = None) -> list[Want]:
    """Return what is wanted, of one project or of all: the newest release before versions."""
    query = (
        select(projects.c.name, wants_table.c.version, wants_table.c.force)
        .join_from(wants_table, projects, projects.c.id == wants_table.c.project_id)
        .order_by(projects.c.name, wants_table.c.version_key)
    )
    if project is not None:
        query = query.where(projects.c.name == project)
    return [
        Want(
            project=ProjectName(name),
            version=None if version is None else Version(version),
            force=force,
        )
        for name, version, force in connection.execute(query)
    ]


def record_missing(connection: Connection, project: ProjectName, *, at: datetime) -> int:
    """Note that upstream has no such project; return how often in a row it has said so.

    The moment of the first time is kept. Believing it, after the second time some minutes later,
    is for the caller to decide: `remove_project`. The first time the project's pages are marked,
    so that people see it; it comes last in a transaction.
    """
    number = ensure_project(connection, project, at=at)
    connection.execute(
        update(projects)
        .where(projects.c.id == number)
        .values(
            polled_at=at,
            error="Upstream has no project of this name",
            missing_count=projects.c.missing_count + 1,
            missing_since=func.coalesce(projects.c.missing_since, at),
        )
    )
    count = connection.scalars(
        select(projects.c.missing_count).where(projects.c.id == number)
    ).one()
    if count == 1:
        mark_page(connection, project)
    return int(count)


def record_poll_failure(
    connection: Connection, project: ProjectName, *, at: datetime, error: str
) -> None:
    """Note that a project's page could not be read, and why."""
    number = ensure_project(connection, project, at=at)
    connection.execute(
        update(projects).where(projects.c.id == number).values(polled_at=at, error=error)
    )


def start_planning(connection: Connection, project: ProjectName) -> bool:
    """Lock a project while it is planned; false if somebody else has planned it meanwhile.

    Until the transaction ends its page cannot change, so that no change slips in between what was
    planned from and `unmark_planned`.
    """
    row = select(projects.c.plan_from).where(projects.c.name == project)
    return connection.scalar(locked(connection, row, of=projects)) is not None


def project_overview(
    connection: Connection, project: ProjectName, *, versions: Collection[Version] | None = None
) -> ProjectOverview | None:
    """Return everything that people see of a project; None if nobody ever asked for it.

    With `versions`, only what was decided, made and built of these is read.
    """
    row = connection.execute(select(projects).where(projects.c.name == project)).one_or_none()
    if row is None:
        return None
    return ProjectOverview(
        name=project,
        display_name=row.display_name,
        summary=row.summary,
        status=row.status,
        status_reason=row.status_reason,
        upstream_serial=row.upstream_serial,
        serial=row.serial,
        read_at=row.read_at,
        polled_at=row.polled_at,
        error=row.error,
        missing_since=row.missing_since,
        removed_at=row.removed_at,
        is_followed=row.followed,
        demand=row.demand,
        skips=tuple(skips_of(connection, project)),
        wants=tuple(wants(connection, project=project)),
        decisions=tuple(decisions(connection, project=project, versions=versions)),
        wheels=tuple(wheels_of_project(connection, project, versions=versions)),
        builds=tuple(
            build_summaries(connection, project=project, versions=versions, limit=_OVERVIEW_BUILDS)
        ),
        attempts=last_attempts(connection, project, versions=versions),
        removed_versions=removed_versions(connection, project),
        uploads=upload_times(connection, project, versions=versions),
        certificates=certificates_of_project(connection, project, versions=versions),
        dependencies=dependencies_of_project(connection, project, versions=versions),
        cross_failures=tuple(cross_failures_of(connection, project)),
    )


def project_serial(connection: Connection, project: ProjectName) -> int | None:
    """Return our serial for a project; None if it has none yet, or is not on record."""
    return connection.scalar(select(projects.c.serial).where(projects.c.name == project))


def published_projects(connection: Connection) -> list[tuple[ProjectName, int]]:
    """Return projects that have, or had, wheels on the index, with our serial of each, by name."""
    has_wheels = exists().where(
        releases.c.project_id == projects.c.id,
        wheels_table.c.release_id == releases.c.id,
        wheels_table.c.state != WheelState.CHECKED,
    )
    rows = connection.execute(
        select(projects.c.name, func.coalesce(projects.c.serial, 0))
        .where(has_wheels)
        .order_by(projects.c.name)
    )
    return [(ProjectName(name), serial) for name, serial in rows]
