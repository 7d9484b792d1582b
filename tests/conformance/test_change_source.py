"""What every change source must do, whatever tells it of changes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from fake_change_source import FolderSource
from wheelyard.clock import SettableClock
from wheelyard.database.engine import Engine, connect, writing
from wheelyard.database.migrate import upgrade
from wheelyard.database.projects import save_page, want
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.project import ProjectPage, Want
from wheelyard.upstream.page_follower import Change, DuePoll, PageSource

FIRST = parse_project_name("first")
SECOND = parse_project_name("second")


class Yard(Protocol):
    """One implementation, with what it takes to make a change and to deal with it."""

    source: PageSource

    def change(self, project: ProjectName) -> None: ...

    def deal_with(self, change: Change) -> None: ...


class FolderYard:
    def __init__(self, folder: Path) -> None:
        self.folder_source = FolderSource(folder)
        self.source: PageSource = self.folder_source

    def change(self, project: ProjectName) -> None:
        self.folder_source.add(project)

    def deal_with(self, change: Change) -> None:
        """Nothing: its cursor is all that it needs."""


class PollYard:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = SettableClock()
        self.source: PageSource = DuePoll(engine, clock=self._clock, poll=timedelta(minutes=10))

    def change(self, project: ProjectName) -> None:
        with writing(self._engine) as connection:
            want(connection, Want(project=project), at=self._clock.now())

    def deal_with(self, change: Change) -> None:
        with writing(self._engine) as connection:
            page = ProjectPage(name=change.project, files=())
            save_page(connection, page, at=self._clock.now())


@pytest.fixture(params=["folder", "project-poll"])
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yard]:
    if request.param == "folder":
        yield FolderYard(tmp_path)
        return
    engine = connect(f"sqlite:///{tmp_path / 'test.sqlite'}")
    upgrade(engine)
    yield PollYard(engine)
    engine.dispose()


def projects(changes: list[Change]) -> list[ProjectName]:
    return [change.project for change in changes]


def test_its_name_can_be_a_key(yard: Yard) -> None:
    assert yard.source.name
    assert yard.source.name == yard.source.name.strip().lower()


def test_without_changes_there_is_nothing_to_read(yard: Yard) -> None:
    assert list(yard.source.changes(None)) == []


def test_changes_come_in_their_order(yard: Yard) -> None:
    yard.change(FIRST)
    yard.change(SECOND)
    assert projects(list(yard.source.changes(None))) == [FIRST, SECOND]


def test_a_change_comes_again_until_it_is_dealt_with(yard: Yard) -> None:
    yard.change(FIRST)
    once = list(yard.source.changes(None))
    assert list(yard.source.changes(None)) == once


def test_what_is_dealt_with_does_not_come_again(yard: Yard) -> None:
    yard.change(FIRST)
    yard.change(SECOND)
    first, _ = yard.source.changes(None)
    yard.deal_with(first)
    assert projects(list(yard.source.changes(first.cursor))) == [SECOND]


def test_a_project_that_changes_again_comes_again(yard: Yard) -> None:
    yard.change(FIRST)
    (first,) = yard.source.changes(None)
    yard.deal_with(first)
    yard.change(FIRST)
    assert projects(list(yard.source.changes(first.cursor))) == [FIRST]
