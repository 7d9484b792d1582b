"""Claims, heartbeats and the lease itself, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard.database import builders
from wheelyard.database.builds import read_log
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.offers import save_offers
from wheelyard.errors import LeaseLost
from wheelyard.model.build import BuildState, JobState, Phase
from wheelyard.model.builder import Builder
from wheelyard.model.job import JobCount
from wheelyard.model.lane import Lane, Offer
from wheelyard.protocol import BuildLease
from wheelyard.queue.leases import check_lease
from wheelyard.settings import LimitsSettings, Settings
from workshop import (
    BOOKWORM,
    COMPILE_ERROR,
    INDEX_URL,
    NEWER,
    TRIXIE,
    Workshop,
    make_workshop,
    upstream_file,
)


@pytest.fixture
def workshop(engine: Engine, tmp_path: Path) -> Workshop:
    workshop = make_workshop(tmp_path, engine)
    workshop.want()
    workshop.read()
    workshop.plan()
    return workshop


def log_of(workshop: Workshop, lease: BuildLease) -> bytes:
    with reading(workshop.engine) as connection:
        return read_log(connection, lease.build_id)


def expire(workshop: Workshop) -> None:
    workshop.clock.advance(workshop.settings.queue.lease)


# Claims.


def test_a_lease_holds_all_that_a_builder_needs(workshop: Workshop) -> None:
    sdist = upstream_file()
    lease = workshop.claimed(workshop.builder())
    assert lease.model_dump(include={"project", "version", "number", "index_url"}) == {
        "project": "spam",
        "version": "1.0",
        "number": 0,
        "index_url": INDEX_URL,
    }
    assert (lease.sdist.filename, lease.sdist.url) == (sdist.filename, sdist.url)
    assert lease.sdist.sha256 == sdist.sha256
    assert lease.target.target().name == BOOKWORM
    assert lease.limits.limits() == workshop.settings.limits.limits()
    assert lease.lease_expires_at == workshop.clock.now() + timedelta(seconds=60)
    assert lease.heartbeat_seconds == 5


def test_a_claimed_job_is_leased_and_its_build_runs(workshop: Workshop) -> None:
    lease = workshop.claimed(workshop.builder())
    build = workshop.build(lease.build_id)
    assert (build.state, build.phase, build.builder) == (
        BuildState.RUNNING,
        Phase.CLAIMED,
        "board",
    )
    assert workshop.job_counts() == [JobCount(target=BOOKWORM, state=JobState.LEASED, count=1)]


def test_a_job_is_given_to_one_builder_only(workshop: Workshop) -> None:
    workshop.claimed(workshop.builder("one"))
    assert workshop.claim(workshop.builder("two")) is None


def test_a_builder_gets_only_targets_that_it_asks_for(workshop: Workshop) -> None:
    builder = workshop.builder()
    assert workshop.claim(builder, targets=[TRIXIE]) is None
    assert workshop.claim(builder, targets=[TRIXIE, BOOKWORM]) is not None


def test_a_builder_gets_only_targets_that_its_token_allows(workshop: Workshop) -> None:
    assert workshop.claim(workshop.builder("other", targets=frozenset({TRIXIE}))) is None
    assert workshop.claim(workshop.builder("this", targets=frozenset({BOOKWORM}))) is not None


def test_a_retired_target_is_not_built_even_before_it_is_planned_again(
    workshop: Workshop,
) -> None:
    workshop.activate(NEWER)
    assert workshop.claim(workshop.builder()) is None


# Heartbeats.


def test_a_heartbeat_renews_the_lease_and_tells_the_phase(workshop: Workshop) -> None:
    builder = workshop.builder()
    lease = workshop.claimed(builder)
    workshop.clock.advance(timedelta(seconds=50))
    reply = workshop.heartbeat(builder, lease.build_id)
    assert reply.lease_expires_at == workshop.clock.now() + timedelta(seconds=60)
    workshop.clock.advance(timedelta(seconds=50))
    check_lease(workshop.engine, clock=workshop.clock, builder=builder, build_id=lease.build_id)
    assert workshop.build(lease.build_id).phase is Phase.BUILD


def test_the_log_grows_piece_by_piece_without_gaps_or_repeats(workshop: Workshop) -> None:
    builder = workshop.builder()
    lease = workshop.claimed(builder)
    build_id = lease.build_id
    assert workshop.heartbeat(builder, build_id, log=b"one ").log_size == 4
    assert workshop.heartbeat(builder, build_id, log=b"one two ").log_size == 8
    assert workshop.heartbeat(builder, build_id, log=b"late", offset=20).log_size == 8
    assert workshop.heartbeat(builder, build_id, log=b"three", offset=8).log_size == 13
    assert log_of(workshop, lease) == b"one two three"


def test_a_log_ends_at_its_limit_and_the_builder_is_not_asked_for_the_rest(
    workshop: Workshop,
) -> None:
    workshop.settings = Settings(data=workshop.folder, limits=LimitsSettings(log_bytes=10))
    builder = workshop.builder()
    lease = workshop.claimed(builder)
    build_id = lease.build_id
    assert workshop.heartbeat(builder, build_id, log=b"01234567").log_size == 8
    assert workshop.heartbeat(builder, build_id, log=b"89abcdef", offset=8).log_size == 16
    assert workshop.heartbeat(builder, build_id, log=b"ghi", offset=16).log_size == 19
    assert log_of(workshop, lease) == b"0123456789"


# Lost leases.


def test_an_expired_lease_is_lost_even_before_maintenance_has_noticed(
    workshop: Workshop,
) -> None:
    builder = workshop.builder()
    lease = workshop.claimed(builder)
    expire(workshop)
    with pytest.raises(LeaseLost):
        workshop.heartbeat(builder, lease.build_id, log=b"late")
    with pytest.raises(LeaseLost):
        check_lease(workshop.engine, clock=workshop.clock, builder=builder, build_id=lease.build_id)
    with pytest.raises(LeaseLost):
        workshop.deliver(builder, lease)
    assert log_of(workshop, lease) == b""
    assert workshop.build(lease.build_id).state is BuildState.RUNNING
    assert workshop.wheels() == []


def test_a_builder_cannot_touch_the_build_of_another(workshop: Workshop) -> None:
    lease = workshop.claimed(workshop.builder("one"))
    other = workshop.builder("two")
    with pytest.raises(LeaseLost):
        workshop.heartbeat(other, lease.build_id)
    with pytest.raises(LeaseLost):
        check_lease(workshop.engine, clock=workshop.clock, builder=other, build_id=lease.build_id)
    with pytest.raises(LeaseLost):
        workshop.finish(other, lease.build_id, failure=COMPILE_ERROR)
    assert workshop.build(lease.build_id).state is BuildState.RUNNING


def test_a_builder_does_not_learn_how_the_build_of_another_ended(workshop: Workshop) -> None:
    one = workshop.builder("one")
    lease = workshop.claimed(one)
    workshop.finish(one, lease.build_id, failure=COMPILE_ERROR)
    with pytest.raises(LeaseLost):
        workshop.finish(workshop.builder("two"), lease.build_id, failure=COMPILE_ERROR)


def test_a_build_that_never_was_has_no_lease(workshop: Workshop) -> None:
    builder = workshop.builder()
    for build_id in ("0" * 32, "nonsense"):
        with pytest.raises(LeaseLost):
            workshop.heartbeat(builder, build_id)
        with pytest.raises(LeaseLost):
            workshop.finish(builder, build_id, failure=COMPILE_ERROR)


def test_an_ended_build_has_no_lease(workshop: Workshop) -> None:
    builder = workshop.builder()
    lease = workshop.claimed(builder)
    workshop.finish(builder, lease.build_id, failure=COMPILE_ERROR)
    with pytest.raises(LeaseLost):
        workshop.heartbeat(builder, lease.build_id)


# Lanes.


def offer(workshop: Workshop, name: str, lane: Lane, speed: float) -> Builder:
    builder = workshop.builder(name)
    with writing(workshop.engine) as connection:
        save_offers(connection, builder.id, [Offer(target=BOOKWORM, lane=lane, speed=speed)])
        builders.touch_builder(connection, builder.id, at=workshop.clock.now())
    return builder


def test_a_job_is_left_to_a_faster_lane_as_long_as_that_asks_for_jobs(
    workshop: Workshop,
) -> None:
    slow = offer(workshop, "emulator", Lane.EMULATED, 0.1)
    fast = offer(workshop, "board", Lane.NATIVE, 1.0)

    assert workshop.claim(slow, targets=[BOOKWORM]) is None
    workshop.clock.advance(timedelta(minutes=2))
    assert workshop.claim(slow, targets=[BOOKWORM]) is not None
    assert workshop.claim(fast, targets=[BOOKWORM]) is None
