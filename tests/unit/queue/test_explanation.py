from datetime import UTC, datetime

import pytest
from packaging.version import Version

from wheelyard.diagnosis.advice import advice
from wheelyard.diagnosis.cause import CauseKind
from wheelyard.model.build import BuildState, Failure, FailureKind, Phase
from wheelyard.model.names import TargetName, parse_project_name
from wheelyard.model.summary import BuildSummary
from wheelyard.queue.explanation import explain


def build(*, kind: str | None = "missing-header", treatment: str | None = "x") -> BuildSummary:
    return BuildSummary(
        id="0" * 32,
        project=parse_project_name("spam"),
        version=Version("1.0"),
        target=TargetName("bookworm-cp311-armv7l"),
        builder="board",
        number=0,
        state=BuildState.FAILED,
        phase=Phase.BUILD,
        started_at=datetime(2026, 11, 23, tzinfo=UTC),
        finished_at=datetime(2026, 11, 23, 1, tzinfo=UTC),
        failure=Failure(
            kind=FailureKind.MISSING_SYSTEM_PACKAGE, message="No foo.h.", evidence=("line",)
        ),
        log_key=None,
        causes=() if kind is None else ({"kind": kind},),
        treatment=treatment,
    )


def test_a_failure_is_told_with_what_was_tried_the_first_attempt_first() -> None:
    explained = explain([build(treatment="nothing helps"), build(treatment="tried again with a")])
    assert explained is not None
    assert explained.sentence == "No foo.h."
    assert explained.evidence == ("line",)
    assert explained.tried == ("No foo.h: tried again with a", "No foo.h: nothing helps")
    assert explained.reproduce == "wheelyard reproduce spam==1.0 --target bookworm-cp311-armv7l"


def test_what_was_not_looked_into_yet_is_told_so() -> None:
    explained = explain([build(kind=None, treatment=None)])
    assert explained is not None
    assert explained.tried == ("No foo.h: why is being looked into",)
    assert explained.advice == advice(CauseKind.UNKNOWN)


def test_without_a_failure_there_is_nothing_to_explain() -> None:
    assert explain([]) is None


@pytest.mark.parametrize("kind", list(CauseKind))
def test_there_is_advice_on_every_cause(kind: CauseKind) -> None:
    assert advice(kind).endswith(".")
