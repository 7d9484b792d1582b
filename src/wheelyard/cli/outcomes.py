"""What has become of each wanted project: pure, so that a test needs no process."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from packaging.version import Version

from wheelyard.model.build import BuildState, Decision, Verdict
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectPage, Want
from wheelyard.model.summary import BuildSummary
from wheelyard.model.target import Target
from wheelyard.queue.selection import wanted_versions

UPSTREAM_PATIENCE = timedelta(minutes=2)
"""How long `wheelyard up` waits for an upstream that does not answer before it calls it failed."""

_PENDING = frozenset({Verdict.NEEDS_BUILD, Verdict.HEALING, Verdict.WAITS_FOR_DEPENDENCY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where one wanted release stands for one target.

    `state` is a word for people: a verdict, a phase, or `reading`, `waiting`, `unknown`,
    `unreachable`. `since` is when the running build started, `seconds` how long the last one took.
    """

    want: Want
    state: str
    detail: str = ""
    version: Version | None = None
    target: Target | None = None
    is_final: bool = False
    is_satisfied: bool = False
    since: datetime | None = None
    seconds: float | None = None

    @property
    def label(self) -> str:
        """The project, with the version where one is known."""
        version = self.version or self.want.version
        return f"{self.want.project}=={version}" if version else self.want.project


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one wanted project.

    `planned` tells whether the decisions are as new as the page and the wants.
    """

    want: Want
    overview: ProjectOverview | None
    page: ProjectPage | None
    planned: bool


def outcomes(
    known: Known, *, targets: Sequence[Target], started_at: datetime, now: datetime
) -> list[Outcome]:
    """Tell where a wanted project stands, a line for each of its releases and targets.

    `started_at` is when this run began: what was read before it does not count as an answer.
    """
    want, overview = known.want, known.overview
    if overview is None or overview.polled_at is None or overview.polled_at < started_at:
        return [Outcome(want=want, state="reading", detail="asking the upstream index")]
    if overview.read_at is None:
        return [_unread(want, overview, started_at=started_at, now=now)]
    if not known.planned or known.page is None:
        return [Outcome(want=want, state="reading", detail="planning")]
    versions = wanted_versions(known.page, [want])
    if not versions:
        detail = overview.error or "upstream has no such release"
        return [Outcome(want=want, state="unknown", detail=detail, is_final=True)]
    return [
        _release(want, overview, version=version, target=target)
        for version in sorted(versions)
        for target in targets
    ]


def _unread(
    want: Want, overview: ProjectOverview, *, started_at: datetime, now: datetime
) -> Outcome:
    if overview.missing_since is not None:
        detail = "upstream has no such project"
        return Outcome(want=want, state="unknown", detail=detail, is_final=True)
    error = overview.error or "upstream does not answer"
    if now - started_at < UPSTREAM_PATIENCE:
        return Outcome(want=want, state="reading", detail=error)
    return Outcome(want=want, state="unreachable", detail=error, is_final=True)


def _release(want: Want, overview: ProjectOverview, *, version: Version, target: Target) -> Outcome:
    decision = _decision(overview.decisions, version, target)
    builds = [
        build
        for build in overview.builds
        if (build.version, build.target) == (version, target.name)
    ]
    last = max(builds, key=lambda build: build.started_at, default=None)
    outcome = Outcome(want=want, state="waiting", version=version, target=target)
    if decision is None:
        return outcome
    if decision.verdict in _PENDING:
        return _pending(outcome, last)
    seconds = None
    if last is not None and last.duration is not None:
        seconds = last.duration.total_seconds()
    return Outcome(
        want=want,
        version=version,
        target=target,
        state=decision.verdict.value,
        detail=decision.reason,
        is_final=True,
        is_satisfied=decision.verdict.is_satisfied,
        seconds=seconds,
    )


def _pending(outcome: Outcome, last: BuildSummary | None) -> Outcome:
    if last is None:
        return outcome
    state, detail, since = "waiting", "", None
    if last.state is BuildState.RUNNING:
        state, since = last.phase.value, last.started_at
    elif last.state is BuildState.LOST:
        detail = "the builder was lost; another try"
    elif last.failure is not None:
        detail = f"{last.failure.message.rstrip('.')}; another try"
    return Outcome(
        want=outcome.want,
        version=outcome.version,
        target=outcome.target,
        state=state,
        detail=detail,
        since=since,
    )


def _decision(decisions: Iterable[Decision], version: Version, target: Target) -> Decision | None:
    return next(
        (
            decision
            for decision in decisions
            if (decision.version, decision.target) == (version, target.name)
        ),
        None,
    )
