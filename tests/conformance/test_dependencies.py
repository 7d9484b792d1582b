"""Builds that need wheels of other projects, on both databases: they wait, and wake."""

from datetime import timedelta
from pathlib import Path

import pytest

from factories import digest
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.job_lists import jobs_of_project
from wheelyard.database.pages import page_written, pages_to_write
from wheelyard.database.waits import all_waits
from wheelyard.model.build import Failure, FailureKind
from wheelyard.model.builder import Builder
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.waiting import Wait
from wheelyard.protocol import BuildLease
from wheelyard.queue.dependencies import steps
from wheelyard.queue.treatment import MOST_A_DAY
from workshop import BOOKWORM, SPAM, Workshop, make_workshop, upstream_file

EGGS = parse_project_name("eggs")


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


def need(
    workshop: Workshop, builder: Builder, requirement: str, *, lease: BuildLease | None = None
) -> BuildLease:
    """Let the next build fail because a requirement has no wheel."""
    lease = lease or workshop.claimed(builder)
    failure = Failure(
        kind=FailureKind.NO_DEPENDENCY_WHEEL,
        message=f"The build needs {requirement}, of which there is no usable wheel.",
        subject=requirement,
    )
    workshop.finish(builder, lease.build_id, failure=failure)
    return lease


def read_eggs(workshop: Workshop, *versions: str) -> None:
    files = [upstream_file(f"eggs-{version}.tar.gz") for version in versions]
    workshop.read(*files, name=EGGS)
    settle(workshop)


def settle(workshop: Workshop) -> None:
    """Let everything follow that can, pages included."""
    for _ in range(6):
        with writing(workshop.engine) as connection:
            for page in pages_to_write(connection, limit=10):
                page_written(connection, page.project, page.revision)
        workshop.plan()


def reason(workshop: Workshop, name: ProjectName = SPAM) -> str:
    [decision] = workshop.decisions(name)
    return decision.reason


def waits(workshop: Workshop) -> list[Wait]:
    with reading(workshop.engine) as connection:
        return all_waits(connection)


def test_what_is_needed_is_built_first_and_wakes_who_waits(
    workshop: Workshop, builder: Builder
) -> None:
    need(workshop, builder, "eggs<3")
    assert workshop.verdicts() == {("1.0", BOOKWORM): "waits-for-dependency"}
    assert "It is built with eggs<3" in reason(workshop)
    read_eggs(workshop, "1.0", "2.0", "3.0")
    lease = workshop.claimed(builder)
    assert (lease.project, lease.version) == ("eggs", "2.0")
    workshop.deliver(builder, lease)
    assert workshop.verdicts()["1.0", BOOKWORM] == "waits-for-dependency"
    settle(workshop)
    assert waits(workshop) == []
    assert workshop.verdicts() == {("1.0", BOOKWORM): "needs-build"}
    workshop.deliver(builder, workshop.claimed(builder))
    assert workshop.verdicts() == {("1.0", BOOKWORM): "built"}


def test_what_fails_for_want_of_the_same_again_does_not_wait_for_ever(
    workshop: Workshop, builder: Builder
) -> None:
    need(workshop, builder, "eggs")
    read_eggs(workshop, "1.0")
    workshop.deliver(builder, workshop.claimed(builder))
    settle(workshop)
    need(workshop, builder, "eggs")
    assert waits(workshop) == []
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}


def test_what_is_needed_goes_before_all_that_nobody_asked_for(
    workshop: Workshop, builder: Builder
) -> None:
    need(workshop, builder, "eggs")
    read_eggs(workshop, "1.0")
    with reading(workshop.engine) as connection:
        [job] = jobs_of_project(connection, EGGS)
    assert job.priority.name == "DEPENDENCY"


@pytest.mark.parametrize("requirement", ["eggs>=9", "eggs==1.5"])
def test_what_cannot_be_had_is_a_dead_end_that_is_named(
    workshop: Workshop, builder: Builder, requirement: str
) -> None:
    need(workshop, builder, requirement)
    read_eggs(workshop, "1.0")
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    assert reason(workshop) == (
        f"It needs {requirement}, of which there is nothing that can be built."
    )


def test_a_version_that_comes_later_ends_the_dead_end(workshop: Workshop, builder: Builder) -> None:
    need(workshop, builder, "eggs>=2")
    read_eggs(workshop, "1.0")
    read_eggs(workshop, "1.0", "2.0")
    assert workshop.verdicts() == {("1.0", BOOKWORM): "waits-for-dependency"}
    assert workshop.claimed(builder).version == "2.0"


def test_what_is_needed_and_fails_is_a_dead_end(workshop: Workshop, builder: Builder) -> None:
    need(workshop, builder, "eggs")
    read_eggs(workshop, "1.0")
    failure = Failure(kind=FailureKind.WANTS_NETWORK, message="It wants the network.")
    workshop.finish(builder, workshop.claimed(builder).build_id, failure=failure)
    settle(workshop)
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}
    assert reason(workshop) == ("It needs eggs 1.0, which has no wheel: It wants the network.")


def test_two_that_wait_for_each_other_are_told_so(workshop: Workshop, builder: Builder) -> None:
    need(workshop, builder, "eggs")
    read_eggs(workshop, "1.0")
    need(workshop, builder, "spam")
    settle(workshop)
    assert workshop.claim(builder) is None
    assert reason(workshop) == "It waits in a circle: spam, which needs eggs, which needs spam."
    assert "circle" in reason(workshop, EGGS)


@pytest.mark.parametrize("requirement", ["eggs @ https://a.invalid/x.tar.gz", "-r x", "", "a b"])
def test_what_is_no_requirement_is_waited_for_by_nobody(
    workshop: Workshop, builder: Builder, requirement: str
) -> None:
    need(workshop, builder, requirement)
    assert waits(workshop) == []
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}


def test_a_builder_that_tells_of_a_new_environment_each_time_does_not_wait_for_ever(
    workshop: Workshop, builder: Builder
) -> None:
    read_eggs(workshop, "1.0")
    count = 0
    while (lease := workshop.claim(builder)) is not None:
        if lease.project == EGGS:
            workshop.deliver(builder, lease)
        else:
            count += 1
            assert count < 50
            workshop.clock.advance(timedelta(seconds=1))
            failure = Failure(
                kind=FailureKind.NO_DEPENDENCY_WHEEL, message="No eggs.", subject="eggs"
            )
            root = digest(str(count))
            workshop.finish(builder, lease.build_id, failure=failure, environment_digest=root)
        settle(workshop)
    assert 1 < count <= MOST_A_DAY
    assert workshop.verdicts() == {("1.0", BOOKWORM): "failed"}


def test_those_who_wait_take_turns(workshop: Workshop, builder: Builder) -> None:
    need(workshop, builder, "eggs")
    ham = parse_project_name("ham")
    workshop.want(ham)
    workshop.read(upstream_file("ham-1.0.tar.gz"), name=ham)
    workshop.plan()
    need(workshop, builder, "toast")
    seen: list[ProjectName | None] = [None]
    with reading(workshop.engine) as connection:
        for _ in range(4):
            seen.append(steps(connection, after=seen[-1], limit=1).last)
    assert seen == [None, "eggs", "toast", "eggs", "toast"]
