"""Wheels follow whatever upstream says, in whatever order it says it, on both databases."""

import random
from dataclasses import replace

import pytest

from factories import NOW, PROJECT, digest, project_page, upstream_file, wheel, wheel_file
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.pages import page_written, pages_to_write
from wheelyard.database.projects import remove_project, save_page
from wheelyard.database.wheels import record_wheel, wheels_of_project
from wheelyard.model.project import ProjectPage, ProjectStatus
from wheelyard.model.wheel import WheelState
from wheelyard.queue.withdrawal import settle_wheels

FIRST = upstream_file("evdev-1.0.tar.gz")
SECOND = upstream_file("evdev-2.0.tar.gz")
OURS = ("evdev-1.0-cp311-cp311-linux_armv7l.whl", "evdev-2.0-cp311-cp311-linux_armv7l.whl")
CHECKED = "evdev-2.0-1-cp311-cp311-linux_armv7l.whl"
THEIRS = upstream_file(OURS[1])
PAGES = (
    project_page(FIRST, SECOND),
    project_page(FIRST),
    project_page(SECOND),
    project_page(FIRST, SECOND, THEIRS),
    project_page(FIRST, replace(SECOND, yanked=True, yanked_reason="broken")),
    project_page(FIRST, replace(SECOND, hashes={"sha256": digest("replaced")})),
    project_page(status=ProjectStatus.QUARANTINED),
    project_page(FIRST, SECOND, status=ProjectStatus.ARCHIVED),
    project_page(),
)
ROUNDS = 12


@pytest.fixture
def wheels(engine: Engine) -> Engine:
    """A project with a published wheel of each of two releases, and one that was only checked."""
    with writing(engine) as connection:
        stock(connection, versions=("1.0", "2.0"))
        builder = register(connection)
        for number, version in enumerate(("1.0", "2.0"), start=1):
            enqueue(connection, version=version)
            assert claim(connection, builder, build=number) is not None
            finish(connection, build=number)
            record(connection, OURS[number - 1], version=version, build=number)
        record(connection, CHECKED, version="2.0", build=2, state=WheelState.CHECKED)
    return engine


def record(
    connection: Connection,
    filename: str,
    *,
    version: str,
    build: int,
    state: WheelState = WheelState.PUBLISHED,
) -> None:
    made = wheel(
        file=wheel_file(filename, sha256=digest(filename)),
        version=version,
        build_id=build_id(build),
        state=state,
    )
    record_wheel(connection, made)


def upstream_says(engine: Engine, page: ProjectPage | None) -> int:
    """Save what upstream says, None if it has no such project; return what it changed."""
    with writing(engine) as connection:
        if page is None:
            remove_project(connection, PROJECT, at=NOW)
        else:
            save_page(connection, page, at=NOW)
        return settle_wheels(connection, PROJECT)


def states(engine: Engine) -> dict[str, WheelState]:
    with reading(engine) as connection:
        found = wheels_of_project(connection, PROJECT)
    return {one.file.filename: one.state for one in found}


def is_marked(engine: Engine) -> bool:
    """Whether the project's pages wait to be written; they do not any more afterwards."""
    with writing(engine) as connection:
        found = pages_to_write(connection, limit=9)
        for page in found:
            page_written(connection, page.project, page.revision)
    return bool(found)


def test_a_page_that_says_the_same_changes_no_wheel_and_marks_nothing(wheels: Engine) -> None:
    is_marked(wheels)
    assert upstream_says(wheels, project_page(FIRST, SECOND)) == 0
    assert not is_marked(wheels)


def test_wheels_that_change_have_their_pages_written(wheels: Engine) -> None:
    is_marked(wheels)
    assert upstream_says(wheels, project_page(FIRST)) == 1
    assert is_marked(wheels)


def test_settling_again_changes_nothing_more(wheels: Engine) -> None:
    assert upstream_says(wheels, project_page(status=ProjectStatus.QUARANTINED)) == 2
    with writing(wheels) as connection:
        assert settle_wheels(connection, PROJECT) == 0


def test_a_wheel_that_was_only_checked_is_never_published_by_a_change(wheels: Engine) -> None:
    for page in (*PAGES, None, PAGES[0]):
        upstream_says(wheels, page)
        assert states(wheels)[CHECKED] is WheelState.CHECKED


def test_a_project_that_returns_after_its_deletion_has_its_wheels_back(wheels: Engine) -> None:
    before = states(wheels)
    upstream_says(wheels, None)
    assert set(states(wheels).values()) == {WheelState.WITHDRAWN, WheelState.CHECKED}
    upstream_says(wheels, project_page(FIRST, SECOND))
    assert states(wheels) == before


def test_upstream_deleting_its_own_file_brings_ours_back(wheels: Engine) -> None:
    upstream_says(wheels, project_page(FIRST, SECOND, THEIRS))
    assert states(wheels)[OURS[1]] is WheelState.SUPERSEDED
    upstream_says(wheels, project_page(FIRST, SECOND))
    assert states(wheels)[OURS[1]] is WheelState.PUBLISHED


@pytest.mark.parametrize("seed", range(5))
def test_only_the_last_of_many_changes_counts(wheels: Engine, seed: int) -> None:
    chance = random.Random(seed)
    last = None
    for _ in range(ROUNDS):
        last = chance.choice((*PAGES, None))
        upstream_says(wheels, last)
    after_history = states(wheels)
    upstream_says(wheels, PAGES[0])
    upstream_says(wheels, last)
    assert states(wheels) == after_history
