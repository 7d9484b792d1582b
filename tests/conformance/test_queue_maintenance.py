"""What maintenance takes back and clears away, on both databases."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from wheelyard.database.builds import close_build, read_log
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.errors import LeaseLost
from wheelyard.model.build import BuildState, Failure, FailureKind, JobState
from wheelyard.model.builder import Builder
from wheelyard.model.job import JobCount
from wheelyard.model.project import ProjectStatus
from wheelyard.queue.maintenance import Maintenance
from workshop import BOOKWORM, COMPILE_ERROR, Workshop, make_workshop

NO_SIGN = Failure(
    kind=FailureKind.INFRASTRUCTURE,
    message="The builder gave no sign of life for 60 seconds, or started anew.",
)
MINUTE = timedelta(minutes=1)


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


def test_a_lease_that_is_alive_is_left_alone(workshop: Workshop, builder: Builder) -> None:
    lease = workshop.claimed(builder)
    workshop.clock.advance(timedelta(seconds=59))
    assert workshop.maintain() == 0
    assert workshop.build(lease.build_id).state is BuildState.RUNNING


@dataclass
class BusyClock:
    """A clock ahead of the workshop's, by which something happens between two looks at it."""

    workshop: Workshop
    between: Callable[[], object]
    looks: int = 0

    def now(self) -> datetime:
        self.looks += 1
        if self.looks == 2:
            self.between()
        return self.workshop.clock.now() + MINUTE


def test_a_lease_that_is_renewed_just_before_it_is_taken_back_is_left_alone(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)

    def renew() -> None:
        workshop.clock.advance(timedelta(seconds=30))
        workshop.heartbeat(builder, lease.build_id)
        workshop.clock.advance(timedelta(seconds=-30))

    clock = BusyClock(workshop, renew)
    maintenance = Maintenance(
        workshop.engine, store=workshop.store, clock=clock, settings=workshop.settings
    )
    assert maintenance.tick() == 0
    assert workshop.build(lease.build_id).state is BuildState.RUNNING


def test_an_expired_lease_puts_the_job_back_and_loses_the_build(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.clock.advance(MINUTE)
    assert workshop.maintain() == 1
    build = workshop.build(lease.build_id)
    assert (build.state, build.failure, build.finished_at) == (
        BuildState.LOST,
        NO_SIGN,
        workshop.clock.now(),
    )
    assert workshop.job_counts() == [JobCount(target=BOOKWORM, state=JobState.SCHEDULED, count=1)]
    assert workshop.verdicts() == {("1.0", BOOKWORM): "needs-build"}
    assert workshop.maintain() == 0


def test_a_lost_job_is_given_out_again_after_a_pause(workshop: Workshop, builder: Builder) -> None:
    first = workshop.claimed(builder)
    workshop.clock.advance(MINUTE)
    workshop.maintain()
    assert workshop.claim(builder) is None
    workshop.clock.advance(workshop.settings.queue.backoff)
    second = workshop.claimed(workshop.builder("other"))
    assert second.build_id != first.build_id
    with pytest.raises(LeaseLost):
        workshop.deliver(builder, first)
    workshop.deliver(workshop.builder("other"), second)
    assert [wheel.build_id for wheel in workshop.wheels()] == [second.build_id]


def test_builders_that_keep_dying_on_a_job_end_it_with_a_clear_reason(
    workshop: Workshop, builder: Builder
) -> None:
    for _ in range(3):
        workshop.claimed(builder)
        workshop.clock.advance(MINUTE)
        workshop.maintain()
        workshop.clock.advance(MINUTE)
    [decision] = workshop.decisions()
    assert (decision.verdict.value, decision.reason) == (
        "failed",
        "It was tried 3 times, and the last time: " + NO_SIGN.message,
    )
    assert workshop.job_counts() == []


def test_a_lost_job_that_is_not_needed_any_more_is_not_put_back(
    workshop: Workshop, builder: Builder
) -> None:
    workshop.claimed(builder)
    workshop.read(status=ProjectStatus.QUARANTINED)
    workshop.plan()
    workshop.clock.advance(MINUTE)
    workshop.maintain()
    assert workshop.verdicts() == {("1.0", BOOKWORM): "quarantined"}
    assert workshop.job_counts() == []


def test_the_log_of_a_lost_build_is_kept_as_far_as_it_came(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=b"so far so g")
    workshop.clock.advance(MINUTE)
    workshop.maintain()
    key = f"logs/{lease.build_id}.log.gz"
    assert workshop.build(lease.build_id).log_key == key
    assert gzip.decompress(workshop.store.get(key)) == b"so far so g"
    with reading(workshop.engine) as connection:
        assert read_log(connection, lease.build_id) == b""


def test_the_log_of_a_running_build_stays_where_it_grows(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=b"so far so g")
    assert workshop.maintain() == 0
    assert workshop.stored("logs") == []


def test_uploads_of_running_builds_stay_and_those_of_ended_ones_go(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.upload(lease, workshop.make_wheel(lease))
    assert workshop.maintain() == 0
    assert len(workshop.stored("uploads")) == 1
    with writing(workshop.engine) as connection:
        close_build(
            connection,
            build_id=lease.build_id,
            state=BuildState.FAILED,
            finished_at=workshop.clock.now(),
            failure=COMPILE_ERROR,
        )
    assert workshop.maintain() == 1
    assert workshop.stored("uploads") == []
