"""Jobs and leases, the same on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from sqlalchemy import update

from factories import (
    NOW,
    PROJECT,
    SDIST,
    TARGET,
    failure,
    project_page,
    target,
    upstream_file,
)
from stocked import LEASE, build_id, claim, enqueue, finish, register, stock
from wheelyard.database import queue, tables
from wheelyard.database.builds import build_summary, close_build
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.pausing import pause_queue, resume_queue
from wheelyard.database.projects import save_page
from wheelyard.database.recipes import save_recipe
from wheelyard.database.records import project_records
from wheelyard.database.targets import save_targets
from wheelyard.model.build import (
    BuildState,
    JobKind,
    JobState,
    Limits,
    Phase,
    Priority,
)
from wheelyard.model.job import ClaimedJob, JobCount, LeasedJob
from wheelyard.model.names import TargetName
from wheelyard.model.plan import LastFailure
from wheelyard.model.recipe import Recipe, RecipeOrigin, RecipeRule

OTHER = "trixie-cp313-aarch64"
SECOND = timedelta(seconds=1)


def counts(connection: Connection) -> dict[tuple[str, JobState], int]:
    return {(item.target, item.state): item.count for item in queue.job_counts(connection)}


def claimed_versions(connection: Connection, *, claims: int) -> list[str]:
    builder = register(connection)
    jobs = [claim(connection, builder, build=number) for number in range(claims)]
    return [str(job.version) for job in jobs if job is not None]


def test_a_claimed_job_has_all_that_its_builder_needs(engine: Engine) -> None:
    recipe = Recipe(
        debian_packages=("libfoo-dev",), environment={"A": "b"}, requirements=("cython<3",)
    )
    with writing(engine) as connection:
        stock(connection)
        rule = RecipeRule(origin=RecipeOrigin.PERSON, versions=SpecifierSet(), recipe=recipe)
        save_recipe(connection, PROJECT, rule, at=NOW)
        enqueue(connection, force=True)
        job = claim(connection, register(connection))

    assert job == ClaimedJob(
        build_id=build_id(),
        kind=JobKind.BUILD,
        project=PROJECT,
        version=Version("1.0"),
        target=target(),
        number=0,
        sdist=SDIST,
        force=True,
        recipe=recipe,
        lease_expires_at=NOW + LEASE,
    )


def test_claiming_starts_a_build(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection, "board"), limits=Limits())

    with reading(engine) as connection:
        build = build_summary(connection, build_id())
        assert counts(connection) == {(TARGET, JobState.LEASED): 1}
    assert build is not None
    assert (build.state, build.phase, build.builder) == (
        BuildState.RUNNING,
        Phase.CLAIMED,
        "board",
    )
    assert (build.started_at, build.finished_at, build.duration) == (NOW, None, None)


def test_nothing_is_claimed_from_an_empty_queue(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)

        assert claim(connection, register(connection)) is None


def test_a_builder_without_targets_gets_nothing(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)

        assert claim(connection, register(connection), targets=()) is None


def test_a_leased_job_is_not_claimed_again(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
        claim(connection, builder, build=1)

        assert claim(connection, builder, build=2) is None


def test_only_jobs_of_the_asked_targets_are_claimed(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, targets=[TARGET, OTHER])
        enqueue(connection, target=OTHER)
        builder = register(connection)

        assert claim(connection, builder, targets=[TARGET]) is None
        job = claim(connection, builder, targets=[TARGET, OTHER])
        assert job is not None
        assert job.target == target(OTHER)


def test_an_unknown_target_has_no_jobs(engine: Engine) -> None:
    with writing(engine) as connection:
        assert claim(connection, register(connection)) is None


def test_a_job_is_not_claimed_before_it_is_due_and_promoted(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection, due_at=NOW + SECOND)
        builder = register(connection)

        assert queue.promote(connection, now=NOW) == 0
        assert claim(connection, builder) is None
        assert queue.promote(connection, now=NOW + SECOND) == 1
        assert claim(connection, builder) is not None


def test_a_paused_or_retired_target_has_no_jobs_and_a_paused_queue_none_at_all(
    engine: Engine,
) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
        for column in ("paused", "retired"):
            connection.execute(update(tables.targets).values({column: True}))
            assert claim(connection, builder) is None
            connection.execute(update(tables.targets).values({column: False}))
        pause_queue(connection, reason="moving", at=NOW)
        assert claim(connection, builder) is None
        resume_queue(connection)
        assert claim(connection, builder) is not None


def test_of_several_targets_the_best_job_goes_first(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["1.0", "2.0"], targets=[TARGET, OTHER])
        enqueue(connection, version="1.0", target=TARGET, turn=3)
        enqueue(connection, version="2.0", target=OTHER, turn=1)
        builder = register(connection)

        found = [
            claim(connection, builder, build=number, targets=[TARGET, OTHER]) for number in (1, 2)
        ]
    assert [str(job.version) for job in found if job] == ["2.0", "1.0"]


def test_of_equal_priority_the_lower_turn_goes_first_then_the_greater_demand(
    engine: Engine,
) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["1.0", "2.0", "3.0"])
        enqueue(connection, version="1.0", turn=1, demand=9)
        enqueue(connection, version="2.0", turn=0, demand=1)
        enqueue(connection, version="3.0", turn=0, demand=2)

        assert claimed_versions(connection, claims=3) == ["3.0", "2.0", "1.0"]


def test_the_most_urgent_priority_goes_first_however_long_others_wait(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["1.0", "2.0", "3.0"])
        enqueue(connection, version="1.0", priority=Priority.REBUILD, due_at=NOW - LEASE)
        enqueue(connection, version="2.0", priority=Priority.NORMAL, due_at=NOW - SECOND)
        enqueue(connection, version="3.0", priority=Priority.REQUESTED)

        assert claimed_versions(connection, claims=3) == ["3.0", "2.0", "1.0"]


def test_of_what_was_due_together_the_newest_release_goes_first(engine: Engine) -> None:
    times = {"1.0": NOW - LEASE, "2.0": NOW, "3.0": None, "4.0": NOW - SECOND}
    with writing(engine) as connection:
        save_targets(connection, [target()])
        files = [
            upstream_file(f"evdev-{version}.tar.gz", uploaded_at=at)
            for version, at in times.items()
        ]
        save_page(connection, project_page(*files), at=NOW)
        for version in times:
            enqueue(connection, version=version)

        assert claimed_versions(connection, claims=4) == ["2.0", "4.0", "1.0", "3.0"]


def test_of_what_is_equal_the_job_that_was_made_first_goes_first(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["2.0", "1.0", "3.0"])
        for version in ("2.0", "1.0", "3.0"):
            enqueue(connection, version=version)

        assert claimed_versions(connection, claims=3) == ["2.0", "1.0", "3.0"]


def test_enqueueing_twice_leaves_one_job(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        enqueue(connection, version="1.0")

        assert queue.job_counts(connection) == [
            JobCount(target=TargetName(TARGET), state=JobState.WAITING, count=1)
        ]


def test_enqueueing_a_leased_job_leaves_it_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
        enqueue(connection, priority=Priority.REBUILD, force=True)

        job = queue.leased_job(connection, build_id=build_id())
    assert job is not None
    assert not job.force


def test_a_heartbeat_renews_the_lease_and_tells_the_phase(engine: Engine) -> None:
    until = NOW + LEASE + LEASE
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
        claim(connection, builder)
        assert queue.renew(
            connection,
            build_id=build_id(),
            builder_id=builder.id,
            now=NOW + SECOND,
            lease_expires_at=until,
            phase=Phase.BUILD,
        )

    with reading(engine) as connection:
        job = queue.leased_job(connection, build_id=build_id())
        build = build_summary(connection, build_id())
    assert job == LeasedJob(
        build_id=build_id(),
        builder_id=builder.id,
        kind=JobKind.BUILD,
        project=PROJECT,
        version=Version("1.0"),
        target=target(),
        number=0,
        sdist_sha256=SDIST.sha256,
        force=False,
        infrastructure_attempts=0,
        started_at=NOW,
        lease_expires_at=until,
        recipe=Recipe(),
        is_trial=False,
        healing_round=0,
    )
    assert build is not None
    assert build.phase is Phase.BUILD


@pytest.mark.parametrize("case", ["expired", "somebody else's", "unknown", "finished", "put back"])
def test_a_lease_that_is_not_theirs_any_more_is_not_renewed(engine: Engine, case: str) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder, other = register(connection), register(connection, "other")
        claim(connection, builder)
        if case == "finished":
            finish(connection)
        if case == "put back":
            queue.put_back(connection, build_id=build_id(), due_at=NOW)

        assert not queue.renew(
            connection,
            build_id=build_id(2 if case == "unknown" else 1),
            builder_id=other.id if case == "somebody else's" else builder.id,
            now=NOW + LEASE if case == "expired" else NOW,
            lease_expires_at=NOW + LEASE + LEASE,
            phase=Phase.BUILD,
        )


def test_a_finished_job_is_gone_and_its_build_is_kept(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
        finish(connection)

    with reading(engine) as connection:
        build = build_summary(connection, build_id())
        assert queue.job_counts(connection) == []
        assert queue.leased_job(connection, build_id=build_id()) is None
    assert build is not None
    assert build.state is BuildState.SUCCEEDED


def test_completing_twice_finds_nothing_the_second_time(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))

        assert queue.complete(connection, build_id=build_id())
        assert not queue.complete(connection, build_id=build_id())


def test_a_job_that_is_put_back_waits_and_counts_the_attempt(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
        for number in (1, 2):
            claim(connection, builder, build=number)
            close_build(
                connection, build_id=build_id(number), state=BuildState.LOST, finished_at=NOW
            )
            assert queue.put_back(connection, build_id=build_id(number), due_at=NOW)
            assert counts(connection) == {(TARGET, JobState.SCHEDULED): 1}
            queue.promote(connection, now=NOW)

        claim(connection, builder, build=3)
        job = queue.leased_job(connection, build_id=build_id(3))
    assert job is not None
    assert job.infrastructure_attempts == 2


def test_a_job_without_a_lease_cannot_be_put_back(engine: Engine) -> None:
    with writing(engine) as connection:
        assert not queue.put_back(connection, build_id=build_id(), due_at=NOW)


def test_expired_leases_are_told_the_longest_expired_first(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["1.0", "2.0", "3.0"])
        builder = register(connection)
        for number, version in ((3, "3.0"), (1, "1.0"), (2, "2.0")):
            enqueue(connection, version=version)
            claim(connection, builder, build=number, now=NOW + number * SECOND)

    with writing(engine) as connection:
        now = NOW + LEASE + 2 * SECOND
        expired = queue.expired_leases(connection, now=now, limit=10)
        first = queue.expired_leases(connection, now=now, limit=1)
    assert [job.build_id for job in expired] == [build_id(1), build_id(2)]
    assert first == expired[:1]


def test_jobs_are_counted_by_target_and_state(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["1.0", "2.0"], targets=[TARGET, OTHER])
        for version in ("1.0", "2.0"):
            enqueue(connection, version=version)
        enqueue(connection, target=OTHER)
        claim(connection, register(connection))

        assert counts(connection) == {
            (TARGET, JobState.LEASED): 1,
            (TARGET, JobState.WAITING): 1,
            (OTHER, JobState.WAITING): 1,
        }


def last_failures(connection: Connection) -> list[LastFailure]:
    return [
        failure
        for project in project_records(connection, [PROJECT])
        for release in project.releases
        for failure in release.failures
    ]


def test_the_last_attempt_is_told_if_it_did_not_succeed(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
        claim(connection, builder, build=1)
        assert last_failures(connection) == []

        finish(connection, build=1, state=BuildState.FAILED, failure=failure())
        told = LastFailure(
            target=TargetName(TARGET),
            sdist_sha256=SDIST.sha256,
            kind=failure().kind,
            message=failure().message,
        )
        assert last_failures(connection) == [told]

        enqueue(connection)
        claim(connection, builder, build=2, now=NOW + SECOND)
        finish(connection, build=2, state=BuildState.LOST, at=NOW + SECOND)
        assert last_failures(connection) == [replace(told, kind=None, message=None)]

        enqueue(connection)
        claim(connection, builder, build=3, now=NOW + LEASE)
        finish(connection, build=3, at=NOW + LEASE)
        assert last_failures(connection) == []
