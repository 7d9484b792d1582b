import pytest

from factories import TARGET, target
from stocked import claim, enqueue, register, stock
from wheelyard.database import targets
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.plans import projects_to_plan, unmark_planned
from wheelyard.database.queue import job_counts
from wheelyard.database.targets import TargetState
from wheelyard.errors import UnknownTarget
from wheelyard.model.build import JobState
from wheelyard.model.job import JobCount
from wheelyard.model.names import TargetName

NEWER = "bookworm-cp313-armv7l"
OTHER = "trixie-cp313-aarch64"


def planned(connection: Connection) -> None:
    unmark_planned(connection, projects_to_plan(connection, limit=99))


def test_targets_are_probed_by_position_then_the_oldest_python_first(engine: Engine) -> None:
    with writing(engine) as connection:
        for name in (OTHER, NEWER, TARGET):
            targets.add_target(connection, target(name))
        targets.add_target(connection, target(TARGET), position=1)

    with reading(engine) as connection:
        found = [active.name for active in targets.active_targets(connection)]
    assert found == [NEWER, OTHER, TARGET]


def test_adding_a_target_again_keeps_its_position(engine: Engine) -> None:
    with writing(engine) as connection:
        targets.add_target(connection, target(), position=5)
        targets.add_target(connection, target(python_full="3.11.9"))

        assert targets.target_states(connection) == [
            TargetState(
                target=target(python_full="3.11.9"), position=5, is_paused=False, is_retired=False
            )
        ]


def test_a_new_target_has_every_project_that_was_read_planned_again(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        planned(connection)
        targets.add_target(connection, target(OTHER))

        assert projects_to_plan(connection, limit=9) == ["evdev"]


def test_a_paused_target_stays_active(engine: Engine) -> None:
    with writing(engine) as connection:
        targets.add_target(connection, target())
        targets.pause_target(connection, TargetName(TARGET), is_paused=True)
        (state,) = targets.target_states(connection)
        assert (state.is_paused, state.is_retired) == (True, False)

        targets.pause_target(connection, TargetName(TARGET), is_paused=False)
        (state,) = targets.target_states(connection)
    assert not state.is_paused


def test_a_retired_target_loses_its_jobs_but_not_its_builds(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0", "3.0"), targets=(TARGET, OTHER))
        planned(connection)
        for version in ("1.0", "2.0", "3.0"):
            enqueue(connection, version=version)
            enqueue(connection, version=version, target=OTHER)
        claim(connection, register(connection))

        assert targets.retire_target(connection, TargetName(TARGET)) == 2
        assert [state.is_retired for state in targets.target_states(connection)] == [True, False]
        assert projects_to_plan(connection, limit=9) == ["evdev"]
        assert job_counts(connection) == [
            JobCount(target=TargetName(TARGET), state=JobState.LEASED, count=1),
            JobCount(target=TargetName(OTHER), state=JobState.WAITING, count=3),
        ]


def test_saving_targets_retires_the_others_with_their_jobs(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        targets.save_targets(connection, [target(OTHER)])

        assert [active.name for active in targets.active_targets(connection)] == [OTHER]
        assert job_counts(connection) == []


def test_an_unknown_target_is_neither_paused_nor_retired(engine: Engine) -> None:
    nowhere = TargetName("sid-cp399-vax")
    with writing(engine) as connection:
        with pytest.raises(UnknownTarget):
            targets.pause_target(connection, nowhere, is_paused=True)
        with pytest.raises(UnknownTarget):
            targets.retire_target(connection, nowhere)
