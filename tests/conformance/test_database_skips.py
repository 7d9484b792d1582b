"""What operators want not to be built."""

from dataclasses import replace

import pytest
from packaging.specifiers import SpecifierSet

from factories import NOW, PROJECT, TARGET, project_name, project_page
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.plans import projects_to_plan, unmark_planned
from wheelyard.database.projects import project_overview, save_page
from wheelyard.database.skips import add_skip, remove_skips, skips_of
from wheelyard.model.project import Skip

WHOLE = Skip(project=PROJECT, reason="It needs a GPU.")
OLD = Skip(project=PROJECT, reason="It is too old.", versions=SpecifierSet("<2,!=1.5"))
HERE = Skip(project=PROJECT, reason="No memory.", target=TARGET)


@pytest.fixture(autouse=True)
def _read(engine: Engine) -> None:
    with writing(engine) as connection:
        save_page(connection, project_page(), at=NOW)
        unmark_planned(connection, [PROJECT])


def skips(engine: Engine) -> list[Skip]:
    with reading(engine) as connection:
        return skips_of(connection, PROJECT)


def to_plan(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(projects_to_plan(connection, limit=9))


def test_skips_come_back_as_they_were_and_are_shown(engine: Engine) -> None:
    with writing(engine) as connection:
        for skip in (WHOLE, OLD, HERE):
            add_skip(connection, skip, at=NOW)
    assert skips(engine) == [WHOLE, OLD, HERE]
    with reading(engine) as connection:
        overview = project_overview(connection, PROJECT)
    assert overview is not None
    assert overview.skips == (WHOLE, OLD, HERE)


def test_the_same_versions_and_target_again_only_change_the_reason(engine: Engine) -> None:
    turned = replace(OLD, reason="Nobody wants it.", versions=SpecifierSet("!=1.5,<2"))
    with writing(engine) as connection:
        add_skip(connection, OLD, at=NOW)
        add_skip(connection, turned, at=NOW)
    assert skips(engine) == [turned]


def test_a_skip_has_the_project_planned_again_and_so_has_its_end(engine: Engine) -> None:
    with writing(engine) as connection:
        add_skip(connection, HERE, at=NOW)
    assert to_plan(engine) == [PROJECT]
    with writing(engine) as connection:
        unmark_planned(connection, [PROJECT])
        assert remove_skips(connection, [WHOLE], project=PROJECT, at=NOW) == 0
    assert to_plan(engine) == []
    with writing(engine) as connection:
        assert remove_skips(connection, [HERE, WHOLE], project=PROJECT, at=NOW) == 1
    assert to_plan(engine) == [PROJECT]
    assert skips(engine) == []


def test_a_project_can_be_skipped_before_it_was_ever_read(engine: Engine) -> None:
    unread = replace(WHOLE, project=project_name("spidev"))
    with writing(engine) as connection:
        add_skip(connection, unread, at=NOW)
    with reading(engine) as connection:
        assert skips_of(connection, unread.project) == [unread]
    assert to_plan(engine) == []
