from datetime import UTC, datetime, timedelta

import pytest
from packaging.version import Version

from wheelyard.cli.outcomes import UPSTREAM_PATIENCE, Known, Outcome, outcomes
from wheelyard.model.build import (
    BuildState,
    Decision,
    Failure,
    FailureKind,
    Phase,
    Verdict,
)
from wheelyard.model.names import Filename, parse_project_name
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectPage, ProjectStatus, UpstreamFile, Want
from wheelyard.model.summary import BuildSummary
from wheelyard.model.target import target_from_name

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=30)
FOO = parse_project_name("foo")
TARGET = target_from_name("bookworm-cp311-armv7l")
WANT = Want(project=FOO)
PAGE = ProjectPage(
    name=FOO,
    files=(
        UpstreamFile(
            filename=Filename("foo-1.0.tar.gz"),
            url="https://index.example.org/foo-1.0.tar.gz",
            hashes={"sha256": "a" * 64},
        ),
    ),
)


def overview(
    *,
    polled_at: datetime | None = NOW,
    read_at: datetime | None = NOW,
    missing_since: datetime | None = None,
    error: str | None = None,
    decisions: tuple[Decision, ...] = (),
    builds: tuple[BuildSummary, ...] = (),
) -> ProjectOverview:
    return ProjectOverview(
        name=FOO,
        display_name=None,
        summary=None,
        status=ProjectStatus.ACTIVE,
        status_reason=None,
        is_followed=False,
        demand=0,
        skips=(),
        upstream_serial=None,
        serial=None,
        read_at=read_at,
        polled_at=polled_at,
        error=error,
        missing_since=missing_since,
        removed_at=None,
        wants=(WANT,),
        decisions=decisions,
        wheels=(),
        builds=builds,
    )


def decision(verdict: Verdict, reason: str = "because") -> Decision:
    return Decision(
        project=FOO, version=Version("1.0"), target=TARGET.name, verdict=verdict, reason=reason
    )


def build(
    *,
    state: BuildState = BuildState.RUNNING,
    failure: Failure | None = None,
    finished_at: datetime | None = None,
) -> BuildSummary:
    return BuildSummary(
        id="b" * 32,
        project=FOO,
        version=Version("1.0"),
        target=TARGET.name,
        builder="local",
        number=0,
        state=state,
        phase=Phase.BUILD,
        started_at=START,
        finished_at=finished_at,
        failure=failure,
        log_key=None,
    )


def stand(
    seen: ProjectOverview | None,
    *,
    page: ProjectPage | None = PAGE,
    planned: bool = True,
    now: datetime = NOW,
) -> list[Outcome]:
    known = Known(want=WANT, overview=seen, page=page, planned=planned)
    return outcomes(known, targets=[TARGET], started_at=START, now=now)


@pytest.mark.parametrize(
    "seen",
    [None, overview(polled_at=None), overview(polled_at=START - timedelta(days=1))],
)
def test_what_was_read_before_this_run_is_read_again(seen: ProjectOverview | None) -> None:
    assert [(item.state, item.is_final) for item in stand(seen)] == [("reading", False)]


def test_a_project_that_upstream_does_not_have_is_unknown() -> None:
    seen = overview(read_at=None, missing_since=NOW)
    assert [(item.state, item.is_final, item.is_satisfied) for item in stand(seen)] == [
        ("unknown", True, False)
    ]


def test_an_upstream_that_does_not_answer_is_waited_for_but_not_for_ever() -> None:
    seen = overview(read_at=None, error="it sulks")
    assert [(item.detail, item.is_final) for item in stand(seen)] == [("it sulks", False)]
    late = START + UPSTREAM_PATIENCE
    assert [(item.state, item.is_final) for item in stand(seen, now=late)] == [
        ("unreachable", True)
    ]


def test_nothing_is_final_before_it_is_planned() -> None:
    seen = overview(decisions=(decision(Verdict.BUILT),))
    assert not any(item.is_final for item in stand(seen, planned=False))


def test_a_project_without_releases_has_nothing_to_build() -> None:
    empty = ProjectPage(name=FOO, files=())
    assert [(item.state, item.is_final) for item in stand(overview(), page=empty)] == [
        ("unknown", True)
    ]


@pytest.mark.parametrize(
    "verdict",
    [
        verdict
        for verdict in Verdict
        if verdict not in {"needs-build", "healing", "waits-for-dependency"}
    ],
)
def test_a_decision_is_the_outcome(verdict: Verdict) -> None:
    [outcome] = stand(overview(decisions=(decision(verdict),)))
    assert outcome == Outcome(
        want=WANT,
        state=verdict.value,
        detail="because",
        version=Version("1.0"),
        target=TARGET,
        is_final=True,
        is_satisfied=verdict.is_satisfied,
    )


def test_a_finished_build_tells_how_long_it_took() -> None:
    done = build(state=BuildState.SUCCEEDED, finished_at=START + timedelta(seconds=8))
    [outcome] = stand(overview(decisions=(decision(Verdict.BUILT),), builds=(done,)))
    assert outcome.seconds == 8.0


def test_a_running_build_shows_its_phase() -> None:
    [outcome] = stand(overview(decisions=(decision(Verdict.NEEDS_BUILD),), builds=(build(),)))
    assert (outcome.state, outcome.since, outcome.is_final) == ("build", START, False)


def test_an_attempt_that_will_be_repeated_says_why() -> None:
    failure = Failure(kind=FailureKind.INFRASTRUCTURE, message="The line went dead")
    failed = build(state=BuildState.FAILED, failure=failure, finished_at=NOW)
    [outcome] = stand(overview(decisions=(decision(Verdict.NEEDS_BUILD),), builds=(failed,)))
    assert (outcome.state, outcome.detail) == ("waiting", "The line went dead; another try")
