"""The feeds over real sockets."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from fake_upstream import PACKAGES_PATH, UPDATES_PATH, FakeUpstream, Fault
from wheelyard.client import http_client
from wheelyard.clock import SettableClock
from wheelyard.errors import InvalidPage, SourceMissing
from wheelyard.upstream.exchange import Exchange
from wheelyard.upstream.rss import Feeds
from wheelyard.upstream.source import Changes


@pytest.fixture
def fake() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture
def feeds(fake: FakeUpstream) -> Iterator[Feeds]:
    with http_client(contact="ops@example.org", timeout=timedelta(seconds=5)) as client:
        yield Feeds(Exchange(client, fake.url, clock=SettableClock()))


def names(changes: Changes) -> list[str]:
    return sorted(project.name for project in changes.projects)


def test_new_projects_and_new_releases_are_told(fake: FakeUpstream, feeds: Feeds) -> None:
    fake.add_project("New.Project")
    fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    (changes,) = feeds.changes(None)
    assert names(changes) == ["demo", "new-project"]
    assert all(project.serial is None for project in changes.projects)


def test_an_entry_is_told_once(fake: FakeUpstream, feeds: Feeds) -> None:
    fake.add_file("demo", b"x", "demo-1.0.tar.gz")
    (first,) = feeds.changes(None)
    (again,) = feeds.changes(first.cursor)
    assert names(again) == []
    fake.add_file("demo", b"x", "demo-2.0.tar.gz")
    (later,) = feeds.changes(again.cursor)
    assert names(later) == ["demo"]


def feed(*items: str) -> Fault:
    return Fault(body=f"<rss><channel>{''.join(items)}</channel></rss>".encode())


def test_only_links_of_entries_count(fake: FakeUpstream, feeds: Feeds) -> None:
    item = "<item><title>x</title><link>http://example.org/project/a%64/1.0/</link></item>"
    outside = "<link>http://example.org/project/outside/</link>"
    other = "<item><link>http://example.org/other/</link><link/></item><item/>"
    fake.fail(UPDATES_PATH, feed(outside, item, outside, other))
    (changes,) = feeds.changes(None)
    assert names(changes) == ["ad"]


@pytest.mark.parametrize(
    "link", ["http://[", "/project/", "/project/bad%20name/", "project", "/project/%00/", ""]
)
def test_links_that_name_no_project_are_passed_over(
    fake: FakeUpstream, feeds: Feeds, link: str
) -> None:
    fake.fail(UPDATES_PATH, feed(f"<item><link>{link}</link></item>"))
    (changes,) = feeds.changes(None)
    assert names(changes) == []


def test_a_feed_without_end_fills_no_memory(fake: FakeUpstream, feeds: Feeds) -> None:
    long = f"<item><link>/project/{'x' * 100_000}</link></item>"
    many = (f"<item><link>/project/p{number}/</link></item>" for number in range(5000))
    fake.fail(UPDATES_PATH, feed(long, *many))
    (changes,) = feeds.changes(None)
    assert len(changes.projects) == 1000
    assert len(json.loads(changes.cursor or "")) == 1000


@pytest.mark.parametrize("path", [UPDATES_PATH, PACKAGES_PATH])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<rss>",
        b"<!DOCTYPE html><html></html>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><rss>&a;</rss>',
    ],
)
def test_what_is_no_feed_is_refused(
    fake: FakeUpstream, feeds: Feeds, path: str, body: bytes
) -> None:
    fake.fail(path, Fault(body=body))
    with pytest.raises(InvalidPage):
        list(feeds.changes(None))


def test_an_index_without_feeds_says_so(fake: FakeUpstream, feeds: Feeds) -> None:
    fake.has_rss = False
    with pytest.raises(SourceMissing):
        list(feeds.changes(None))
