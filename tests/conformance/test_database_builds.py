"""Builds, their logs and their wheels, the same on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from packaging.version import Version

from factories import (
    NOW,
    PROJECT,
    SDIST,
    TARGET,
    digest,
    failure,
    project_name,
    project_page,
    upstream_file,
    wheel,
    wheel_file,
)
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.database import builds
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.pages import mark_page
from wheelyard.database.projects import published_projects, save_page
from wheelyard.database.wheels import (
    dependencies_of_project,
    record_wheel,
    set_wheel_state,
    wheel_by_path,
    wheels_of_project,
)
from wheelyard.errors import NotStored, UploadRefused
from wheelyard.model.build import BuildState, Phase
from wheelyard.model.names import TargetName
from wheelyard.model.summary import BuildSummary
from wheelyard.model.wheel import Wheel, WheelState

SECOND = timedelta(seconds=1)
ARM64 = "bookworm-cp311-aarch64"
TRIXIE = "trixie-cp313-armv7l"


@pytest.fixture
def running(engine: Engine) -> Iterator[Connection]:
    """A transaction in which build 1 is running."""
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
        yield connection


def build_again(connection: Connection, *, build: int, target: str = TARGET) -> int:
    """Run one more build, and return its number."""
    stock(connection, targets=[target])
    enqueue(connection, target=target)
    job = claim(connection, register(connection), build=build, targets=[target])
    assert job is not None
    finish(connection, build=build)
    return job.number


def test_a_closed_build_tells_how_it_ended(running: Connection) -> None:
    assert builds.close_build(
        running,
        build_id=build_id(),
        state=BuildState.FAILED,
        finished_at=NOW + SECOND,
        failure=failure(),
        log_key="logs/1.log.gz",
        build_seconds=0.5,
    )

    assert builds.build_summary(running, build_id()) == BuildSummary(
        id=build_id(),
        project=PROJECT,
        version=Version("1.0"),
        target=TargetName(TARGET),
        builder="board",
        number=0,
        state=BuildState.FAILED,
        phase=Phase.CLAIMED,
        started_at=NOW,
        finished_at=NOW + SECOND,
        failure=failure(),
        log_key="logs/1.log.gz",
        sdist=SDIST,
    )


def test_a_build_ends_once(running: Connection) -> None:
    finish(running)

    assert not builds.close_build(
        running,
        build_id=build_id(),
        state=BuildState.FAILED,
        finished_at=NOW,
        failure=failure(),
    )
    build = builds.build_summary(running, build_id())
    assert build is not None
    assert build.state is BuildState.SUCCEEDED


def test_an_unknown_build_is_neither_closed_nor_told(engine: Engine) -> None:
    with writing(engine) as connection:
        assert not builds.close_build(
            connection, build_id=build_id(), state=BuildState.LOST, finished_at=NOW
        )
        assert builds.build_summary(connection, build_id()) is None


def test_a_failure_without_evidence_comes_back_as_it_was(running: Connection) -> None:
    bare = failure(subject="libfoo.h", evidence=())
    finish(running, state=BuildState.FAILED, failure=bare)

    build = builds.build_summary(running, build_id())
    assert build is not None
    assert build.failure == bare


def test_builds_are_listed_newest_first_by_project_and_by_whether_they_run(
    engine: Engine,
) -> None:
    with writing(engine) as connection:
        builder = register(connection)
        for number, project in enumerate(("evdev", "spidev", "rpi-gpio"), start=1):
            stock(connection, project=project)
            enqueue(connection, project=project)
            claim(connection, builder, build=number, now=NOW + number * SECOND)
        finish(connection, build=2, at=NOW + timedelta(minutes=1))

        def listed(
            *, project: str | None = None, running: bool | None = None, limit: int = 9
        ) -> list[str]:
            found = builds.build_summaries(
                connection,
                project=None if project is None else project_name(project),
                running=running,
                limit=limit,
            )
            return [build.project for build in found]

        assert listed() == ["rpi-gpio", "spidev", "evdev"]
        assert listed(limit=2) == ["rpi-gpio", "spidev"]
        assert listed(running=True) == ["rpi-gpio", "evdev"]
        assert listed(running=False) == ["spidev"]
        assert listed(project="evdev") == ["evdev"]
        assert listed(project="evdev", running=False) == []


def test_a_log_grows_piece_by_piece_and_is_read_from_anywhere(running: Connection) -> None:
    pieces = [b"first \x00\xff", b"second", b"third"]
    sizes = []
    size = 0
    for piece in pieces:
        size = builds.append_log(running, build_id(), offset=size, data=piece)
        sizes.append(size)

    log = b"".join(pieces)
    assert sizes == [8, 14, 19]
    for start in range(len(log) + 3):
        assert builds.read_log(running, build_id(), start=start) == log[start:]


def test_a_piece_that_was_sent_before_is_ignored(running: Connection) -> None:
    builds.append_log(running, build_id(), offset=0, data=b"first")

    assert builds.append_log(running, build_id(), offset=0, data=b"first") == 5
    assert builds.append_log(running, build_id(), offset=2, data=b"st") == 5
    assert builds.read_log(running, build_id()) == b"first"


def test_a_piece_that_overlaps_adds_only_what_is_new(running: Connection) -> None:
    builds.append_log(running, build_id(), offset=0, data=b"first")

    assert builds.append_log(running, build_id(), offset=3, data=b"st, second") == 13
    assert builds.read_log(running, build_id()) == b"first, second"


def test_a_piece_that_would_leave_a_gap_is_not_taken(running: Connection) -> None:
    builds.append_log(running, build_id(), offset=0, data=b"first")

    assert builds.append_log(running, build_id(), offset=6, data=b"third") == 5
    assert builds.read_log(running, build_id()) == b"first"


def test_an_empty_piece_tells_the_size(running: Connection) -> None:
    assert builds.append_log(running, build_id(), offset=0, data=b"") == 0


def test_a_build_that_has_ended_takes_no_more_log(running: Connection) -> None:
    builds.append_log(running, build_id(), offset=0, data=b"first")
    finish(running)

    assert builds.append_log(running, build_id(), offset=5, data=b"late") == 5
    assert builds.ended_builds_with_log(running, limit=9) == [build_id()]


def test_a_dropped_log_is_gone(running: Connection) -> None:
    builds.append_log(running, build_id(), offset=0, data=b"first")
    assert builds.ended_builds_with_log(running, limit=9) == []
    finish(running)
    builds.drop_log(running, build_id())
    builds.set_log_key(running, build_id(), "logs/later.log.gz")

    assert builds.read_log(running, build_id()) == b""
    assert builds.ended_builds_with_log(running, limit=9) == []
    build = builds.build_summary(running, build_id())
    assert build is not None
    assert build.log_key == "logs/later.log.gz"


def test_the_build_number_counts_builds_that_made_wheels(engine: Engine) -> None:
    pure = wheel_file("evdev-1.0-py3-none-any.whl")
    with writing(engine) as connection:
        numbers = [build_again(connection, build=1), build_again(connection, build=2)]
        record_wheel(connection, wheel(build_id=build_id(2)))
        record_wheel(connection, wheel(build_id=build_id(2), file=pure))
        numbers.append(build_again(connection, build=3))
        numbers.append(build_again(connection, build=4, target=TRIXIE))

    assert numbers == [0, 0, 1, 1]


def test_a_wheel_comes_back_as_recorded(engine: Engine) -> None:
    made = wheel(
        build_id=build_id(),
        file=wheel_file("evdev-1.0-2-cp311-cp311-linux_armv7l.whl", requires_python=">=3.8"),
    )
    with writing(engine) as connection:
        build_again(connection, build=1)
        assert record_wheel(connection, made, dependencies=["libfoo1", "libbar2"]) == made

    with reading(engine) as connection:
        assert wheels_of_project(connection, PROJECT) == [made]
        assert wheel_by_path(connection, made.path) == made
        assert dependencies_of_project(connection, PROJECT) == {
            made.file.filename: ("libbar2", "libfoo1")
        }


def test_recording_the_same_wheel_again_keeps_the_first(engine: Engine) -> None:
    first = wheel(build_id=build_id(1))
    with writing(engine) as connection:
        build_again(connection, build=1)
        build_again(connection, build=2, target=ARM64)
        record_wheel(connection, first)
        again = wheel(
            build_id=build_id(2), target=ARM64, state=WheelState.CHECKED, uploaded_at=NOW + SECOND
        )

        assert record_wheel(connection, again) == first
        assert wheels_of_project(connection, PROJECT) == [first]


def test_in_one_channel_a_filename_never_gets_other_bytes(engine: Engine) -> None:
    first = wheel(build_id=build_id(1))
    other = wheel(build_id=build_id(2), target=ARM64, file=wheel_file(sha256=digest("other")))
    with writing(engine) as connection:
        build_again(connection, build=1)
        build_again(connection, build=2, target=ARM64)
        record_wheel(connection, first)
        for state in WheelState:
            set_wheel_state(connection, first, state)
            with pytest.raises(UploadRefused, match=r"bookworm: evdev-1\.0"):
                record_wheel(connection, other)


def test_two_channels_may_have_other_bytes_under_one_filename(engine: Engine) -> None:
    here = wheel(build_id=build_id(1))
    there = wheel(build_id=build_id(2), target=TRIXIE, file=wheel_file(sha256=digest("other")))
    with writing(engine) as connection:
        build_again(connection, build=1)
        build_again(connection, build=2, target=TRIXIE)
        record_wheel(connection, here)
        record_wheel(connection, there)

        assert wheel_by_path(connection, here.path) == here
        assert wheel_by_path(connection, there.path) == there
        assert wheels_of_project(connection, PROJECT) == [here, there]


@pytest.mark.parametrize(
    "stray",
    [
        wheel(build_id=build_id(9)),
        wheel(build_id=build_id(1), version="2.0"),
        wheel(build_id=build_id(1), project="spidev"),
        wheel(build_id=build_id(1), target=TRIXIE),
    ],
)
def test_a_wheel_belongs_to_the_build_of_its_release_and_target(
    engine: Engine, stray: Wheel
) -> None:
    with writing(engine) as connection:
        build_again(connection, build=1)
        with pytest.raises(NotStored):
            record_wheel(connection, stray)


def test_a_wheels_state_changes_once(engine: Engine) -> None:
    made = wheel(build_id=build_id())
    with writing(engine) as connection:
        build_again(connection, build=1)
        record_wheel(connection, made)

        assert set_wheel_state(connection, made, WheelState.SUPERSEDED)
        assert not set_wheel_state(connection, made, WheelState.SUPERSEDED)
        assert wheel_by_path(connection, made.path) == replace(made, state=WheelState.SUPERSEDED)


@pytest.mark.parametrize(
    "path",
    [
        "packages/aa/bb/cc/evdev-1.0-cp311-cp311-linux_armv7l.whl",
        "packages/evdev-1.0-cp311-cp311-linux_armv7l.whl",
        "evdev-1.0-cp311-cp311-linux_armv7l.whl",
        "",
        "packages/\x00/\ud800",
        wheel().path.replace(".whl", "\x00"),
        wheel().path.upper().replace("PACKAGES", "packages"),
        f"elsewhere/{wheel().path.removeprefix('packages/')}",
        f"packages//{wheel().path.removeprefix('packages/')}",
    ],
)
def test_there_is_no_wheel_at_any_other_path(engine: Engine, path: str) -> None:
    with writing(engine) as connection:
        build_again(connection, build=1)
        record_wheel(connection, wheel(build_id=build_id()))

        assert wheel_by_path(connection, path) is None


@pytest.mark.parametrize(
    ("yanks", "expected"),
    [
        ((False, False), (False, None)),
        ((True, False), (False, None)),
        ((True, True), (True, "broken")),
    ],
)
def test_a_wheel_is_yanked_when_upstream_yanked_its_whole_release(
    engine: Engine, yanks: tuple[bool, bool], expected: tuple[bool, str | None]
) -> None:
    files = [
        upstream_file(name, yanked=yanked, yanked_reason="broken" if yanked else None)
        for name, yanked in zip(("evdev-1.0.tar.gz", "evdev-1.0.zip"), yanks, strict=True)
    ]
    with writing(engine) as connection:
        build_again(connection, build=1)
        record_wheel(connection, wheel(build_id=build_id()))
        page = project_page(*files, upstream_file("evdev-2.0.tar.gz", yanked=not all(yanks)))
        save_page(connection, page, at=NOW)

        (found,) = wheels_of_project(connection, PROJECT)
    assert (found.yanked, found.yanked_reason) == expected


def test_a_wheel_outlives_its_release(engine: Engine) -> None:
    made = wheel(build_id=build_id())
    with writing(engine) as connection:
        build_again(connection, build=1)
        record_wheel(connection, made)
        save_page(connection, project_page(), at=NOW)

        assert wheels_of_project(connection, PROJECT) == [made]


def test_projects_that_have_or_had_wheels_on_the_index_are_listed(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, project="spidev")
        build_again(connection, build=1)
        made = record_wheel(connection, wheel(build_id=build_id(), state=WheelState.CHECKED))
        assert published_projects(connection) == []

        for state in (WheelState.PUBLISHED, WheelState.SUPERSEDED, WheelState.WITHDRAWN):
            set_wheel_state(connection, made, state)
            assert [name for name, _ in published_projects(connection)] == ["evdev"]

        mark_page(connection, PROJECT)
        assert published_projects(connection) == [(PROJECT, 3)]
