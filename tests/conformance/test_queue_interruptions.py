"""Whatever happens in the middle of the end of a build, on both databases."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard.database.engine import Engine
from wheelyard.errors import LeaseLost, StoreFull
from wheelyard.model.build import BuildState
from wheelyard.model.builder import Builder
from wheelyard.model.wheel import WheelState
from wheelyard.protocol import FinishReply
from wheelyard.settings import QueueSettings, Settings
from wheelyard.storage.store import Store
from workshop import (
    BOOKWORM,
    COMPILE_ERROR,
    LOST_DISK,
    PURE_TAG,
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


class Killed(BaseException):
    """The process ends here."""


@dataclass
class WatchedStore:
    """A store in which something happens before a thing is written into one of its folders."""

    store: Store
    folder: str
    happens: Callable[[], object]

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        if key.startswith(self.folder):
            self.happens()
        self.store.put(key, data)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


def watch(workshop: Workshop, folder: str, happens: Callable[[], object]) -> Store:
    """Have something happen before each write into a folder; return the store as it was."""
    store = workshop.store
    workshop.store = WatchedStore(store, folder, happens)  # type: ignore[assignment] # the rest is passed on
    return store


def test_a_filename_that_upstream_uploads_at_the_last_moment_is_not_published(
    workshop: Workshop, builder: Builder
) -> None:
    workshop.want(force=True)
    lease = workshop.claimed(builder)
    watch(workshop, "packages", lambda: workshop.read(upstream_file(), upstream_file(PURE)))
    assert workshop.deliver(builder, lease, tag=PURE_TAG) == SUCCEEDED
    assert [wheel.state for wheel in workshop.wheels()] == [WheelState.CHECKED]
    assert workshop.verdicts() == {("1.0", BOOKWORM): "checked"}


def test_a_wheel_whose_bytes_were_not_stored_is_not_published(
    workshop: Workshop, builder: Builder
) -> None:
    # Upstream's file goes away after it was decided not to store ours.
    workshop.want(force=True)
    workshop.read(upstream_file(), upstream_file(PURE))
    workshop.plan()
    lease = workshop.claimed(builder)
    pure = workshop.upload(lease, workshop.make_wheel(lease, tag=PURE_TAG))
    native = workshop.upload(lease, workshop.make_wheel(lease))
    watch(workshop, "packages", workshop.read)
    workshop.finish(builder, lease.build_id, pure, native)
    assert {wheel.file.filename: wheel.state for wheel in workshop.wheels()} == {
        pure.filename: WheelState.CHECKED,
        native.filename: WheelState.PUBLISHED,
    }


def test_a_repeated_request_that_overtakes_the_first_gives_both_the_same_answer(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=b"all is well\n")
    wheel = workshop.upload(lease, workshop.make_wheel(lease))
    replies = []

    def repeat() -> None:
        workshop.store = store
        replies.append(workshop.finish(builder, lease.build_id, wheel))

    store = watch(workshop, "packages", repeat)
    replies.append(workshop.finish(builder, lease.build_id, wheel))
    assert len(replies) > 1
    assert replies == [SUCCEEDED] * len(replies)
    assert len(workshop.wheels()) == 1


def test_a_full_store_loses_nothing_and_the_builder_may_finish_later(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    workshop.heartbeat(builder, lease.build_id, log=b"all is well\n")
    file = workshop.upload(lease, workshop.make_wheel(lease))

    def refuse() -> None:
        raise StoreFull("packages")

    room = watch(workshop, "packages", refuse)
    with pytest.raises(StoreFull):
        workshop.finish(builder, lease.build_id, file)
    assert workshop.build(lease.build_id).state is BuildState.RUNNING
    workshop.store = room
    assert workshop.finish(builder, lease.build_id, file) == SUCCEEDED
    assert [wheel.state for wheel in workshop.wheels()] == [WheelState.PUBLISHED]


def test_a_process_that_is_killed_while_it_stores_leaves_the_job_to_the_next_lease(
    workshop: Workshop, builder: Builder
) -> None:
    lease = workshop.claimed(builder)
    file = workshop.upload(lease, workshop.make_wheel(lease))

    def kill() -> None:
        raise Killed

    room = watch(workshop, "packages", kill)
    with pytest.raises(Killed):
        workshop.finish(builder, lease.build_id, file)
    workshop.store = room
    assert workshop.wheels() == []
    workshop.clock.advance(timedelta(minutes=2))
    workshop.maintain()
    workshop.clock.advance(timedelta(minutes=2))
    with pytest.raises(LeaseLost):
        workshop.finish(builder, lease.build_id, file)
    workshop.deliver(builder, workshop.claimed(builder))
    assert len(workshop.wheels()) == 1


def test_who_asks_again_gives_an_unlucky_release_new_tries(
    workshop: Workshop, builder: Builder
) -> None:
    workshop.settings = Settings(data=workshop.folder, queue=QueueSettings(max_attempts=1))
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=LOST_DISK)
    workshop.want()
    workshop.plan()
    assert [decision.verdict.value for decision in workshop.decisions()] == ["needs-build"]
    assert workshop.claim(builder) is not None


def test_who_asks_again_does_not_have_a_broken_release_built_again(
    workshop: Workshop, builder: Builder
) -> None:
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=COMPILE_ERROR)
    workshop.want()
    workshop.plan()
    assert [decision.verdict.value for decision in workshop.decisions()] == ["failed"]
    assert workshop.claim(builder) is None
