"""What was decided about releases and targets."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from packaging.version import Version
from sqlalchemy import Connection, Select, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from wheelyard.database.dialect import insert, insert_many
from wheelyard.database.releases import (
    ensure_project,
    ensure_releases,
    releases_are,
    target_ids,
    version_key,
    was_removed,
)
from wheelyard.database.tables import builds, projects, releases, targets, wants
from wheelyard.database.tables import decisions as table
from wheelyard.model.build import BuildState, Decision, FailureKind, Verdict
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.plan import Ruling
from wheelyard.model.project import ProjectStatus, newest_final

_NEWEST = 50


def record_decision(connection: Connection, decision: Decision, *, at: datetime) -> bool:
    """Record one decision, as a build's end brings it; returns whether it changed anything.

    Raises:
        UnknownTarget: if the target is not on record.
    """
    names = target_ids(connection, {decision.target})
    number = ensure_project(connection, decision.project, at=at)
    numbers = ensure_releases(connection, number, {decision.version}, at=at)
    row = {
        "release_id": numbers[version_key(decision.version)],
        "target_id": names[decision.target],
        "verdict": decision.verdict,
        "reason": decision.reason,
        "decided_at": at,
    }
    # psycopg tells how many rows an INSERT wrote only while its cursor is open: ask for them.
    settled = _replacing(connection).returning(table.c.release_id)
    return bool(connection.execute(settled, row).all())


def record_rulings(
    connection: Connection, rulings: Mapping[tuple[int, TargetName], Ruling], *, at: datetime
) -> None:
    """Record what the planner decided, by the number of the release and the name of the target.

    Raises:
        UnknownTarget: if a target is not on record.
    """
    numbers = target_ids(connection, {target for _, target in rulings})
    rows = [
        {
            "release_id": release,
            "target_id": numbers[target],
            "verdict": verdict,
            "reason": reason,
            "decided_at": at,
        }
        for (release, target), (verdict, reason) in rulings.items()
    ]
    insert_many(connection, _replacing(connection), rows)


def forget_unlucky_failures(connection: Connection, project: ProjectName) -> None:
    """Drop a project's failures that were nobody's fault, which stand in the way of a new request.

    Of these every attempt failed for reasons of the infrastructure, until no tries were left.
    """
    own_fault = exists().where(
        builds.c.release_id == table.c.release_id,
        builds.c.target_id == table.c.target_id,
        builds.c.state == BuildState.FAILED,
        builds.c.failure_kind.not_in([kind for kind in FailureKind if kind.is_worth_a_retry]),
    )
    of_project = select(releases.c.id).join(projects).where(projects.c.name == project)
    connection.execute(
        delete(table).where(
            table.c.verdict == Verdict.FAILED, table.c.release_id.in_(of_project), ~own_fault
        )
    )


def _replacing(connection: Connection) -> postgresql.Insert | sqlite.Insert:
    """Insert decisions in place of others about the same; what is the same already stays."""
    statement = insert(connection, table)
    return statement.on_conflict_do_update(
        index_elements=[table.c.release_id, table.c.target_id],
        set_={
            "verdict": statement.excluded.verdict,
            "reason": statement.excluded.reason,
            "decided_at": statement.excluded.decided_at,
        },
        where=(table.c.verdict != statement.excluded.verdict)
        | (table.c.reason != statement.excluded.reason),
    )


def decisions(
    connection: Connection, *, project: ProjectName, versions: Collection[Version] | None = None
) -> list[Decision]:
    """Return what was decided about a project, or some versions of it, the newest first."""
    return _found(connection, _query().where(releases_are(project, versions)))


def newest_decisions(connection: Connection, *, project: ProjectName) -> list[Decision]:
    """Return what was decided about a project's newest final release, for the active targets.

    Nothing is returned for a project that is not here, or was withdrawn. Of the newest releases
    that have decisions the final ones count, or, if there are none, all.
    """
    has_decision = exists().where(table.c.release_id == releases.c.id)
    rows = connection.execute(
        select(releases.c.id, releases.c.version)
        .join(projects, projects.c.id == releases.c.project_id)
        .where(
            projects.c.name == project,
            projects.c.status != ProjectStatus.QUARANTINED,
            projects.c.removed_at.is_(None),
            releases.c.removed_at.is_(None),
            has_decision,
        )
        .order_by(releases.c.uploaded_at.desc().nulls_last(), releases.c.id.desc())
        .limit(_NEWEST)
    )
    numbers = {Version(row.version): int(row.id) for row in rows}
    version = newest_final(list(numbers)) or max(numbers, default=None)
    if version is None:
        return []
    is_active = targets.c.retired.is_(False)
    return _found(connection, _query().where(releases.c.id == numbers[version], is_active))


def wanted_decisions(connection: Connection, *, limit: int) -> list[Decision]:
    """Return at most `limit` decisions about what somebody asked for by name, by project.

    Somebody who asked for a project without a version is shown its newest releases. What upstream
    withdrew is left out.
    """
    is_meant = (wants.c.version.is_(None)) | (wants.c.version_key == releases.c.version_key)
    asked = exists().where(wants.c.project_id == projects.c.id, is_meant)
    first = select(wants.c.project_id).distinct().limit(limit)
    query = _query().where(
        projects.c.id.in_(first),
        asked,
        projects.c.status != ProjectStatus.QUARANTINED,
        projects.c.removed_at.is_(None),
        ~was_removed(),
    )
    return _found(connection, query)[:limit]


def _query() -> Select[Any]:
    return (
        select(projects.c.name, releases.c.version, targets.c.name, table.c.verdict, table.c.reason)
        .join_from(table, releases, releases.c.id == table.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == table.c.target_id)
    )


def _found(connection: Connection, query: Select[Any]) -> list[Decision]:
    found = [
        Decision(
            project=ProjectName(name),
            version=Version(version),
            target=TargetName(target),
            verdict=verdict,
            reason=reason,
        )
        for name, version, target, verdict, reason in connection.execute(query)
    ]
    found.sort(key=lambda decision: decision.target)
    found.sort(key=lambda decision: decision.version, reverse=True)
    found.sort(key=lambda decision: decision.project)
    return found
