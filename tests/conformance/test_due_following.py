from datetime import timedelta

from factories import NOW, PROJECT, project_name
from stocked import stock
from wheelyard.database.due import DueLevel
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.following import mark_asked, mark_followed
from wheelyard.database.plans import projects_to_plan, unmark_planned
from wheelyard.database.projects import project_overview
from wheelyard.database.reading import due_projects, never_read, never_tried, read_again, take_due
from wheelyard.upstream.first_fill import RankedProject, follow_ranking

LATER = NOW + timedelta(hours=1)


def test_followed_projects_are_read_in_the_first_fill(engine: Engine) -> None:
    with writing(engine) as connection:
        mark_followed(connection, {PROJECT: 7, project_name("spidev"): None}, at=NOW)

        assert due_projects(connection, now=NOW) == {DueLevel.FIRST_FILL: 2}
        overview = project_overview(connection, PROJECT)
    assert overview is not None
    assert (overview.is_followed, overview.demand) == (True, 7)


def test_following_again_changes_nothing_but_the_demand(engine: Engine) -> None:
    with writing(engine) as connection:
        mark_followed(connection, {PROJECT: 7}, at=NOW)
        mark_asked(connection, [PROJECT], at=NOW)
        mark_followed(connection, {PROJECT: None}, at=LATER)
        mark_followed(connection, {PROJECT: 9}, at=LATER)

        assert due_projects(connection, now=NOW) == {DueLevel.ASKED: 1}
        overview = project_overview(connection, PROJECT)
    assert overview is not None
    assert overview.demand == 9


def test_what_was_read_is_planned_anew_when_its_demand_changes(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        mark_followed(connection, {PROJECT: None}, at=NOW)
        assert projects_to_plan(connection, limit=9) == [PROJECT]
        unmark_planned(connection, [PROJECT])

        mark_followed(connection, {PROJECT: 0}, at=NOW)
        assert projects_to_plan(connection, limit=9) == []
        mark_followed(connection, {PROJECT: 3}, at=NOW)
        assert projects_to_plan(connection, limit=9) == [PROJECT]
        assert due_projects(connection, now=LATER) == {}


def test_a_long_ranking_is_read_from_its_beginning(engine: Engine) -> None:
    ranking = [RankedProject(project_name(f"p{number}"), 9000 - number) for number in range(4500)]

    assert follow_ranking(engine, iter(ranking), at=NOW) == 4500

    with writing(engine) as connection:
        taken = take_due(connection, now=LATER, limit=2000, lasts=LATER - NOW)
    assert {project.name for project in taken} == {project.name for project in ranking[:2000]}


def test_what_could_not_be_read_was_tried(engine: Engine) -> None:
    with writing(engine) as connection:
        mark_followed(connection, {PROJECT: None, project_name("spidev"): None}, at=NOW)
        (first, *_) = take_due(connection, now=NOW, limit=1, lasts=LATER - NOW)
        read_again(connection, first, due_at=LATER)

    with reading(engine) as connection:
        assert (never_read(connection), never_tried(connection)) == (2, 1)
