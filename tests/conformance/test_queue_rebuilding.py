import pytest

from factories import NOW, PROJECT, TARGET, decision, want
from stocked import enqueue, stock
from wheelyard.database.decisions import record_decision
from wheelyard.database.engine import Connection, Engine, writing
from wheelyard.database.job_lists import jobs_of_project
from wheelyard.database.plans import projects_to_plan, unmark_planned
from wheelyard.errors import UnknownProject, UnknownTarget
from wheelyard.model.build import Priority, Verdict
from wheelyard.model.names import TargetName
from wheelyard.queue.rebuilding import ask_for_rebuilds, rebuilds

OTHER = "trixie-cp313-aarch64"


def decided(connection: Connection) -> None:
    stock(connection, versions=("1.0", "2.0", "3.0"), targets=(TARGET, OTHER))
    for made in (
        decision(version="1.0", verdict=Verdict.BUILT),
        decision(version="2.0", verdict=Verdict.FAILED),
        decision(version="3.0", verdict=Verdict.SKIPPED),
        decision(version="1.0", target=OTHER, verdict=Verdict.COVERED_UPSTREAM),
    ):
        record_decision(connection, made, at=NOW)
    unmark_planned(connection, [PROJECT])


def named(
    connection: Connection, *, version: str | None = None, targets: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    found = rebuilds(
        connection,
        want(version=version),
        targets=[TargetName(target) for target in targets],
    )
    return [(str(one.version), one.target) for one in found]


def test_what_was_built_or_failed_is_built_again(engine: Engine) -> None:
    with writing(engine) as connection:
        decided(connection)

        assert named(connection) == [("2.0", TARGET), ("1.0", TARGET)]
        assert named(connection, version="1.0.0") == [("1.0", TARGET)]


def test_for_a_target_that_is_named_everything_is_built_again(engine: Engine) -> None:
    with writing(engine) as connection:
        decided(connection)

        assert named(connection, version="1.0", targets=(OTHER,)) == [("1.0", OTHER)]


def test_what_waits_to_be_built_is_left_alone(engine: Engine) -> None:
    with writing(engine) as connection:
        decided(connection)
        enqueue(connection, version="2.0")

        assert named(connection) == [("1.0", TARGET)]


def test_rebuilds_wait_behind_everything_else(engine: Engine) -> None:
    with writing(engine) as connection:
        decided(connection)
        asked = rebuilds(connection, want(version="1.0"), targets=())
        ask_for_rebuilds(connection, PROJECT, asked, at=NOW)

        (job,) = jobs_of_project(connection, PROJECT)
        assert (str(job.version), job.target, job.priority) == ("1.0", TARGET, Priority.REBUILD)
        assert projects_to_plan(connection, limit=9) == [PROJECT]
        assert rebuilds(connection, want(version="1.0"), targets=()) == []


def test_what_is_unknown_is_not_built_again(engine: Engine) -> None:
    with writing(engine) as connection:
        decided(connection)
        with pytest.raises(UnknownProject):
            rebuilds(connection, want("ham"), targets=())
        with pytest.raises(UnknownTarget):
            rebuilds(connection, want(), targets=[TargetName("sid-cp399-vax")])
