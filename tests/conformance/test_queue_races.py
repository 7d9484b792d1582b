"""Several at once, in threads of their own, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest

from wheelyard.clock import SettableClock
from wheelyard.database.engine import Engine
from wheelyard.errors import LeaseLost, UploadRefused
from wheelyard.model.build import BuildState
from wheelyard.model.builder import Builder
from wheelyard.model.names import parse_project_name
from wheelyard.protocol import FinishReply
from wheelyard.queue.maintenance import Maintenance
from workshop import (
    BOOKWORM,
    OTHER_PLATFORM,
    PURE_TAG,
    TRIXIE,
    Workshop,
    make_workshop,
    upstream_file,
)

THREADS = 4
ResultT = TypeVar("ResultT")


@pytest.fixture
def workshop(engine: Engine, tmp_path: Path) -> Workshop:
    return make_workshop(tmp_path, engine)


def at_once(*actions: Callable[[], ResultT]) -> list[ResultT]:
    """Run actions in threads that start together; return what they returned."""
    start = Barrier(len(actions))

    def run(action: Callable[[], ResultT]) -> ResultT:
        start.wait(timeout=300)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result(timeout=300) for future in [pool.submit(run, one) for one in actions]]


def test_builders_that_claim_at_once_get_every_job_and_none_twice(workshop: Workshop) -> None:
    names = [f"spam{number}" for number in range(12)]
    for name in names:
        workshop.want(parse_project_name(name))
        workshop.read(upstream_file(f"{name}-1.0.tar.gz"), name=parse_project_name(name))
    workshop.plan()
    builders = [workshop.builder(f"board{number}") for number in range(THREADS)]

    def claim_all(builder: Builder) -> list[str]:
        taken = []
        while (lease := workshop.claim(builder)) is not None:
            taken.append(lease.project)
        return taken

    taken = at_once(*(partial(claim_all, builder) for builder in builders))
    assert sorted(project for projects in taken for project in projects) == sorted(names)


def test_two_schedulers_at_once_plan_a_project_once(workshop: Workshop) -> None:
    workshop.want()
    workshop.read()
    assert sum(at_once(*[workshop.plan] * THREADS)) == 1
    assert [count.count for count in workshop.job_counts()] == [1]


def test_a_build_that_is_finished_twice_at_once_is_published_once(workshop: Workshop) -> None:
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    lease = workshop.claimed(builder)
    wheel = workshop.upload(lease, workshop.make_wheel(lease))
    replies = at_once(*[lambda: workshop.finish(builder, lease.build_id, wheel)] * THREADS)
    assert replies == [FinishReply(state="succeeded")] * THREADS
    assert [one.build_id for one in workshop.wheels()] == [lease.build_id]
    assert workshop.job_counts() == []


def test_two_targets_that_finish_one_pure_wheel_at_once_publish_it_once(
    workshop: Workshop,
) -> None:
    workshop.activate(BOOKWORM, TRIXIE)
    builder = workshop.builder()
    workshop.want()
    workshop.read(upstream_file(), upstream_file(OTHER_PLATFORM))
    workshop.plan()
    leases = [workshop.claimed(builder), workshop.claimed(builder)]
    wheels = [
        workshop.upload(lease, workshop.make_wheel(lease, tag=PURE_TAG, content=lease.build_id))
        for lease in leases
    ]
    at_once(
        lambda: workshop.finish(builder, leases[0].build_id, wheels[0]),
        lambda: workshop.finish(builder, leases[1].build_id, wheels[1]),
    )
    assert len(workshop.wheels()) == 1
    assert set(workshop.verdicts().values()) == {"built"}
    assert workshop.job_counts() == []


def test_a_build_ends_once_when_its_result_and_its_expiry_meet(workshop: Workshop) -> None:
    builder = workshop.builder()
    workshop.want()
    workshop.read()
    workshop.plan()
    lease = workshop.claimed(builder)
    wheel = workshop.upload(lease, workshop.make_wheel(lease))
    late = SettableClock(workshop.clock.now() + timedelta(minutes=2))
    maintenance = Maintenance(
        workshop.engine, store=workshop.store, clock=late, settings=workshop.settings
    )

    def finish() -> None:
        with suppress(LeaseLost, UploadRefused):
            workshop.finish(builder, lease.build_id, wheel)

    def maintain() -> None:
        maintenance.tick()

    at_once(finish, maintain, maintain)
    build = workshop.build(lease.build_id)
    is_published = [one.build_id for one in workshop.wheels()] == [lease.build_id]
    assert build.state is (BuildState.SUCCEEDED if is_published else BuildState.LOST)
    assert bool(workshop.job_counts()) is not is_published
