"""One project planned: from what is on record of it to what has to change there. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from packaging.version import Version

from wheelyard.model.build import JobState, Priority, Verdict
from wheelyard.model.names import TargetName
from wheelyard.model.plan import (
    JobRecord,
    JobTerms,
    ProjectPlan,
    ProjectRecord,
    ReleaseRecord,
    Ruling,
)
from wheelyard.model.project import Want
from wheelyard.model.target import Target
from wheelyard.queue.order import Standing, Turns, priority
from wheelyard.queue.policy import FinalFailure, ReleaseFacts, choose_sdist, decide
from wheelyard.queue.probe import decide_release
from wheelyard.queue.selection import left_out, newest_usable, wanted_of
from wheelyard.settings import PolicySettings

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN = frozenset(
    {
        Verdict.NEEDS_BUILD,
        Verdict.HEALING,
        Verdict.WAITS_FOR_DEPENDENCY,
        Verdict.WAITS_FOR_PROBE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What all projects are planned by: the active targets, in the order of probing, and policy."""

    targets: Sequence[Target]
    paused: frozenset[TargetName]
    policy: PolicySettings
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """A release that decisions are made about, why it is left out, and how urgent it is."""

    record: ReleaseRecord
    asking: Sequence[Want]
    left_out: str | None
    priority: Priority


def plan(project: ProjectRecord, rules: Rules, turns: Turns) -> ProjectPlan:
    """Return what has to change so that a project's decisions and jobs are what they should be.

    Planning what is planned already changes nothing. A leased job is left to its builder.
    """
    changes = _Changes(project, rules, turns)
    for choice in _choices(project, rules):
        facts = release_facts(
            project, choice.record, asking=choice.asking, left_out=choice.left_out, rules=rules
        )
        for decision in decide_release(choice.record.release, rules.targets, facts):
            ruling = decision.verdict, decision.reason
            changes.decide(choice, decision.target, ruling, facts)
        changes.retire(choice.record)
    return changes.plan()


def ruling(
    project: ProjectRecord, *, version: Version, target: Target, rules: Rules
) -> Verdict | None:
    """Return what is decided about one release and target now; None if nothing is decided."""
    for choice in _choices(project, rules):
        if choice.record.release.version == version:
            facts = release_facts(
                project, choice.record, asking=choice.asking, left_out=choice.left_out, rules=rules
            )
            return decide(choice.record.release, target, facts).verdict
    return None


def _choices(project: ProjectRecord, rules: Rules) -> list[_Choice]:
    """Return the releases that decisions are made about, the newest first.

    These are all of a followed project, what people ask for, and what was decided about before, so
    that what becomes of it upstream is followed.
    """
    by_version = {record.release.version: record for record in project.releases}
    current = {
        version: record.release for version, record in by_version.items() if record.release.files
    }
    uploads = {version: record.uploaded_at for version, record in by_version.items()}
    asking: dict[Version, list[Want]] = {}
    for want in project.wants:
        for version in wanted_of(current, [want]):
            asking.setdefault(version, []).append(want)
    excluded = left_out(current, uploads, rules.policy) if project.is_followed else {}
    newest = newest_usable(current)
    choices = []
    for version in sorted(by_version, reverse=True):
        record = by_version[version]
        is_followed = project.is_followed and version in current
        if not (is_followed or version in asking or record.decisions or record.is_awaited):
            continue
        standing = Standing(
            is_requested=version in asking,
            is_awaited=record.is_awaited,
            is_followed=project.is_followed,
            is_newest=version == newest,
            uploaded_at=record.uploaded_at,
        )
        choices.append(
            _Choice(
                record=record,
                asking=asking.get(version, ()),
                left_out=(
                    None if version in asking or record.is_awaited else excluded.get(version)
                ),
                priority=priority(standing, at=rules.at),
            )
        )
    return choices


def release_facts(
    project: ProjectRecord,
    record: ReleaseRecord,
    *,
    asking: Sequence[Want],
    left_out: str | None,
    rules: Rules,
) -> ReleaseFacts:
    """Return what the decisions about one release rest on; `asking` are the wants that mean it."""
    starts_at = None
    if not asking and not record.is_awaited and record.uploaded_at is not None:
        starts_at = record.uploaded_at + rules.policy.grace
    return ReleaseFacts(
        status=project.status,
        status_reason=project.status_reason,
        skips=project.skips,
        is_pinned=any(want.version is not None for want in asking),
        force=any(want.force for want in asking),
        rebuilds=frozenset(
            target for target, job in record.jobs.items() if job.terms.priority is Priority.REBUILD
        ),
        left_out=left_out,
        starts_at=starts_at if starts_at is not None and starts_at > rules.at else None,
        wheels=record.wheels,
        failures=_final_failures(record),
        waits=record.waits,
        paused=rules.paused,
    )


def _final_failures(record: ReleaseRecord) -> Mapping[TargetName, FinalFailure]:
    """Return the failures that ended the last attempts for good, by target.

    One that was worth another try is final when there were no tries left; the decision that is on
    record says so, and keeps its reason.
    """
    final = {}
    for failure in record.failures:
        if failure.target in record.jobs or failure.target in record.waits:
            continue
        verdict, reason = record.decisions.get(failure.target, (None, None))
        if verdict is not Verdict.FAILED:
            is_final = failure.kind is not None and not failure.kind.is_worth_a_retry
            reason = failure.message if is_final else None
        if reason is not None:
            final[failure.target] = FinalFailure(
                sdist_sha256=failure.sdist_sha256,
                reason=reason,
                kind=failure.kind,
                is_examined=failure.is_examined,
            )
    return final


class _Changes:
    """Collects what has to change of one project."""

    def __init__(self, project: ProjectRecord, rules: Rules, turns: Turns) -> None:
        self._project = project
        self._rules = rules
        self._turns = turns
        self._decisions: dict[tuple[int, TargetName], Ruling] = {}
        self._new: dict[tuple[int, TargetName], JobTerms] = {}
        self._changed: dict[int, JobTerms] = {}
        self._dropped: set[int] = set()
        self._positions: Counter[TargetName] = Counter()
        self._active = {target.name for target in rules.targets}
        pending = sum(
            job.state is not JobState.LEASED
            for record in project.releases
            for job in record.jobs.values()
        )
        self._owner_waiting = turns.of_others(project.owner, own=pending)

    def decide(
        self, choice: _Choice, target: TargetName, ruling: Ruling, facts: ReleaseFacts
    ) -> None:
        """Take a decision down where it differs, and what it means for the job."""
        record = choice.record
        if record.decisions.get(target) != ruling:
            self._decisions[record.id, target] = ruling
        job = record.jobs.get(target)
        if ruling[0] is not Verdict.NEEDS_BUILD:
            self._drop(job)
            return
        position = self._positions[target]
        self._positions[target] += 1
        if job is None:
            terms = self._terms(choice, target, facts, position=position)
            if terms is not None:
                self._new[record.id, target] = terms
        elif job.state is not JobState.LEASED:
            terms = self._terms(choice, target, facts, position=position)
            if terms is not None and (kept := _kept(job, terms)) != job.terms:
                self._changed[job.id] = kept

    def _drop(self, job: JobRecord | None) -> None:
        if job is not None and job.state is not JobState.LEASED:
            self._dropped.add(job.id)

    def _terms(
        self, choice: _Choice, target: TargetName, facts: ReleaseFacts, *, position: int
    ) -> JobTerms | None:
        """Return what a job for a release should be like; None if there is nothing to build."""
        record, project = choice.record, self._project
        sdist = choose_sdist(record.release)
        if sdist is None:
            return None
        return JobTerms(
            sdist=record.files[sdist.filename],
            priority=choice.priority,
            due_at=facts.starts_at or self._rules.at,
            released_at=record.uploaded_at or _LONG_AGO,
            force=facts.force,
            owner=project.owner,
            demand=project.demand,
            turn=self._turns.give(
                target,
                choice.priority,
                position=position,
                owner_waiting=self._owner_waiting,
                demand=project.demand,
            ),
        )

    def retire(self, record: ReleaseRecord) -> None:
        """Decide not to build for targets that are not active any more."""
        for target, (verdict, _) in record.decisions.items():
            if target not in self._active and verdict in _OPEN:
                reason = f"Wheels are not made for {target} any more."
                self._decisions[record.id, target] = Verdict.SKIPPED, reason
        for target, job in record.jobs.items():
            if target not in self._active:
                self._drop(job)

    def plan(self) -> ProjectPlan:
        """Return what was collected."""
        self._turns.count(self._project.owner, more=len(self._new) - len(self._dropped))
        return ProjectPlan(
            project=self._project.name,
            decisions=self._decisions,
            new_jobs=self._new,
            changed_jobs=self._changed,
            dropped_jobs=frozenset(self._dropped),
        )


def _kept(job: JobRecord, wanted: JobTerms) -> JobTerms:
    """Return what a job is to be like that exists already.

    It keeps its moment if that is earlier, and in any case after a failure that was no fault of the
    project; and its turn, unless it is more or less urgent or asked for than before. A rebuild
    stays one.
    """
    before = job.terms
    is_rebuild = before.priority is Priority.REBUILD
    keeps_moment = job.infrastructure_attempts > 0 or before.due_at <= wanted.due_at
    urgency = before.priority if is_rebuild else wanted.priority
    keeps_turn = urgency is before.priority and before.demand == wanted.demand
    return replace(
        wanted,
        priority=urgency,
        due_at=before.due_at if keeps_moment else wanted.due_at,
        turn=before.turn if keeps_turn else wanted.turn,
    )
