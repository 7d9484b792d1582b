"""Which projects are planned, and in what order."""

import threading

from sqlalchemy import update

from factories import NOW, project_name, project_page
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.plans import (
    PlanLevel,
    is_to_plan,
    mark_all_to_plan,
    mark_to_plan,
    projects_to_plan,
    take_to_plan,
    unmark_planned,
)
from wheelyard.database.projects import save_page
from wheelyard.database.releases import ensure_project
from wheelyard.database.tables import projects

ONE, TWO, THREE = (project_name(name) for name in ("one", "two", "three"))
WAIT_SECONDS = 300.0


def save(engine: Engine, **demands: int) -> None:
    """Put read and planned projects on record, with the demand of each."""
    with writing(engine) as connection:
        for name, demand in demands.items():
            save_page(connection, project_page(name=name), at=NOW)
            is_it = projects.c.name == name
            connection.execute(update(projects).where(is_it).values(demand=demand))
        unmark_planned(connection, [project_name(name) for name in demands])


def to_plan(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(projects_to_plan(connection, limit=9))


def test_events_go_before_bulk_and_then_what_is_most_wanted(engine: Engine) -> None:
    save(engine, one=1, two=2, three=3)
    with writing(engine) as connection:
        mark_all_to_plan(connection)
    assert to_plan(engine) == [THREE, TWO, ONE]
    with writing(engine) as connection:
        mark_to_plan(connection, [ONE], at=NOW)
    assert to_plan(engine) == [ONE, THREE, TWO]


def test_an_event_is_not_put_off_by_a_later_bulk_mark(engine: Engine) -> None:
    save(engine, one=1, two=2)
    with writing(engine) as connection:
        mark_to_plan(connection, [ONE], at=NOW)
        mark_to_plan(connection, [ONE, TWO], at=NOW, level=PlanLevel.BULK)
        mark_all_to_plan(connection)
    assert to_plan(engine) == [ONE, TWO]


def test_a_project_that_was_never_read_is_not_marked(engine: Engine) -> None:
    with writing(engine) as connection:
        ensure_project(connection, ONE, at=NOW)
        mark_to_plan(connection, [ONE], at=NOW)
        mark_all_to_plan(connection)
    assert to_plan(engine) == []


def test_a_project_that_was_planned_is_not_taken_again_until_it_is_marked(engine: Engine) -> None:
    save(engine, one=1)
    with writing(engine) as connection:
        mark_to_plan(connection, [ONE], at=NOW)
        assert is_to_plan(connection, ONE)
        assert take_to_plan(connection, limit=9) == [ONE]
        unmark_planned(connection, [ONE])
        assert take_to_plan(connection, limit=9) == []
        assert not is_to_plan(connection, ONE)


def test_two_schedulers_take_different_projects(postgresql_engine: Engine) -> None:
    engine = postgresql_engine
    save(engine, one=1, two=2)
    with writing(engine) as connection:
        mark_all_to_plan(connection)
    with writing(engine) as first, writing(engine) as second:
        assert take_to_plan(first, limit=1) == [TWO]
        assert take_to_plan(second, limit=9) == [ONE]


def test_a_mark_that_comes_while_a_project_is_planned_outlives_the_planning(
    postgresql_engine: Engine,
) -> None:
    engine = postgresql_engine
    save(engine, one=1)
    with writing(engine) as connection:
        mark_all_to_plan(connection)
    is_taken = threading.Event()

    def mark() -> None:
        is_taken.wait(WAIT_SECONDS)
        with writing(engine) as connection:
            mark_to_plan(connection, [ONE], at=NOW)

    marking = threading.Thread(target=mark)
    marking.start()
    with writing(engine) as connection:
        assert take_to_plan(connection, limit=9) == [ONE]
        is_taken.set()
        marking.join(0.2)
        unmark_planned(connection, [ONE])
    marking.join(WAIT_SECONDS)
    assert to_plan(engine) == [ONE]
