"""The outbox of pages under several publishers, on both databases."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from factories import NOW, project_name
from stocked import stock
from wheelyard.clock import SettableClock
from wheelyard.database import tables
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.pages import (
    PageToWrite,
    give_pages_back,
    hurry_page,
    mark_all_pages,
    mark_page,
    mark_pages,
    page_written,
    pages_to_write,
    take_pages,
)
from wheelyard.database.projects import project_serial
from wheelyard.errors import UnknownProject
from wheelyard.model.names import ProjectName
from wheelyard.publish.publisher import Publisher
from wheelyard.settings import Settings
from wheelyard.storage.objects import open_store
from wheelyard.storage.store import ObjectInfo, Store

LEASE = timedelta(seconds=45)
MANY = 240
PUBLISHERS = 4


def known(engine: Engine, names: Iterable[str]) -> list[ProjectName]:
    """Have projects read, and nothing waiting in the outbox."""
    with writing(engine) as connection:
        for name in names:
            stock(connection, project=name)
    with writing(engine) as connection:
        for page in pages_to_write(connection, limit=10_000):
            page_written(connection, page.project, page.revision)
    return [project_name(name) for name in names]


def take(engine: Engine, *, later: timedelta = timedelta(0), limit: int = 10) -> list[PageToWrite]:
    with writing(engine) as connection:
        return take_pages(connection, now=NOW + later, limit=limit, lasts=LEASE)


def waiting(engine: Engine) -> list[PageToWrite]:
    with reading(engine) as connection:
        return pages_to_write(connection, limit=10_000)


def names(found: Sequence[PageToWrite]) -> list[str]:
    return [page.project for page in found]


def test_projects_that_are_marked_together_get_a_serial_each_and_keep_it(engine: Engine) -> None:
    marked = known(engine, ["a", "b", "c"])
    with writing(engine) as connection:
        mark_pages(connection, [marked[2], marked[0], marked[2]])
    found = waiting(engine)
    with reading(engine) as connection:
        serials = [project_serial(connection, page.project) for page in found]
    assert names(found) == ["a", "c"]
    assert [page.revision for page in found] == serials
    assert serials[0] != serials[1]


def test_more_projects_than_fit_one_statement_are_marked(engine: Engine) -> None:
    (first,) = known(engine, ["p0000"])
    with writing(engine) as connection:
        row = connection.execute(select(tables.projects)).one()._asdict()
        del row["id"]
        others = [row | {"name": f"p{number:04}"} for number in range(1, 1100)]
        connection.execute(tables.projects.insert(), others)
        marked = [first, *(project_name(other["name"]) for other in others)]
        mark_pages(connection, marked)
    assert names(waiting(engine)) == marked
    assert len({page.revision for page in waiting(engine)}) == len(marked)


def test_a_project_that_nobody_knows_is_not_marked_and_nothing_else_is(engine: Engine) -> None:
    known(engine, ["a"])
    with pytest.raises(UnknownProject), writing(engine) as connection:
        mark_pages(connection, [project_name("a"), project_name("nobody")])
    assert waiting(engine) == []


def test_what_is_taken_is_out_of_others_sight_until_the_lease_ends(engine: Engine) -> None:
    marked = known(engine, ["a", "b"])
    with writing(engine) as connection:
        mark_pages(connection, marked)
    assert names(take(engine, limit=1)) == ["a"]
    assert names(take(engine)) == ["b"]
    assert take(engine, later=LEASE - timedelta(seconds=1)) == []
    assert names(take(engine, later=LEASE)) == ["a", "b"]


def test_what_is_given_back_is_anybodys_at_once(engine: Engine) -> None:
    marked = known(engine, ["a", "b"])
    with writing(engine) as connection:
        mark_pages(connection, marked)
    taken = take(engine)
    with writing(engine) as connection:
        give_pages_back(connection, taken[:1])
    assert names(take(engine)) == ["a"]


def test_a_project_that_is_marked_while_it_is_written_is_written_again_at_once(
    engine: Engine,
) -> None:
    marked = known(engine, ["a"])
    with writing(engine) as connection:
        mark_pages(connection, marked)
    (taken,) = take(engine)
    with writing(engine) as connection:
        mark_pages(connection, marked)
    assert take(engine) == []
    with writing(engine) as connection:
        page_written(connection, taken.project, taken.revision)
    (again,) = take(engine)
    assert again.revision > taken.revision


def test_all_pages_are_marked_anew_with_serials_of_their_own(engine: Engine) -> None:
    marked = known(engine, ["a", "b", "c"])
    with writing(engine) as connection:
        mark_page(connection, marked[1])
    before = max(page.revision for page in waiting(engine))
    with writing(engine) as connection:
        mark_all_pages(connection)
    found = waiting(engine)
    assert sorted(names(found)) == marked
    assert all(page.revision > before for page in found)
    with reading(engine) as connection:
        assert [page.revision for page in found] == [
            project_serial(connection, page.project) for page in found
        ]


def test_several_takers_at_once_never_get_the_same_project(engine: Engine) -> None:
    marked = known(engine, [f"p{number:03}" for number in range(MANY)])
    with writing(engine) as connection:
        mark_pages(connection, marked)
    start = threading.Barrier(PUBLISHERS)

    def drain() -> list[str]:
        start.wait()
        found: list[str] = []
        while taken := take(engine, limit=7):
            found += names(taken)
        return found

    with ThreadPoolExecutor(PUBLISHERS) as pool:
        runs = [pool.submit(drain) for _ in range(PUBLISHERS)]
        taken = [name for run in runs for name in run.result()]
    # One that was locked by another at that moment is passed over, and taken by the next call.
    taken += names(take(engine, limit=MANY))
    assert sorted(taken) == marked


class CountingStore:
    """A store that counts how often each object was written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self.writes: Counter[str] = Counter()

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        with self._lock:
            self.writes[key] += 1
        self._store.put(key, data)

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return self._store.read(key, start=start, end=end)

    def info(self, key: str) -> ObjectInfo:
        return self._store.info(key)

    def delete(self, key: str) -> None:
        self._store.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self._store.keys(prefix)


def test_two_publishers_at_once_write_each_project_once(engine: Engine, tmp_path: Path) -> None:
    marked = known(engine, [f"p{number:03}" for number in range(60)])
    store = CountingStore(open_store(f"file://{tmp_path / 'store'}"))
    settings = Settings(data=tmp_path, public_url="http://yard.example.org/")
    publishers = [
        Publisher(engine, store=store, clock=SettableClock(), settings=settings) for _ in range(2)
    ]
    publishers[0].tick()
    while publishers[0].tick():
        pass
    store.writes.clear()
    with writing(engine) as connection:
        mark_pages(connection, marked)
    start = threading.Barrier(len(publishers))

    def run(publisher: Publisher) -> int:
        start.wait()
        return sum(iter(publisher.tick, 0))

    with ThreadPoolExecutor(len(publishers)) as pool:
        runs = [pool.submit(run, publisher) for publisher in publishers]
        written = sum(run.result() for run in runs)
    assert written == len(marked)
    assert {store.writes[f"project/{name}/index.html"] for name in marked} == {1}
    assert waiting(engine) == []


def test_a_project_whose_pages_are_urgent_goes_before_those_marked_earlier(
    engine: Engine,
) -> None:
    marked = known(engine, ["a", "b", "c"])
    with writing(engine) as connection:
        mark_pages(connection, marked)
        hurry_page(connection, marked[2])
    assert names(take(engine)) == ["c", "a", "b"]


def test_an_urgent_page_stays_urgent_when_it_is_marked_again(engine: Engine) -> None:
    marked = known(engine, ["a", "b"])
    with writing(engine) as connection:
        mark_pages(connection, marked)
        hurry_page(connection, marked[1])
    with writing(engine) as connection:
        mark_pages(connection, marked)
    assert names(waiting(engine)) == ["b", "a"]


def test_a_change_goes_before_a_mere_new_form(engine: Engine) -> None:
    marked = known(engine, ["a", "b"])
    with writing(engine) as connection:
        mark_all_pages(connection)
    with writing(engine) as connection:
        mark_page(connection, marked[1])
    assert names(waiting(engine)) == ["b", "a"]


def test_nothing_waits_because_it_is_urgent(engine: Engine) -> None:
    marked = known(engine, ["a"])
    with writing(engine) as connection:
        hurry_page(connection, marked[0])
    assert waiting(engine) == []
