"""Failed builds that nobody has learned from yet, and what was found about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from packaging.version import Version
from sqlalchemy import Connection, Row, func, select, text, update

from wheelyard.database.columns import clean
from wheelyard.database.job_rows import Trial
from wheelyard.database.tables import builds, projects, releases, targets
from wheelyard.database.targets import target_of
from wheelyard.model.build import BuildState
from wheelyard.model.healing import Attempt, Patient
from wheelyard.model.names import ProjectName
from wheelyard.model.recipe import Recipe, parse_recipe

# The partial index serves only statements that say it in its own words.
_UNEXAMINED = text("unexamined")
_MOST_ATTEMPTS = 100
_RECENTLY = timedelta(days=1)
_MAX_WORD = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One cause of a failure as it is kept: what `wheelyard diagnose --json` says of it."""

    kind: str
    subject: str | None
    evidence: tuple[int, ...]
    confidence: float
    remedy: dict[str, Any] | None


def unexamined_builds(connection: Connection, *, limit: int) -> list[str]:
    """Return the ids of failed builds that nobody has looked into, the longest ended first."""
    query = select(builds.c.id).where(_UNEXAMINED).order_by(builds.c.finished_at).limit(limit)
    return list(connection.scalars(query))


def project_of(connection: Connection, build_id: str) -> ProjectName | None:
    """Return the project of a build; None if it is unknown."""
    query = select(projects.c.name).join(releases).join(builds).where(builds.c.id == build_id)
    name = connection.scalar(query)
    return None if name is None else ProjectName(name)


def patient(connection: Connection, build_id: str) -> Patient | None:
    """Return what is known of the release and target of a failed build; None if it is unknown."""
    row = connection.execute(
        select(
            builds,
            projects.c.name.label("project"),
            releases.c.version,
            releases.c.uploaded_at.label("released_at"),
            targets.c.channel,
            targets.c.python_major,
            targets.c.python_minor,
            targets.c.python_full,
            targets.c.architecture,
            targets.c.glibc_major,
            targets.c.glibc_minor,
        )
        .join_from(builds, releases, releases.c.id == builds.c.release_id)
        .join(projects, projects.c.id == releases.c.project_id)
        .join(targets, targets.c.id == builds.c.target_id)
        .where(builds.c.id == build_id, builds.c.state == BuildState.FAILED)
    ).one_or_none()
    if row is None:
        return None
    return Patient(
        project=ProjectName(row.project),
        version=Version(row.version),
        target=target_of(row),
        release=row.release_id,
        target_id=row.target_id,
        sdist=row.sdist_id,
        released_at=row.released_at,
        log_key=row.log_key,
        message=row.failure_message,
        subject=row.failure_subject,
        attempts=tuple(_attempts(connection, row)),
        recent=_recent(connection, row),
    )


def _recent(connection: Connection, build: Row[Any]) -> int:
    query = select(func.count()).where(
        builds.c.release_id == build.release_id,
        builds.c.target_id == build.target_id,
        builds.c.state == BuildState.FAILED,
        builds.c.started_at > build.started_at - _RECENTLY,
        builds.c.started_at <= build.started_at,
    )
    return connection.execute(query).scalar_one()


def _attempts(connection: Connection, build: Row[Any]) -> Sequence[Attempt]:
    """Return the failed attempts up to a build that were made of and in the same."""
    digest = func.coalesce(builds.c.environment_digest, "")
    query = (
        select(builds)
        .where(
            builds.c.release_id == build.release_id,
            builds.c.target_id == build.target_id,
            builds.c.sdist_sha256 == build.sdist_sha256,
            digest == (build.environment_digest or ""),
            builds.c.state == BuildState.FAILED,
            builds.c.started_at <= build.started_at,
        )
        .order_by(builds.c.started_at.desc(), builds.c.id)
        .limit(_MOST_ATTEMPTS)
    )
    found = [row for row in connection.execute(query) if not row.failure_kind.is_worth_a_retry]
    return [_attempt(row) for row in reversed(found)]


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        build_id=row.id,
        recipe=Recipe() if row.recipe is None else parse_recipe(row.recipe),
        round=row.healing_round,
        failure=row.failure_kind,
        has_layers=row.environment_digest is not None,
        cause=None if row.cause_kind is None else (row.cause_kind, row.cause_subject),
    )


def record_examination(
    connection: Connection, build_id: str, findings: Sequence[Finding], *, treatment: str
) -> bool:
    """Note why a build failed and what is done about it; false if that is on record already."""
    root = findings[0]
    causes = {
        "causes": [
            {
                "kind": each.kind,
                "subject": None if each.subject is None else clean(each.subject),
                "evidence": list(each.evidence),
                "confidence": each.confidence,
                "remedy": each.remedy,
            }
            for each in findings
        ],
        "treatment": treatment,
    }
    examined = connection.execute(
        update(builds)
        .where(builds.c.id == build_id, builds.c.unexamined.is_(True))
        .values(
            unexamined=False,
            causes=causes,
            cause_kind=root.kind,
            cause_subject=None if root.subject is None else clean(root.subject)[:_MAX_WORD],
        )
    )
    return examined.rowcount == 1


def last_trial(connection: Connection, *, release: int, target: int) -> Trial | None:
    """Return the last build of a release and target as a trial that repeats it; None if none."""
    row = connection.execute(
        select(builds, releases.c.uploaded_at)
        .join(releases, releases.c.id == builds.c.release_id)
        .where(builds.c.release_id == release, builds.c.target_id == target)
        .order_by(builds.c.started_at.desc(), builds.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Trial(
        release=release,
        target=target,
        sdist=row.sdist_id,
        released_at=row.uploaded_at,
        recipe=parse_recipe(row.recipe) if row.recipe and row.healing_round else None,
        round=row.healing_round,
    )
