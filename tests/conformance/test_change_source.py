"""What every change source must do, whatever tells it of changes."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from fake_change_source import FolderSource
from fake_upstream import FakeUpstream
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.upstream.changelog import Changelog
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.rss import Feeds
from wheelyard.upstream.serial_list import SerialList
from wheelyard.upstream.source import Changes, ChangeSource, ProjectPoll

MINUTE = timedelta(minutes=1)
RELIED_ON = ["folder", "changelog", "serial-list"]
HINTS = ["rss"]


class Yard:
    """One implementation, a way to make a change, and somebody who listens as the follower does."""

    def __init__(self, source: ChangeSource, fake: FakeUpstream, folder: Path) -> None:
        self.source = source
        self._fake = fake
        self._folder = folder
        self._cursor: str | None = None
        self._serials: dict[str, int | None] = {}
        self._versions = 0

    def change(self, project: str) -> None:
        self._versions += 1
        self._fake.add_file(project, b"x", f"{project}-{self._versions}.0.tar.gz")
        if isinstance(self.source, FolderSource):
            self.source.add(project)

    def remove(self, project: str) -> None:
        self._fake.remove(project)
        if isinstance(self.source, FolderSource):
            self.source.add(project)

    def batches(self) -> Iterator[Changes]:
        return self.source.changes(self._cursor)

    def listen(self, *, batches: int | None = None) -> set[str]:
        """Return the projects that are news, and keep the cursor; at most of so many batches."""
        news: set[str] = set()
        listed: set[str] = set()
        for batch in islice(self.batches(), batches):
            self._cursor = batch.cursor
            for project in batch.projects:
                listed.add(project.name)
                if not batch.listing or self._serials.get(project.name) != project.serial:
                    news.add(project.name)
                self._serials[project.name] = project.serial
            if batch.ends_listing:
                news |= self._serials.keys() - listed
        return news


@pytest.fixture(params=RELIED_ON + HINTS)
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yard]:
    clock = SettableClock()
    with FakeUpstream() as fake, http_client(contact="x", timeout=MINUTE) as client:
        fake.add_project("here-already")
        exchange = Exchange(client, fake.url, clock=clock)
        sources: dict[str, ChangeSource] = {
            "folder": FolderSource(tmp_path),
            "changelog": Changelog(exchange, clock=clock, every=MINUTE),
            "serial-list": SerialList(exchange, clock=clock, every=MINUTE, batch=1),
            "rss": Feeds(exchange),
        }
        yard = Yard(sources[request.param], fake, tmp_path)
        yard.listen()
        yield yard


def test_its_name_can_be_a_key(yard: Yard) -> None:
    assert yard.source.name
    assert yard.source.name == yard.source.name.strip().lower()


def test_it_says_how_often_to_ask_it(yard: Yard) -> None:
    assert yard.source.every > timedelta(0)


def test_without_changes_there_is_no_news(yard: Yard) -> None:
    assert yard.listen() == set()


def test_what_changed_is_told(yard: Yard) -> None:
    yard.change("first")
    yard.change("second")
    assert yard.listen() == {"first", "second"}


def test_what_was_told_is_told_again_until_the_cursor_is_kept(yard: Yard) -> None:
    yard.change("first")
    once = [batch.projects for batch in yard.batches()]
    assert [batch.projects for batch in yard.batches()] == once
    assert "first" in yard.listen()


def test_what_was_heard_is_no_news(yard: Yard) -> None:
    yard.change("first")
    yard.listen()
    yard.change("second")
    assert yard.listen() == {"second"}


def test_whoever_stops_listening_halfway_misses_nothing(yard: Yard) -> None:
    for project in ("first", "second", "third"):
        yard.change(project)
    heard = yard.listen(batches=1)
    assert heard | yard.listen() == {"first", "second", "third"}


def test_a_project_that_changes_again_is_news_again(yard: Yard) -> None:
    yard.change("first")
    yard.listen()
    yard.change("first")
    assert yard.listen() == {"first"}


@pytest.mark.parametrize("yard", RELIED_ON, indirect=True)
def test_a_removed_project_is_news(yard: Yard) -> None:
    yard.change("first")
    yard.listen()
    yard.remove("first")
    assert yard.listen() == {"first"}


def test_the_poll_tells_nothing_for_the_due_list_needs_no_source() -> None:
    poll = ProjectPoll(every=MINUTE)
    assert (poll.name, poll.every, list(poll.changes(None))) == ("project-poll", MINUTE, [])
