"""Demand is what a ranking says and what was asked for here."""

from datetime import timedelta

from sqlalchemy import select

from factories import NOW, PROJECT, project_name, project_page
from stocked import enqueue, stock
from wheelyard.database.demand import rank, refresh_demand
from wheelyard.database.downloads import ProjectSums, add_projects
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.plans import projects_to_plan, unmark_planned
from wheelyard.database.projects import save_page
from wheelyard.database.tables import projects

OTHER = project_name("other")
LONG_AGO = NOW - timedelta(days=70)
LAST_MONTH = NOW - timedelta(days=30)


def demands(engine: Engine) -> dict[str, int]:
    with reading(engine) as connection:
        rows = connection.execute(select(projects.c.name, projects.c.demand))
        return {row.name: row.demand for row in rows}


def refresh(engine: Engine) -> int:
    with writing(engine) as connection:
        return refresh_demand(connection, at=NOW)


def prepare(engine: Engine) -> None:
    """Put on record a project with a job, and one without."""
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        save_page(connection, project_page(name=OTHER), at=NOW)
        unmark_planned(connection, [PROJECT, OTHER])


def test_downloads_and_searches_of_two_months_are_added_to_the_ranking(engine: Engine) -> None:
    prepare(engine)
    with writing(engine) as connection:
        rank(connection, {PROJECT: 100}, at=NOW)
        asked = ProjectSums(downloads=3, searches=2, pages=7)
        for moment in (NOW, LAST_MONTH, LONG_AGO):
            add_projects(connection, {(moment.date(), PROJECT): asked})
        add_projects(connection, {(NOW.date(), OTHER): ProjectSums(downloads=1)})
        add_projects(connection, {(NOW.date(), "unknown"): ProjectSums(downloads=9)})

    assert refresh(engine) == 2
    assert demands(engine) == {PROJECT: 110, OTHER: 1}
    assert refresh(engine) == 0
    with writing(engine) as connection:
        rank(connection, {PROJECT: 50}, at=NOW)
    assert demands(engine)[PROJECT] == 60


def test_demand_fades_when_nobody_asks_any_more(engine: Engine) -> None:
    prepare(engine)
    with writing(engine) as connection:
        rank(connection, {PROJECT: 5}, at=LONG_AGO)
        add_projects(connection, {(LONG_AGO.date(), PROJECT): ProjectSums(downloads=7)})
        refresh_demand(connection, at=LONG_AGO)
    assert demands(engine)[PROJECT] == 12

    refresh(engine)
    assert demands(engine)[PROJECT] == 5


def test_only_projects_with_jobs_are_planned_anew(engine: Engine) -> None:
    prepare(engine)
    with writing(engine) as connection:
        for name in (PROJECT, OTHER):
            add_projects(connection, {(NOW.date(), name): ProjectSums(downloads=1)})
    refresh(engine)

    with reading(engine) as connection:
        assert projects_to_plan(connection, limit=9) == [PROJECT]
