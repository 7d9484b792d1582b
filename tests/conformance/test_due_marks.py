"""The due list, as change sources mark it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from wheelyard.database import due
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.projects import save_page, want
from wheelyard.database.tables import listed_projects, projects
from wheelyard.model.change import ChangedProject
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus, Want

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEMO = parse_project_name("demo")
OTHER = parse_project_name("other")


def add(engine: Engine, name: ProjectName = DEMO, **fields: Any) -> None:  # noqa: ANN401 - columns
    """Add a followed project that was read an hour ago, at serial 5, and is due in an hour."""
    values = {
        "name": name,
        "status": ProjectStatus.ACTIVE,
        "missing_count": 0,
        "created_at": NOW - HOUR,
        "followed": True,
        "read_at": NOW - HOUR,
        "polled_at": NOW - HOUR,
        "upstream_serial": 5,
        "due_at": NOW + HOUR,
        "due_level": 2,
    }
    with writing(engine) as connection:
        connection.execute(insert(projects).values(values | fields))


def changed(
    name: ProjectName = DEMO, serial: int | None = None, *, is_late: bool = False
) -> ChangedProject:
    return ChangedProject(name=name, serial=serial, is_late=is_late)


def mark(engine: Engine, *changes: ChangedProject, follow_new: bool = False) -> None:
    with writing(engine) as connection:
        due.mark_changed(connection, changes, follow_new=follow_new, at=NOW)


def mark_list(engine: Engine, *listed: ChangedProject, follow_new: bool = False) -> None:
    with writing(engine) as connection:
        due.mark_listed(connection, listed, follow_new=follow_new, at=NOW)


def due_list(engine: Engine) -> dict[str, tuple[datetime | None, int, int | None]]:
    """Return when, how urgently and with which serial each project is due."""
    columns = (projects.c.name, projects.c.due_at, projects.c.due_level, projects.c.due_serial)
    with reading(engine) as connection:
        return {row.name: tuple(row)[1:] for row in connection.execute(select(*columns))}


def row_of(engine: Engine, name: ProjectName = DEMO) -> Any:  # noqa: ANN401 - a row
    with reading(engine) as connection:
        return connection.execute(select(projects).where(projects.c.name == name)).one()


LATER = (NOW + HOUR, 2, None)


def test_a_followed_project_that_changed_is_due_now_with_the_serial(engine: Engine) -> None:
    add(engine)
    mark(engine, changed(serial=7))
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, 7)}


def test_a_wanted_project_that_changed_is_due(engine: Engine) -> None:
    with writing(engine) as connection:
        want(connection, Want(project=DEMO), at=NOW - HOUR)
        save_page(connection, ProjectPage(name=DEMO, files=(), serial=5), at=NOW - HOUR)
        connection.execute(update(projects).values(due_at=NOW + HOUR, due_level=2))
    mark(engine, changed(serial=7))
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, 7)}


def test_a_project_that_is_neither_followed_nor_wanted_is_left_alone(engine: Engine) -> None:
    add(engine, followed=False)
    mark(engine, changed(), changed(OTHER))
    assert due_list(engine) == {DEMO: LATER}


def test_a_new_project_is_followed_and_due_where_everything_is_followed(engine: Engine) -> None:
    mark(engine, changed(serial=7), follow_new=True)
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, 7)}
    assert row_of(engine).followed


def test_a_known_project_becomes_followed_and_is_planned_if_it_was_read(engine: Engine) -> None:
    add(engine, followed=False)
    add(engine, OTHER, followed=False, read_at=None)
    mark(engine, changed(), changed(OTHER), follow_new=True)
    assert (row_of(engine).followed, row_of(engine).plan_from) == (True, NOW)
    assert (row_of(engine, OTHER).followed, row_of(engine, OTHER).plan_from) == (True, None)


def test_a_followed_project_is_not_planned_again_by_a_mark(engine: Engine) -> None:
    add(engine)
    mark(engine, changed(), follow_new=True)
    assert row_of(engine).plan_from is None


@pytest.mark.parametrize("serial", [4, 5])
def test_a_page_that_shows_the_change_already_is_not_due(engine: Engine, serial: int) -> None:
    add(engine)
    mark(engine, changed(serial=serial))
    assert due_list(engine) == {DEMO: LATER}


def test_a_change_without_serial_is_due_whatever_was_read(engine: Engine) -> None:
    add(engine)
    mark(engine, changed())
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, None)}


def test_of_several_changes_of_a_project_the_last_serial_counts(engine: Engine) -> None:
    add(engine)
    mark(engine, changed(serial=9), changed(serial=7))
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, 9)}


def test_a_change_without_serial_among_others_is_due_whatever_was_read(engine: Engine) -> None:
    add(engine)
    mark(engine, changed(serial=5), changed(), changed(serial=3))
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, None)}


@pytest.mark.parametrize(("serial", "expected"), [(4, None), (7, 7)])
def test_late_news_is_due_whatever_was_read_and_its_serial_must_be_reached(
    engine: Engine, serial: int, expected: int | None
) -> None:
    add(engine)
    mark(engine, changed(serial=serial, is_late=True), changed())
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, expected)}


def test_a_serial_is_never_lowered(engine: Engine) -> None:
    add(engine, due_serial=9)
    mark(engine, changed(serial=7))
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, 9)}


def test_a_project_that_is_due_already_keeps_its_place(engine: Engine) -> None:
    add(engine, due_at=NOW - HOUR, due_level=due.DueLevel.ASKED)
    mark(engine, changed(serial=7))
    assert due_list(engine) == {DEMO: (NOW - HOUR, due.DueLevel.ASKED, 7)}


def test_a_project_that_is_never_due_by_itself_becomes_due(engine: Engine) -> None:
    add(engine, due_at=None, due_level=0)
    mark(engine, changed())
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, None)}


def test_a_first_fill_is_brought_forward_by_a_change(engine: Engine) -> None:
    add(engine, due_at=NOW - HOUR, due_level=due.DueLevel.FIRST_FILL, read_at=None)
    mark(engine, changed())
    assert due_list(engine)[DEMO][1] == due.DueLevel.CHANGED


def test_no_changes_mark_nothing(engine: Engine) -> None:
    add(engine)
    mark(engine, follow_new=True)
    mark_list(engine)
    assert due_list(engine) == {DEMO: LATER}


def test_thousands_of_changes_are_marked_at_once(engine: Engine) -> None:
    names = [parse_project_name(f"p{number}") for number in range(3000)]
    mark(engine, *(changed(name, serial=7) for name in names), follow_new=True)
    marked = due_list(engine)
    assert len(marked) == 3000
    assert set(marked.values()) == {(NOW, int(due.DueLevel.CHANGED), 7)}


def test_what_the_list_names_anew_waits_for_the_first_fill(engine: Engine) -> None:
    mark_list(engine, changed(serial=7), changed(OTHER), follow_new=True)
    assert due_list(engine) == {
        DEMO: (NOW, due.DueLevel.FIRST_FILL, 7),
        OTHER: (NOW, due.DueLevel.FIRST_FILL, None),
    }


def test_the_list_makes_no_projects_where_only_wanted_ones_are_followed(engine: Engine) -> None:
    mark_list(engine, changed(serial=7))
    assert due_list(engine) == {}


@pytest.mark.parametrize(("serial", "is_due"), [(4, False), (5, False), (6, True)])
def test_a_listed_project_is_due_if_upstream_is_ahead(
    engine: Engine, serial: int, *, is_due: bool
) -> None:
    add(engine)
    mark_list(engine, changed(serial=serial))
    expected = (NOW, int(due.DueLevel.CHANGED), serial)
    assert due_list(engine) == {DEMO: expected if is_due else LATER}


@pytest.mark.parametrize(
    "fields", [{"removed_at": NOW - HOUR}, {"missing_count": 1, "missing_since": NOW - HOUR}]
)
def test_a_project_that_was_missing_is_due_when_it_is_listed(
    engine: Engine, fields: dict[str, Any]
) -> None:
    add(engine, **fields)
    mark_list(engine, changed(serial=5))
    assert due_list(engine)[DEMO][:2] == (NOW, due.DueLevel.CHANGED)


def test_a_list_without_a_serial_for_a_project_says_nothing_of_it(engine: Engine) -> None:
    add(engine)
    mark_list(engine, changed())
    assert due_list(engine) == {DEMO: LATER}


def test_what_the_list_lacks_is_due(engine: Engine) -> None:
    add(engine)
    add(engine, OTHER)
    mark_list(engine, changed(OTHER, serial=5))
    with writing(engine) as connection:
        assert due.unlisted_projects(connection, read_before=NOW) == 1
        assert due.known_projects(connection) == 2
        due.mark_unlisted(connection, read_before=NOW, at=NOW)
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.CHANGED, None), OTHER: LATER}


@pytest.mark.parametrize(
    "fields",
    [
        {"read_at": NOW},
        {"read_at": None},
        {"removed_at": NOW - HOUR},
        {"followed": False},
    ],
    ids=["read-since", "never-read", "removed", "not-followed"],
)
def test_what_the_list_lacks_is_left_alone_if_that_is_no_news(
    engine: Engine, fields: dict[str, Any]
) -> None:
    add(engine, **fields)
    with writing(engine) as connection:
        assert due.unlisted_projects(connection, read_before=NOW) == 0
        due.mark_unlisted(connection, read_before=NOW, at=NOW)
    assert due_list(engine) == {DEMO: LATER}


def test_a_name_that_is_listed_twice_counts_once(engine: Engine) -> None:
    mark_list(engine, changed(serial=7), follow_new=True)
    mark_list(engine, changed(serial=8), follow_new=True)
    assert due_list(engine) == {DEMO: (NOW, due.DueLevel.FIRST_FILL, 8)}


def test_a_listing_is_forgotten_whole(engine: Engine) -> None:
    mark_list(engine, changed(serial=7), changed(OTHER))
    with writing(engine) as connection:
        due.forget_listing(connection)
        assert connection.execute(select(listed_projects)).all() == []
