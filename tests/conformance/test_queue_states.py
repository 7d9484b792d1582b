"""A machine of random events that tries to break the queue, on both databases.

Builders claim, live, die, come back late and tell things twice; upstream changes; the clock jumps;
services run whenever they like. After every step the promises of docs/build-states.md must hold.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from packaging.tags import parse_tag
from sqlalchemy import Row, select

from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.schema import metadata
from wheelyard.database.tables import builds, decisions, jobs, log_chunks, wheels
from wheelyard.errors import LeaseLost
from wheelyard.model.build import BuildState, Failure, JobState, Verdict
from wheelyard.model.builder import Builder
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import WheelState, package_path
from wheelyard.protocol import BuildLease
from workshop import (
    BOOKWORM,
    COMPILE_ERROR,
    LOST_DISK,
    NEWER,
    PURE_TAG,
    TRIXIE,
    make_workshop,
    upstream_file,
)

BUILDERS = ("one", "two", "three")
EXAMPLES = 12
STEPS = 40
FINAL_ROUNDS = 40

SDIST = upstream_file()
PAGES = {
    "as it was": (SDIST,),
    "a newer release": (SDIST, upstream_file("spam-2.0.tar.gz")),
    "a pure wheel": (SDIST, upstream_file("spam-1.0-py3-none-any.whl")),
    "a wheel for one target": (
        SDIST,
        upstream_file("spam-1.0-cp311-cp311-manylinux_2_17_x86_64.whl"),
    ),
    "another source distribution": (upstream_file("spam-1.0.zip"),),
    "yanked": (upstream_file(yanked=True),),
    "for old Pythons": (upstream_file(requires_python="<3.12"),),
}
TAGS = (None, PURE_TAG, "cp311-abi3-linux_x86_64")


@dataclass
class Attempt:
    """A lease as its builder sees it."""

    builder: Builder
    lease: BuildLease


@dataclass
class Record:
    """All rows that the queue keeps, as they are at one moment."""

    jobs: list[Row[Any]]
    builds: list[Row[Any]]
    decisions: list[Row[Any]]
    wheels: list[Row[Any]]
    log_chunks: list[Row[Any]]


TABLES = (jobs, builds, decisions, wheels, log_chunks)


class Queue(RuleBasedStateMachine):
    """The events. A subclass names the engine that they happen on."""

    engine: Engine
    attempts = Bundle("attempts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="wheelyard-test-"))
        with writing(self.engine) as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
        self.workshop = make_workshop(self.folder, self.engine)
        self.workshop.activate(BOOKWORM, NEWER, TRIXIE)
        self.builders = {name: self.workshop.builder(name) for name in BUILDERS}
        self.ends: dict[str, tuple[object, ...]] = {}
        self.published: dict[tuple[str, str], str] = {}

    def teardown(self) -> None:
        try:
            self.everything_comes_to_an_end()
        finally:
            shutil.rmtree(self.folder)

    # Events.

    @initialize()
    def somebody_asks_for_a_project(self) -> None:
        self.workshop.want()
        self.workshop.read()
        self.workshop.plan()

    @rule(version=st.sampled_from([None, "1.0", "2.0"]), force=st.booleans())
    def want(self, version: str | None, *, force: bool) -> None:
        self.workshop.want(version=version, force=force)

    @rule(page=st.sampled_from(sorted(PAGES)))
    def read_the_page(self, page: str) -> None:
        self.workshop.read(*PAGES[page])

    @rule()
    def read_that_it_is_quarantined(self) -> None:
        self.workshop.read(status=ProjectStatus.QUARANTINED)

    @rule()
    def plan(self) -> None:
        self.workshop.plan()
        before = self.snapshot()
        self.workshop.mark_for_planning()
        self.workshop.plan()
        assert self.snapshot() == before

    @rule()
    def maintain(self) -> None:
        self.workshop.maintain()

    @rule(seconds=st.sampled_from([1, 20, 61, 600]))
    def time_passes(self, seconds: int) -> None:
        self.workshop.clock.advance(timedelta(seconds=seconds))

    @rule(target=attempts, name=st.sampled_from(BUILDERS))
    def claim(self, name: str) -> MultipleResults[Attempt]:
        builder = self.builders[name]
        lease = self.workshop.claim(builder)
        return multiple() if lease is None else multiple(Attempt(builder, lease))

    @rule(attempt=attempts, log=st.binary(max_size=20), offset=st.integers(0, 5))
    def heartbeat(self, attempt: Attempt, log: bytes, offset: int) -> None:
        build_id = attempt.lease.build_id
        with self.refused_only_without_a_lease(attempt):
            self.workshop.heartbeat(attempt.builder, build_id, log=log, offset=offset)

    @rule(attempt=attempts, tag=st.sampled_from(TAGS), content=st.sampled_from(["eggs", "ham"]))
    def deliver(self, attempt: Attempt, tag: str | None, content: str) -> None:
        lease = attempt.lease
        if not lease.target.target().accepts(parse_tag(tag or "py3-none-any")):
            tag = None
        wheel = self.workshop.make_wheel(lease, tag=tag, content=content)
        announced = self.workshop.upload(lease, wheel)
        with self.refused_only_without_a_lease(attempt):
            self.workshop.finish(attempt.builder, lease.build_id, announced)

    @rule(attempt=attempts, failure=st.sampled_from([COMPILE_ERROR, LOST_DISK, LOST_DISK]))
    def fail(self, attempt: Attempt, failure: Failure) -> None:
        with self.refused_only_without_a_lease(attempt):
            self.workshop.finish(attempt.builder, attempt.lease.build_id, failure=failure)

    @rule(attempt=attempts)
    def finish_again(self, attempt: Attempt) -> None:
        build = self.workshop.build(attempt.lease.build_id)
        if build.state not in {BuildState.SUCCEEDED, BuildState.FAILED}:
            return
        self.workshop.plan()
        before = self.snapshot()
        reply = self.workshop.finish(attempt.builder, build.id, failure=COMPILE_ERROR)
        assert reply.state == build.state.value
        assert self.snapshot() == before

    @rule(attempt=attempts, name=st.sampled_from(BUILDERS))
    def meddle(self, attempt: Attempt, name: str) -> None:
        if self.builders[name] == attempt.builder:
            return
        before = self.snapshot()
        with pytest.raises(LeaseLost):
            self.workshop.finish(self.builders[name], attempt.lease.build_id, failure=COMPILE_ERROR)
        assert self.snapshot() == before

    @contextmanager
    def refused_only_without_a_lease(self, attempt: Attempt) -> Iterator[None]:
        before = self.snapshot()
        now = self.workshop.clock.now()
        build_id = attempt.lease.build_id
        holds_lease = any(
            job.build_id == build_id and job.lease_expires_at > now for job in before.jobs
        )
        try:
            yield
        except LeaseLost:
            assert not holds_lease
            assert self.snapshot() == before
        else:
            told_before = self.ends.get(build_id, (BuildState.LOST,))[0]
            assert holds_lease or told_before is not BuildState.LOST

    # Promises.

    @invariant()
    def every_promise_is_kept(self) -> None:
        record = self.snapshot()
        every_needed_build_has_one_job_and_every_waiting_job_is_needed(record)
        leased_jobs_and_running_builds_belong_together(record)
        no_target_of_a_release_is_published_twice(record)
        limit = self.workshop.settings.queue.max_attempts
        assert all(row.infrastructure_attempts < limit for row in record.jobs)
        self.a_build_ends_once(record)
        self.a_filename_of_a_channel_keeps_its_bytes_and_they_are_in_the_store(record)

    def a_build_ends_once(self, record: Record) -> None:
        for row in record.builds:
            if row.state.is_final:
                end = (row.state, row.finished_at, row.failure_kind, row.failure_message)
                assert self.ends.setdefault(row.id, end) == end

    def a_filename_of_a_channel_keeps_its_bytes_and_they_are_in_the_store(
        self, record: Record
    ) -> None:
        for row in record.wheels:
            key = (row.channel, row.filename)
            assert self.published.setdefault(key, row.sha256) == row.sha256
            if row.state is WheelState.PUBLISHED:
                path = package_path(row.sha256, row.filename)
                assert digest_of(self.workshop.store.get(path)) == row.sha256
                metadata = self.workshop.store.get(f"{path}.metadata")
                assert digest_of(metadata) == row.metadata_sha256

    def everything_comes_to_an_end(self) -> None:
        """Whatever happened, one patient builder gets everything done that is needed."""
        builder = self.builders["one"]
        self.workshop.plan()
        for _ in range(FINAL_ROUNDS):
            self.workshop.clock.advance(timedelta(hours=1))
            self.workshop.maintain()
            lease = self.workshop.claim(builder)
            if lease is not None:
                self.workshop.deliver(builder, lease)
            if not self.workshop.job_counts():
                break
        assert self.workshop.job_counts() == []
        assert "needs-build" not in self.workshop.verdicts().values()

    def snapshot(self) -> Record:
        with reading(self.engine) as connection:
            return Record(
                *(
                    list(connection.execute(select(table).order_by(*table.primary_key)))
                    for table in TABLES
                )
            )


def every_needed_build_has_one_job_and_every_waiting_job_is_needed(record: Record) -> None:
    needed = {
        (row.release_id, row.target_id)
        for row in record.decisions
        if row.verdict is Verdict.NEEDS_BUILD
    }
    there = [(row.release_id, row.target_id) for row in record.jobs]
    leased = {
        (row.release_id, row.target_id) for row in record.jobs if row.state is JobState.LEASED
    }
    assert len(there) == len(set(there))
    assert needed <= set(there)
    assert set(there) - leased <= needed


def leased_jobs_and_running_builds_belong_together(record: Record) -> None:
    leased = {row.build_id for row in record.jobs if row.state is JobState.LEASED}
    assert leased == {row.id for row in record.builds if row.state is BuildState.RUNNING}


def no_target_of_a_release_is_published_twice(record: Record) -> None:
    published = [
        (row.release_id, row.target_id)
        for row in record.wheels
        if row.state is WheelState.PUBLISHED
    ]
    assert len(published) == len(set(published))


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_no_order_of_events_breaks_the_queue(engine: Engine) -> None:
    machine = type("QueueOnEngine", (Queue,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            # Making a failing run shorter takes minutes, longer than a test may.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
