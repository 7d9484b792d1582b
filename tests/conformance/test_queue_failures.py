"""Builds that end with a failure, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard.database.engine import Engine
from wheelyard.model.build import Failure, JobState
from wheelyard.model.builder import Builder
from wheelyard.model.job import JobCount
from wheelyard.protocol import FailureMessage, FinishReply
from wheelyard.settings import QueueSettings, Settings
from workshop import (
    BOOKWORM,
    COMPILE_ERROR,
    LOST_DISK,
    Workshop,
    make_workshop,
)


@pytest.fixture
def workshop(engine: Engine, tmp_path: Path) -> Workshop:
    workshop = make_workshop(tmp_path, engine)
    workshop.want()
    workshop.read()
    workshop.plan()
    return workshop


@pytest.fixture
def builder(workshop: Workshop) -> Builder:
    return workshop.builder()


def reply(failure: Failure) -> FinishReply:
    return FinishReply(state="failed", failure=FailureMessage.of(failure))


def test_a_failure_of_the_project_is_final_and_shown(workshop: Workshop, builder: Builder) -> None:
    lease = workshop.claimed(builder)
    assert workshop.finish(builder, lease.build_id, failure=COMPILE_ERROR) == reply(COMPILE_ERROR)
    assert workshop.build(lease.build_id).failure == COMPILE_ERROR
    [decision] = workshop.decisions()
    assert (decision.verdict.value, decision.reason) == ("failed", COMPILE_ERROR.message)
    assert workshop.job_counts() == []


def test_a_failure_of_the_infrastructure_is_tried_again_after_a_growing_pause(
    workshop: Workshop, builder: Builder
) -> None:
    for pause in (10, 20):
        lease = workshop.claimed(builder)
        assert workshop.finish(builder, lease.build_id, failure=LOST_DISK) == reply(LOST_DISK)
        assert workshop.job_counts() == [
            JobCount(target=BOOKWORM, state=JobState.SCHEDULED, count=1)
        ]
        workshop.clock.advance(timedelta(seconds=pause - 1))
        assert workshop.claim(builder) is None
        workshop.clock.advance(timedelta(seconds=1))


def test_planning_again_does_not_undo_the_pause(workshop: Workshop, builder: Builder) -> None:
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=LOST_DISK)
    workshop.want()
    workshop.plan()
    assert workshop.claim(builder) is None


def test_after_the_last_attempt_the_decision_says_how_often_and_why(
    workshop: Workshop, builder: Builder
) -> None:
    for _ in range(3):
        workshop.clock.advance(timedelta(minutes=5))
        workshop.finish(builder, workshop.claimed(builder).build_id, failure=LOST_DISK)
    [decision] = workshop.decisions()
    assert decision.verdict.value == "failed"
    assert decision.reason == (
        "It was tried 3 times, and the last time: The builder's disk is gone."
    )
    assert workshop.job_counts() == []


def test_with_one_attempt_there_is_no_other(workshop: Workshop, builder: Builder) -> None:
    workshop.settings = Settings(data=workshop.folder, queue=QueueSettings(max_attempts=1))
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=LOST_DISK)
    [decision] = workshop.decisions()
    assert decision.reason == "It was tried once, and the last time: The builder's disk is gone."
