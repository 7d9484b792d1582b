"""The policy applied to one project as it is on record, its decisions and jobs kept in step."""

from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from wheelyard.database.builds import failed_attempts
from wheelyard.database.engine import Connection
from wheelyard.database.projects import project_overview, stored_page
from wheelyard.database.queue import dequeue, enqueue, record_decisions
from wheelyard.database.targets import active_targets
from wheelyard.model.build import Decision, Priority, Verdict
from wheelyard.model.job import FailedAttempt
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectPage, Release, releases
from wheelyard.model.target import Target
from wheelyard.queue.policy import (
    FinalFailure,
    ReleaseFacts,
    choose_sdist,
    decide,
)
from wheelyard.queue.selection import wanted_versions


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFacts:
    """All that is on record of a project, as its decisions need it."""

    page: ProjectPage
    releases: dict[Version, Release]
    overview: ProjectOverview
    failed: tuple[FailedAttempt, ...]

    def release(self, version: Version) -> Release:
        """Return a release; one that upstream does not have has no files."""
        absent = Release(project=self.page.name, version=version, files=())
        return self.releases.get(version, absent)

    def of(self, version: Version) -> ReleaseFacts:
        """Return what the decisions about one release rest on."""
        asking = [
            want for want in self.overview.wants if version in wanted_versions(self.page, [want])
        ]
        return ReleaseFacts(
            status=self.page.status,
            status_reason=self.page.status_reason,
            skips=self.overview.skips,
            is_pinned=any(want.version is not None for want in asking),
            force=any(want.force for want in asking),
            wheels=tuple(wheel for wheel in self.overview.wheels if wheel.version == version),
            failures=self._failures(version),
        )

    def _failures(self, version: Version) -> dict[TargetName, FinalFailure]:
        """Return the failures that ended the last attempts for good, by target.

        One that was worth another try is final when there were no tries left; the decision that
        is on record says so, and keeps its reason.
        """
        reasons = {
            decision.target: decision.reason
            for decision in self.overview.decisions
            if decision.version == version and decision.verdict is Verdict.FAILED
        }
        final = {}
        for attempt in self.failed:
            if attempt.version != version:
                continue
            reason = reasons.get(attempt.target)
            if reason is None and attempt.failure and not attempt.failure.kind.is_worth_a_retry:
                reason = attempt.failure.message
            if reason is not None:
                final[attempt.target] = FinalFailure(
                    sdist_sha256=attempt.sdist_sha256, reason=reason
                )
        return final

    def decide(self, version: Version, target: Target) -> Decision:
        """Decide about one release and target."""
        return decide(self.release(version), target, self.of(version))


def read_facts(connection: Connection, project: ProjectName) -> ProjectFacts | None:
    """Return what is on record of a project; None if its page was never read."""
    page = stored_page(connection, project)
    overview = project_overview(connection, project)
    if page is None or overview is None:
        return None
    return ProjectFacts(
        page=page,
        releases=releases(page),
        overview=overview,
        failed=tuple(failed_attempts(connection, project)),
    )


def plan_project(connection: Connection, project: ProjectName, *, at: datetime) -> bool:
    """Decide about a project's releases, and make its waiting jobs those that are needed.

    The transaction must hold the project's lock (`start_planning`). A release that was wanted
    once goes on being planned, so that what becomes of it upstream is followed. Planning again
    changes nothing. A leased job is left to its builder; the end of its build looks again.
    Returns whether any decision changed, so that the caller marks the project's page.
    """
    facts = read_facts(connection, project)
    if facts is None:
        return False
    before = {
        (decision.version, decision.target): decision.verdict
        for decision in facts.overview.decisions
    }
    targets = active_targets(connection)
    wanted = wanted_versions(facts.page, facts.overview.wants)
    versions = sorted(wanted | {version for version, _ in before})
    decisions = [facts.decide(version, target) for version in versions for target in targets]
    decisions += _retired(facts, targets)
    changed = record_decisions(connection, project, decisions, at=at)
    for decision in decisions:
        if decision.verdict is Verdict.NEEDS_BUILD:
            _enqueue(connection, facts, decision, at=at)
        elif before.get((decision.version, decision.target)) is Verdict.NEEDS_BUILD:
            dequeue(connection, project=project, version=decision.version, target=decision.target)
    return changed


def _retired(facts: ProjectFacts, active: list[Target]) -> list[Decision]:
    """Return decisions not to build for targets that have been retired."""
    names = {target.name for target in active}
    return [
        Decision(
            project=decision.project,
            version=decision.version,
            target=decision.target,
            verdict=Verdict.SKIPPED,
            reason=f"Wheels are not made for {decision.target} any more.",
        )
        for decision in facts.overview.decisions
        if decision.verdict is Verdict.NEEDS_BUILD and decision.target not in names
    ]


def _enqueue(
    connection: Connection, facts: ProjectFacts, decision: Decision, *, at: datetime
) -> None:
    sdist = choose_sdist(facts.release(decision.version))
    if sdist is None:  # The policy lets nothing through that has none.
        return
    enqueue(
        connection,
        project=decision.project,
        version=decision.version,
        target=decision.target,
        sdist=sdist.filename,
        priority=Priority.REQUESTED,
        due_at=at,
        force=facts.of(decision.version).force,
    )
