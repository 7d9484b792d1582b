"""The policy applied to projects as they are on record, decisions and jobs kept in step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from wheelyard.database.builds import failed_attempts
from wheelyard.database.decisions import record_rulings
from wheelyard.database.engine import Connection
from wheelyard.database.job_rows import (
    change_jobs,
    drop_jobs,
    enqueue,
    hold_jobs,
    pending_of_owners,
    queue_heads,
)
from wheelyard.database.pages import mark_pages
from wheelyard.database.plans import mark_to_plan, take_to_plan, unmark_planned
from wheelyard.database.projects import project_overview, stored_page
from wheelyard.database.records import add_wanted_releases, project_records, release_counts
from wheelyard.database.targets import target_states
from wheelyard.model.build import Decision, Verdict
from wheelyard.model.job import FailedAttempt
from wheelyard.model.names import ProjectName, TargetName
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.plan import JobTerms, ProjectPlan, Ruling
from wheelyard.model.project import ProjectPage, Release, releases
from wheelyard.model.target import Target
from wheelyard.queue.order import Turns
from wheelyard.queue.planner import Rules, plan
from wheelyard.queue.policy import FinalFailure, ReleaseFacts, decide
from wheelyard.queue.selection import wanted_versions
from wheelyard.settings import PolicySettings

_PROJECTS = 200
_RELEASES = 20_000
"""At most so many projects, and about so many releases, are planned in one transaction."""


def plan_next(connection: Connection, *, policy: PolicySettings, at: datetime) -> list[ProjectPlan]:
    """Plan the projects that come first, mark their pages, and return what changed of each.

    Killed at any point, nothing of it has happened. It ends with `mark_pages`.
    """
    taken = take_to_plan(connection, limit=_PROJECTS)
    if not taken:
        return []
    names = _not_too_many(taken, release_counts(connection, taken))
    planned = _plan(connection, names, policy=policy, at=at)
    mark_pages(connection, [plan.project for plan in planned if plan.decisions])
    return planned


def _not_too_many(
    taken: Sequence[ProjectName], counts: Mapping[ProjectName, int]
) -> list[ProjectName]:
    """Return the first projects, at least one, which together have few enough releases."""
    total = 0
    names: list[ProjectName] = []
    for name in taken:
        total += counts.get(name, 0)
        if names and total > _RELEASES:
            break
        names.append(name)
    return names


def _plan(
    connection: Connection, names: Sequence[ProjectName], *, policy: PolicySettings, at: datetime
) -> list[ProjectPlan]:
    add_wanted_releases(connection, names, at=at)
    records = project_records(connection, names)
    rules = _rules(connection, policy=policy, at=at)
    owners = {record.owner for record in records if record.owner is not None}
    turns = Turns(queue_heads(connection), pending_of_owners(connection, owners))
    place = {name: number for number, name in enumerate(names)}
    records.sort(key=lambda record: place[record.name])
    planned = [plan(record, rules, turns) for record in records]
    unmark_planned(connection, names)
    _write(connection, planned, at=at)
    return planned


def _rules(connection: Connection, *, policy: PolicySettings, at: datetime) -> Rules:
    active = [state for state in target_states(connection) if not state.is_retired]
    return Rules(
        targets=[state.target for state in active],
        paused=frozenset(state.target.name for state in active if state.is_paused),
        policy=policy,
        at=at,
    )


def _write(connection: Connection, planned: Sequence[ProjectPlan], *, at: datetime) -> None:
    rulings: dict[tuple[int, TargetName], Ruling] = {}
    new: dict[tuple[int, TargetName], JobTerms] = {}
    changed: dict[int, JobTerms] = {}
    dropped: set[int] = set()
    for one in planned:
        rulings |= one.decisions
        new |= one.new_jobs
        changed |= one.changed_jobs
        dropped |= one.dropped_jobs
    record_rulings(connection, rulings, at=at)
    enqueue(connection, new, at=at)
    held = hold_jobs(connection, dropped.union(changed))
    change_jobs(connection, {number: changed[number] for number in held & changed.keys()}, at=at)
    drop_jobs(connection, dropped & held)
    # A job that somebody else holds may come back as it was: then its project is planned again.
    missed = [
        one.project
        for one in planned
        if not held.issuperset({*one.changed_jobs, *one.dropped_jobs})
    ]
    mark_to_plan(connection, missed, at=at)


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
    """Plan one project that the transaction has locked; returns whether any decision changed."""
    planned = _plan(connection, [project], policy=PolicySettings(), at=at)
    return any(plan.decisions for plan in planned)
