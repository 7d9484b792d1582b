"""The end of a build, on both databases: with wheels, with a failure, or with neither."""

import gzip
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard.certify.inspection import read_metadata
from wheelyard.database.builds import read_log
from wheelyard.database.cross_failures import cross_failures_of
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.pages import page_written, pages_to_write
from wheelyard.errors import UploadRefused
from wheelyard.model.build import BuildState, Failure, FailureKind
from wheelyard.model.builder import Builder
from wheelyard.model.names import Sha256
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import Wheel, WheelState
from wheelyard.protocol import FailureMessage, FinishReply
from wheelyard.settings import LimitsSettings, Settings
from workshop import (
    BOOKWORM,
    COMPILE_ERROR,
    LOST_DISK,
    NEWER,
    OTHER_PLATFORM,
    PURE_TAG,
    SPAM,
    TRIXIE,
    Workshop,
    make_workshop,
    upstream_file,
)

PURE = "spam-1.0-py3-none-any.whl"
SUCCEEDED = FinishReply(state="succeeded")


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


def write_pages(workshop: Workshop) -> list[str]:
    with writing(workshop.engine) as connection:
        pages = pages_to_write(connection, limit=10)
        for page in pages:
            page_written(connection, page.project, page.revision)
    return [page.project for page in pages]


# Wheels.


def test_a_sound_wheel_is_published_whole(workshop: Workshop, builder: Builder) -> None:
    lease = workshop.claimed(builder)
    path = workshop.make_wheel(lease)
    file = workshop.upload(lease, path)
    workshop.heartbeat(builder, lease.build_id, log=b"all is well\n")
    write_pages(workshop)
    workshop.clock.advance(timedelta(seconds=5))

    assert workshop.finish(builder, lease.build_id, file) == SUCCEEDED
    finished_at = workshop.clock.now()
    workshop.maintain()

    wheel = Wheel(
        file=file,
        project=SPAM,
        version=workshop.build(lease.build_id).version,
        target=BOOKWORM,
        build_id=lease.build_id,
        state=WheelState.PUBLISHED,
        uploaded_at=workshop.clock.now(),
    )
    log_key = f"logs/{lease.build_id}.log.gz"
    build = workshop.build(lease.build_id)
    assert workshop.wheels() == [wheel]
    assert workshop.store.get(wheel.path) == path.read_bytes()
    assert workshop.store.get(f"{wheel.path}.metadata") == read_metadata(path)
    assert gzip.decompress(workshop.store.get(log_key)) == b"all is well\n"
    assert (build.state, build.finished_at, build.log_key) == (
        BuildState.SUCCEEDED,
        finished_at,
        log_key,
    )
    assert workshop.verdicts() == {("1.0", BOOKWORM): "built"}
    assert workshop.job_counts() == []
    assert write_pages(workshop) == [SPAM]
    assert workshop.stored("uploads") == []
    with reading(workshop.engine) as connection:
        assert read_log(connection, lease.build_id) == b""


def test_finishing_again_answers_the_same_and_changes_nothing(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    file = workshop.upload(lease, workshop.make_wheel(lease))
    workshop.finish(builder, lease.build_id, file)
    wheels, build = workshop.wheels(), workshop.build(lease.build_id)
    workshop.clock.advance(timedelta(days=1))
    assert workshop.finish(builder, lease.build_id, file) == SUCCEEDED
    assert workshop.finish(builder, lease.build_id, failure=COMPILE_ERROR) == SUCCEEDED
    assert (workshop.wheels(), workshop.build(lease.build_id)) == (wheels, build)


def test_a_build_without_a_log_has_no_log_key(workshop: Workshop, builder: Builder) -> None:
    lease = workshop.claimed(builder)
    workshop.deliver(builder, lease)
    assert workshop.build(lease.build_id).log_key is None
    assert workshop.stored("logs") == []


def test_a_log_that_reached_its_limit_says_so(workshop: Workshop, builder: Builder) -> None:
    workshop.settings = Settings(data=workshop.folder, limits=LimitsSettings(log_bytes=10))
    lease = workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=b"0123456789abc")
    workshop.finish(builder, lease.build_id, failure=COMPILE_ERROR)
    workshop.maintain()
    [key] = workshop.stored("logs")
    assert gzip.decompress(workshop.store.get(key)) == (
        b"0123456789\n[The log is cut here: its limit is 10 bytes.]\n"
    )


def test_a_later_build_of_a_release_gets_the_next_number(workshop: Workshop) -> None:
    workshop.activate(BOOKWORM, NEWER)
    workshop.plan()
    builder = workshop.builder()
    first = workshop.claimed(builder)
    workshop.deliver(builder, first)
    second = workshop.claimed(builder)
    assert (first.number, second.number) == (0, 1)
    workshop.deliver(builder, second)
    assert [wheel.file.filename for wheel in workshop.wheels()] == [
        "spam-1.0-1-cp312-cp312-linux_x86_64.whl",
        "spam-1.0-cp311-cp311-linux_x86_64.whl",
    ]


def test_two_targets_that_made_one_pure_wheel_at_once_publish_the_first(
    workshop: Workshop,
) -> None:
    workshop.activate(BOOKWORM, TRIXIE)
    workshop.read(upstream_file(), upstream_file(OTHER_PLATFORM))
    workshop.plan()
    builder = workshop.builder()
    first, second = workshop.claimed(builder), workshop.claimed(builder)
    assert workshop.deliver(builder, first, tag=PURE_TAG) == SUCCEEDED
    other = workshop.upload(second, workshop.make_wheel(second, tag=PURE_TAG, content="ham"))
    assert workshop.finish(builder, second.build_id, other) == SUCCEEDED
    assert [wheel.build_id for wheel in workshop.wheels()] == [first.build_id]
    assert workshop.verdicts() == {("1.0", BOOKWORM): "built", ("1.0", TRIXIE): "built"}
    assert workshop.job_counts() == []


def test_a_filename_never_gets_other_bytes_in_its_channel(workshop: Workshop) -> None:
    # The first wheel refuses the second target's Python, so that both are really needed.
    workshop.activate(BOOKWORM, NEWER)
    workshop.read(upstream_file(), upstream_file(OTHER_PLATFORM))
    workshop.plan()
    builder = workshop.builder()
    first, second = workshop.claimed(builder), workshop.claimed(builder)
    name, tag = "spam-1.0-cp311-abi3-linux_x86_64.whl", "cp311-abi3-linux_x86_64"
    picky = workshop.make_wheel(first, tag=tag, requires_python="<3.12")
    workshop.finish(builder, first.build_id, workshop.upload(first, picky))
    other = workshop.upload(second, workshop.make_wheel(second, tag=tag, content="ham"))
    assert workshop.finish(builder, second.build_id, other) == reply(
        Failure(
            kind=FailureKind.INFRASTRUCTURE,
            message=f"bookworm has had other bytes under the name {name}; the next attempt gets a"
            " new build number.",
            subject=name,
        )
    )
    assert [wheel.build_id for wheel in workshop.wheels()] == [first.build_id]
    workshop.clock.advance(timedelta(minutes=1))
    again = workshop.claimed(builder)
    assert again.number == 1
    workshop.deliver(builder, again, tag=tag)
    assert set(workshop.verdicts().values()) == {"built"}


# Bytes that are not what they should be.


def test_other_bytes_than_announced_are_refused_and_the_lease_stays(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    path = workshop.make_wheel(lease)
    lied = replace(workshop.upload(lease, path), sha256=Sha256("0" * 64))
    with pytest.raises(UploadRefused):
        workshop.finish(builder, lease.build_id, lied)
    assert workshop.build(lease.build_id).state is BuildState.RUNNING
    assert workshop.stored("packages") == []
    assert workshop.finish(builder, lease.build_id, workshop.upload(lease, path)) == SUCCEEDED


def test_a_wheel_of_another_project_is_a_final_failure(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    foreign = lease.model_copy(update={"project": "ham"})
    wheel = workshop.upload(foreign, workshop.make_wheel(foreign))
    assert workshop.finish(builder, lease.build_id, wheel).state == "failed"
    failure = workshop.build(lease.build_id).failure
    assert failure is not None
    assert failure.kind is FailureKind.OUTPUT_INVALID
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    assert (workshop.stored("packages"), workshop.stored("uploads")) == ([], [])


# What upstream did meanwhile.


def test_a_filename_that_upstream_has_is_checked_by_force_and_never_published(
    workshop: Workshop, builder: Builder
) -> None:
    workshop.want(force=True)
    workshop.read(upstream_file(), upstream_file(PURE))
    workshop.plan()
    lease = workshop.claimed(builder)
    assert workshop.deliver(builder, lease, tag=PURE_TAG) == SUCCEEDED
    assert [wheel.state for wheel in workshop.wheels()] == [WheelState.CHECKED]
    assert workshop.verdicts() == {("1.0", BOOKWORM): "checked"}
    assert workshop.stored("packages") == []
    assert workshop.job_counts() == []


def test_a_filename_that_upstream_lacks_is_published_even_by_force(
    workshop: Workshop, builder: Builder
) -> None:
    workshop.want(force=True)
    workshop.read(upstream_file(), upstream_file(PURE))
    workshop.plan()
    workshop.deliver(builder, workshop.claimed(builder))
    assert [wheel.state for wheel in workshop.wheels()] == [WheelState.PUBLISHED]
    assert workshop.verdicts() == {("1.0", BOOKWORM): "built"}


def test_a_release_that_upstream_covered_meanwhile_is_not_published(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.read(upstream_file(), upstream_file(PURE))
    assert workshop.deliver(builder, lease, tag=PURE_TAG) == SUCCEEDED
    assert workshop.wheels() == []
    assert workshop.verdicts() == {("1.0", BOOKWORM): "covered-upstream"}
    assert workshop.job_counts() == []


@pytest.mark.parametrize("failure", [COMPILE_ERROR, LOST_DISK])
def test_a_failed_build_that_is_not_needed_any_more_is_not_tried_again(
    workshop: Workshop, builder: Builder, failure: Failure
) -> None:
    lease = workshop.claimed(builder)
    workshop.read(status=ProjectStatus.QUARANTINED)
    workshop.finish(builder, lease.build_id, failure=failure)
    assert workshop.verdicts() == {("1.0", BOOKWORM): "quarantined"}
    assert workshop.job_counts() == []


def test_nothing_of_a_project_that_was_quarantined_meanwhile_is_published(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.read(status=ProjectStatus.QUARANTINED)
    assert workshop.deliver(builder, lease) == SUCCEEDED
    assert workshop.wheels() == []


@pytest.mark.parametrize("filename", ["spam-1.0.zip", "spam-1.0.tar.gz"])
def test_a_build_of_a_replaced_source_distribution_is_made_again(
    workshop: Workshop, builder: Builder, filename: str
) -> None:
    lease = workshop.claimed(builder)
    other = upstream_file(filename, content="other bytes")
    workshop.read(other)
    assert workshop.deliver(builder, lease).state == "failed"
    assert workshop.wheels() == []
    workshop.clock.advance(timedelta(minutes=1))
    sdist = workshop.claimed(builder).sdist
    assert (sdist.filename, sdist.sha256) == (filename, other.sha256)


def test_what_only_another_lane_could_build_goes_straight_there_from_then_on(
    workshop: Workshop, builder: Builder
) -> None:
    workshop.activate(BOOKWORM, NEWER)
    workshop.plan()
    lease = workshop.claimed(builder)
    assert lease.may_cross
    wheel = workshop.upload(lease, workshop.make_wheel(lease))

    workshop.finish(builder, lease.build_id, wheel, cross_failure=COMPILE_ERROR)

    with reading(workshop.engine) as connection:
        [known] = cross_failures_of(connection, SPAM)
    assert (known.architecture, str(known.versions)) == ("x86_64", ">=1.0")
    assert known.reason == "compile-error: gcc rejected spam.c."
    assert not workshop.claimed(builder).may_cross
