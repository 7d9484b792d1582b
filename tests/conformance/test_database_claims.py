"""Many at once: no job is handed out twice, none waits for another, and an index serves them."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import count

from sqlalchemy import insert, select, text

from explained import explained
from factories import NOW, PROJECT
from stocked import LEASE, build_id, claim, enqueue, finish, register, stock
from wheelyard.database import plans, projects, queue, tables
from wheelyard.database.builds import close_build
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.projects import save_page, stored_page
from wheelyard.model.build import BuildState, JobKind, JobState, Priority

WAIT_SECONDS = 300.0
MANY = 5000


def together(*actions: Callable[[], None]) -> None:
    """Run actions at the same time, each in a thread, and raise the first error of any."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], None]) -> None:
        barrier.wait()
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error


def test_claimers_at_the_same_time_never_get_the_same_job(engine: Engine) -> None:
    versions = [f"{number}.0" for number in range(1, 31)]
    with writing(engine) as connection:
        stock(connection, versions=versions)
        for version in versions:
            enqueue(connection, version=version)
        builder = register(connection)
    numbers = count(1)
    claimed: list[str] = []

    def claim_until_empty() -> None:
        while True:
            with writing(engine) as connection:
                job = claim(connection, builder, build=next(numbers))
            if job is None:
                return
            claimed.append(str(job.version))

    together(*[claim_until_empty] * 4)

    assert sorted(claimed) == sorted(versions)
    with reading(engine) as connection:
        (leased,) = queue.job_counts(connection)
    assert (leased.state, leased.count) == (JobState.LEASED, 30)


def test_on_postgresql_a_claim_passes_over_a_job_that_somebody_is_about_to_take(
    postgresql_engine: Engine,
) -> None:
    with writing(postgresql_engine) as connection:
        stock(connection, versions=["1.0", "2.0"])
        enqueue(connection, version="1.0")
        enqueue(connection, version="2.0")
        builder = register(connection)

    with writing(postgresql_engine) as first, writing(postgresql_engine) as second:
        jobs = [claim(first, builder, build=1), claim(second, builder, build=2)]
    with writing(postgresql_engine) as third:
        jobs.append(claim(third, builder, build=3))

    assert [None if job is None else str(job.version) for job in jobs] == ["1.0", "2.0", None]


def test_on_sqlite_a_claim_waits_for_the_writer_before_it(sqlite_engine: Engine) -> None:
    with writing(sqlite_engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
    has_claimed = threading.Event()
    second: list[object] = []

    def claim_second() -> None:
        has_claimed.wait(WAIT_SECONDS)
        with writing(sqlite_engine) as connection:
            second.append(claim(connection, builder, build=2))

    waiting = threading.Thread(target=claim_second)
    waiting.start()
    with writing(sqlite_engine) as connection:
        job = claim(connection, builder, build=1)
        has_claimed.set()
        waiting.join(0.2)
        assert waiting.is_alive()
    waiting.join(WAIT_SECONDS)

    assert job is not None
    assert second == [None]


def test_readers_are_not_held_up_by_a_writer(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
    with writing(engine) as connection:
        claim(connection, builder)
        with reading(engine) as other:
            states = [item.state for item in queue.job_counts(other)]

    assert states == [JobState.WAITING]


def test_a_reader_sees_one_moment_throughout(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
    with reading(engine) as connection:
        before = queue.job_counts(connection)
        with writing(engine) as other:
            enqueue(other)

        assert queue.job_counts(connection) == before == []


def test_the_end_of_a_lease_and_its_expiry_never_both_happen(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        builder = register(connection)
    outcomes: list[str] = []

    def deliver() -> None:
        with writing(engine) as connection:
            if queue.leased_job(connection, build_id=build) is not None:
                finish(connection, build=number)
                outcomes.append("finished")

    def expire() -> None:
        with writing(engine) as connection:
            for job in queue.expired_leases(connection, now=NOW + LEASE, limit=9):
                close_build(
                    connection, build_id=job.build_id, state=BuildState.LOST, finished_at=NOW
                )
                queue.put_back(connection, build_id=job.build_id, due_at=NOW)
                queue.promote(connection, now=NOW)
                outcomes.append("expired")

    for number in range(1, 11):
        build = build_id(number)
        with writing(engine) as connection:
            enqueue(connection)
            assert claim(connection, builder, build=number) is not None
        together(deliver, expire)

    assert len(outcomes) == 10


def test_a_page_that_changes_while_it_is_planned_is_planned_again(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["1.0"])
    has_started = threading.Event()

    def change() -> None:
        has_started.wait(WAIT_SECONDS)
        with writing(engine) as connection:
            stock(connection, versions=["1.0", "2.0"])

    changing = threading.Thread(target=change)
    changing.start()
    with writing(engine) as connection:
        projects.start_planning(connection, PROJECT)
        has_started.set()
        changing.join(0.2)
        planned = stored_page(connection, PROJECT)
        plans.unmark_planned(connection, [PROJECT])
    changing.join(WAIT_SECONDS)

    assert planned is not None
    assert len(planned.files) == 1
    with reading(engine) as connection:
        assert plans.projects_to_plan(connection, limit=9) == [PROJECT]


def test_of_two_pages_saved_at_the_same_time_the_later_one_is_stored(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=["1.0"])
        earlier = stored_page(connection, PROJECT)
    assert earlier is not None
    has_saved = threading.Event()

    def save_what_was_there() -> None:
        has_saved.wait(WAIT_SECONDS)
        with writing(engine) as connection:
            save_page(connection, earlier, at=NOW)

    saving = threading.Thread(target=save_what_was_there)
    saving.start()
    with writing(engine) as connection:
        stock(connection, versions=["2.0", "3.0"])
        has_saved.set()
        saving.join(0.2)
        assert saving.is_alive()
    saving.join(WAIT_SECONDS)

    with reading(engine) as connection:
        assert stored_page(connection, PROJECT) == earlier


def fill(connection: Connection) -> int:
    """Put a long queue into the database, and return the number of its target."""
    stock(connection, versions=["1.0"])
    owner = connection.scalar(select(tables.projects.c.id))
    target: int | None = connection.scalar(select(tables.targets.c.id))
    sdist = connection.scalar(select(tables.upstream_files.c.id))
    assert target is not None
    connection.execute(
        insert(tables.releases),
        [
            {"project_id": owner, "version": f"{number}", "version_key": f"{number}"}
            for number in range(2, MANY)
        ],
    )
    numbers = connection.scalars(select(tables.releases.c.id)).all()
    connection.execute(
        insert(tables.jobs),
        [
            {
                "kind": JobKind.BUILD,
                "release_id": number,
                "target_id": target,
                "sdist_id": sdist,
                "state": JobState.WAITING,
                "priority": list(Priority)[number % len(Priority)],
                "due_at": NOW + timedelta(seconds=number % 100),
                "released_at": NOW,
                "force": False,
                "infrastructure_attempts": 0,
                "healing_rounds": 0,
                "ladder_step": 0,
                "created_at": NOW,
            }
            for number in numbers
        ],
    )
    return target


def test_a_claim_reads_an_index_however_long_the_queue_is(engine: Engine) -> None:
    with writing(engine) as connection:
        fill(connection)
        connection.execute(text("ANALYZE"))
        builder = register(connection)
    with explained(engine) as plans, writing(engine) as connection:
        assert claim(connection, builder) is not None
    [plan] = [plan for statement, plan in plans.items() if statement.startswith("UPDATE jobs")]

    assert "ix_jobs_waiting" in plan
    assert "Seq Scan on jobs" not in plan
    assert "SCAN jobs\n" not in f"{plan}\n"
    # Only the first jobs of the asked targets are compared with each other, once.
    assert "Incremental Sort" not in plan
    assert plan.count("Sort  (") <= 1
    assert plan.count("TEMP B-TREE") <= 1
