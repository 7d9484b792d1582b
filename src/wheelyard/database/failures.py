"""What has failed and is not tried again by itself: grouped by cause, and what used to be built."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from packaging.version import Version
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, select

from wheelyard.database.columns import clean
from wheelyard.database.job_rows import Trial
from wheelyard.database.tables import builds, decisions, projects, releases, targets
from wheelyard.model.build import BuildState, FailureKind, Verdict
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.project import ProjectStatus

_later = builds.alias("later")
_EXAMPLES = 5
_MOST_TARGETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureGroup:
    """Releases that failed for the same cause, and the most wanted projects among them."""

    kind: str
    subject: str | None
    projects: int
    builds: int
    demand: int
    examples: tuple[ProjectName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRelease:
    """A release that failed for a target, and how."""

    project: ProjectName
    version: Version
    target: TargetName
    trial: Trial
    failure: FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """A project that used to be built for a target, and fails since `version`."""

    project: ProjectName
    version: Version
    target: TargetName
    last_built: Version
    kind: str | None
    subject: str | None
    message: str
    since: datetime
    build_id: str
    demand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingProject:
    """A project whose newest release fails, for which targets, and how it failed last."""

    project: ProjectName
    version: Version
    targets: tuple[TargetName, ...]
    kind: str | None
    subject: str | None
    message: str
    build_id: str
    demand: int


def failure_groups(
    connection: Connection, *, kind: str | None = None, limit: int
) -> list[FailureGroup]:
    """Return the causes of what has failed, that of the most projects first."""
    query = (
        _failed(
            builds.c.cause_kind,
            builds.c.cause_subject,
            func.count(func.distinct(projects.c.id)).label("projects"),
            func.count().label("builds"),
            func.sum(projects.c.demand).label("demand"),
        )
        .where(builds.c.cause_kind.is_not(None), _is_there())
        .group_by(builds.c.cause_kind, builds.c.cause_subject)
        .order_by(
            func.count(func.distinct(projects.c.id)).desc(),
            func.count().desc(),
            builds.c.cause_kind,
            builds.c.cause_subject,
        )
        .limit(limit)
    )
    if kind is not None:
        query = query.where(builds.c.cause_kind == kind)
    return [
        FailureGroup(
            kind=row.cause_kind,
            subject=row.cause_subject,
            projects=row.projects,
            builds=row.builds,
            demand=int(row.demand or 0),
            examples=_examples(connection, row),
        )
        for row in connection.execute(query)
    ]


def _examples(connection: Connection, group: Row[Any]) -> tuple[ProjectName, ...]:
    query = (
        _failed(projects.c.name)
        .where(
            builds.c.cause_kind == group.cause_kind,
            builds.c.cause_subject.is_not_distinct_from(group.cause_subject),
            _is_there(),
        )
        .group_by(projects.c.name, projects.c.demand)
        .order_by(projects.c.demand.desc(), projects.c.name)
        .limit(_EXAMPLES)
    )
    return tuple(ProjectName(name) for name in connection.scalars(query))


def failed_releases(  # noqa: PLR0913 - the ways to choose among them
    connection: Connection,
    *,
    kind: str | None = None,
    subject: str | None = None,
    project: ProjectName | None = None,
    target: TargetName | None = None,
    failures: Collection[FailureKind] | None = None,
) -> list[FailedRelease]:
    """Return what has failed: for a cause, of a project, for a target, or in some of the ways."""
    query = _failed(
        projects.c.name.label("project"),
        releases.c.version,
        releases.c.uploaded_at,
        targets.c.name.label("target"),
        builds,
    ).order_by(projects.c.name, releases.c.id, targets.c.id)
    if kind is not None:
        query = query.where(builds.c.cause_kind == kind)
    if subject is not None:
        query = query.where(builds.c.cause_subject == clean(subject))
    if project is not None:
        query = query.where(projects.c.name == project)
    if target is not None:
        query = query.where(targets.c.name == target)
    if failures is not None:
        query = query.where(builds.c.failure_kind.in_(failures))
    return [
        FailedRelease(
            project=ProjectName(row.project),
            version=Version(row.version),
            target=TargetName(row.target),
            trial=Trial(
                release=row.release_id,
                target=row.target_id,
                sdist=row.sdist_id,
                released_at=row.uploaded_at,
                recipe=None,
                round=0,
            ),
            failure=row.failure_kind,
        )
        for row in connection.execute(query)
    ]


def was_tried(connection: Connection, trial: Trial, *, digest: str) -> bool:
    """Return whether a release was built for a target with a recipe of that digest before."""
    query = select(builds.c.id).where(
        builds.c.release_id == trial.release,
        builds.c.target_id == trial.target,
        builds.c.sdist_id == trial.sdist,
        builds.c.recipe_digest == digest,
    )
    return connection.execute(query.limit(1)).first() is not None


def _failed(*columns: Any) -> Select[Any]:  # noqa: ANN401 - columns and tables
    """Select the last build of everything that has failed for good."""
    of_decision = (builds.c.release_id == decisions.c.release_id) & (
        builds.c.target_id == decisions.c.target_id
    )
    everything = (
        decisions.join(builds, of_decision)
        .join(releases, releases.c.id == builds.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == builds.c.target_id)
    )
    return (
        select(*columns)
        .select_from(everything)
        .where(
            decisions.c.verdict == Verdict.FAILED,
            builds.c.state == BuildState.FAILED,
            ~select(_later.c.id)
            .where(
                _later.c.release_id == builds.c.release_id,
                _later.c.target_id == builds.c.target_id,
                _later.c.started_at > builds.c.started_at,
            )
            .exists(),
        )
    )


def regressions(connection: Connection, *, limit: int) -> list[Regression]:
    """Return the projects whose newest release fails where an older one was built.

    The most wanted come first.
    """
    older, built = releases.alias("older"), decisions.alias("built")
    of_older = (built.c.release_id == older.c.id) & (built.c.target_id == builds.c.target_id)
    last_built = (
        select(older.c.version)
        .select_from(older.join(built, of_older))
        .where(
            older.c.project_id == releases.c.project_id,
            older.c.uploaded_at < releases.c.uploaded_at,
            built.c.verdict == Verdict.BUILT,
        )
        .order_by(older.c.uploaded_at.desc())
        .limit(1)
        .correlate(releases, builds)
        .scalar_subquery()
    )
    query = (
        _failed(
            projects.c.name.label("project"),
            projects.c.demand,
            releases.c.version,
            targets.c.name.label("target"),
            last_built.label("last_built"),
            builds,
        )
        .where(last_built.is_not(None), _is_newest(), _is_there())
        .order_by(projects.c.demand.desc(), projects.c.name, targets.c.name)
        .limit(limit)
    )
    return [
        Regression(
            project=ProjectName(row.project),
            version=Version(row.version),
            target=TargetName(row.target),
            last_built=Version(row.last_built),
            kind=row.cause_kind,
            subject=row.cause_subject,
            message=row.failure_message,
            since=row.finished_at,
            build_id=row.id,
            demand=row.demand,
        )
        for row in connection.execute(query)
    ]


def missing_projects(connection: Connection, *, limit: int) -> list[MissingProject]:
    """Return projects whose newest release fails for some target, the most wanted first."""
    query = (
        _failed(
            projects.c.name.label("project"),
            projects.c.demand,
            releases.c.version,
            targets.c.name.label("target"),
            builds,
        )
        .where(_is_newest(), _is_there())
        .order_by(projects.c.demand.desc(), projects.c.name, builds.c.finished_at.desc())
        .limit(limit * _MOST_TARGETS)
    )
    found: dict[ProjectName, list[Row[Any]]] = {}
    for row in connection.execute(query):
        found.setdefault(ProjectName(row.project), []).append(row)
    return [
        MissingProject(
            project=name,
            version=Version(rows[0].version),
            targets=tuple(sorted(TargetName(row.target) for row in rows)),
            kind=rows[0].cause_kind,
            subject=rows[0].cause_subject,
            message=rows[0].failure_message,
            build_id=rows[0].id,
            demand=rows[0].demand,
        )
        for name, rows in list(found.items())[:limit]
    ]


def _is_there() -> ColumnElement[bool]:
    """Return the condition that upstream has a release, and has not quarantined its project."""
    return and_(
        projects.c.status != ProjectStatus.QUARANTINED,
        projects.c.removed_at.is_(None),
        releases.c.removed_at.is_(None),
    )


def _is_newest() -> ColumnElement[bool]:
    """Return the condition that upstream has no newer release of a project."""
    newer = releases.alias("newer")
    return ~(
        select(newer.c.id)
        .where(
            newer.c.project_id == releases.c.project_id,
            newer.c.uploaded_at > releases.c.uploaded_at,
            newer.c.removed_at.is_(None),
        )
        .exists()
    )
