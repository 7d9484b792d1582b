"""What upstream withdraws vanishes from every page and URL, and comes back byte for byte."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from wheelyard.client import http_client
from wheelyard.database import pages, projects, wheels
from wheelyard.database.engine import reading, writing
from wheelyard.errors import StoreFull
from wheelyard.model.names import parse_project_name
from wheelyard.model.project import ProjectPage, ProjectStatus
from wheelyard.model.wheel import Wheel, WheelState, withheld_path
from wheelyard.publish.publisher import Publisher
from wheelyard.publish.purge import Purge
from wheelyard.publish.withholding import to_withhold
from wheelyard.queue.withdrawal import settle_wheels
from wheelyard.storage.store import ObjectInfo, Store
from yard import SERVER_URL, Yard, make_yard

SPAM = parse_project_name("spam")


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project(versions=("1.0", "2.0"))
    yield yard
    yard.engine.dispose()


def stored_page(yard: Yard) -> ProjectPage:
    with reading(yard.engine) as connection:
        page = projects.stored_page(connection, SPAM)
    assert page is not None
    return page


def upstream_says(yard: Yard, page: ProjectPage) -> int:
    with writing(yard.engine) as connection:
        projects.save_page(connection, page, at=yard.clock.now())
        return settle_wheels(connection, SPAM)


def quarantine(yard: Yard) -> int:
    return upstream_says(
        yard, replace(stored_page(yard), status=ProjectStatus.QUARANTINED, files=())
    )


def state_of(yard: Yard, wheel: Wheel) -> WheelState:
    with reading(yard.engine) as connection:
        found = wheels.wheel_by_path(connection, wheel.path)
    assert found is not None
    return found.state


def urls_of(wheel: Wheel) -> tuple[str, ...]:
    return (f"/{wheel.path}", f"/{wheel.path}.metadata")


def every_page(yard: Yard, wheel: Wheel) -> dict[str, str]:
    paths = (
        *("/", "/project/spam/", "/project/spam/index.json", "/simple/", "/simple/spam/"),
        *("/bookworm/simple/", "/bookworm/simple/spam/", f"/build/{wheel.build_id}/"),
        f"/logs/{wheel.build_id}.log",
    )
    return {path: yard.client.get(path).text for path in paths}


def mentions(yard: Yard, wheel: Wheel) -> list[str]:
    return [path for path, text in every_page(yard, wheel).items() if wheel.file.filename in text]


def test_a_quarantined_project_is_gone_from_every_page_and_url(yard: Yard) -> None:
    wheel = yard.publish()
    yard.publisher.tick()
    before = yard.client.get(f"/{wheel.path}").content
    assert mentions(yard, wheel)

    assert quarantine(yard) == 1
    yard.publisher.tick()

    assert [yard.client.get(url).status_code for url in urls_of(wheel)] == [404, 404]
    assert mentions(yard, wheel) == []
    assert yard.client.get(f"/build/{wheel.build_id}/").status_code == 404
    assert yard.client.get(f"/logs/{wheel.build_id}.log").status_code == 404
    assert before == yard.store.get(withheld_path(wheel.path))


def test_a_cleared_quarantine_brings_the_same_bytes_back(yard: Yard) -> None:
    page = stored_page(yard)
    wheel = yard.publish()
    yard.publisher.tick()
    before = [yard.client.get(url).content for url in urls_of(wheel)]
    pages_before = every_page(yard, wheel).keys(), mentions(yard, wheel)
    quarantine(yard)
    yard.publisher.tick()

    assert upstream_says(yard, page) == 1
    yard.publisher.tick()

    assert [yard.client.get(url).content for url in urls_of(wheel)] == before
    assert (every_page(yard, wheel).keys(), mentions(yard, wheel)) == pages_before


def test_a_release_that_vanishes_takes_only_its_own_wheels_along(yard: Yard) -> None:
    gone, stays = yard.publish(version="1.0"), yard.publish(version="2.0")
    page = stored_page(yard)
    kept = tuple(file for file in page.files if "2.0" in file.filename)

    upstream_says(yard, replace(page, files=kept))
    yard.publisher.tick()

    assert mentions(yard, gone) == []
    assert mentions(yard, stays)
    assert yard.client.get(f"/{gone.path}").status_code == 404
    assert yard.client.get(f"/{stays.path}").status_code == 200


def test_a_removed_project_is_withdrawn(yard: Yard) -> None:
    wheel = yard.publish()
    with writing(yard.engine) as connection:
        projects.remove_project(connection, SPAM, at=yard.clock.now())
        settle_wheels(connection, SPAM)
    yard.publisher.tick()

    assert mentions(yard, wheel) == []
    assert yard.client.get(f"/{wheel.path}").status_code == 404


def test_another_sdist_of_the_same_version_withdraws_what_the_first_one_gave(yard: Yard) -> None:
    wheel = yard.publish()
    page = stored_page(yard)
    other = tuple(replace(file, hashes={"sha256": "e" * 64}) for file in page.files)

    upstream_says(yard, replace(page, files=other))

    assert state_of(yard, wheel) is WheelState.WITHDRAWN


def test_upstreams_own_file_supersedes_ours_whose_url_still_answers(yard: Yard) -> None:
    wheel = yard.publish()
    page = stored_page(yard)
    theirs = replace(page.files[0], filename=wheel.file.filename, hashes={"sha256": "f" * 64})

    upstream_says(yard, replace(page, files=(*page.files, theirs)))
    yard.publisher.tick()

    assert state_of(yard, wheel) is WheelState.SUPERSEDED
    assert wheel.file.filename not in yard.client.get("/simple/spam/").text
    assert yard.client.get(f"/{wheel.path}").status_code == 200


def test_a_yanked_release_is_marked_with_its_reason_and_still_served(yard: Yard) -> None:
    wheel = yard.publish(version="2.0")
    page = stored_page(yard)
    yanked = tuple(
        replace(file, yanked=True, yanked_reason="It eats <b>disks</b>") for file in page.files
    )

    assert upstream_says(yard, replace(page, files=yanked)) == 0
    yard.publisher.tick()

    found = yard.client.get(
        "/simple/spam/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}
    )
    assert [file["yanked"] for file in found.json()["files"]] == ["It eats <b>disks</b>"]
    assert yard.client.get(f"/{wheel.path}").status_code == 200


def test_nothing_that_was_only_checked_is_ever_offered(yard: Yard) -> None:
    wheel = yard.publish(state=WheelState.CHECKED)

    assert quarantine(yard) == 0
    assert state_of(yard, wheel) is WheelState.CHECKED


class FailingStore:
    """A store that fails once it has done a number of steps."""

    def __init__(self, store: Store, steps: int) -> None:
        self._store = store
        self._steps = steps

    def _count(self) -> None:
        if self._steps == 0:
            raise StoreFull("the test's disk")
        self._steps -= 1

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        self._count()
        self._store.put(key, data)

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return self._store.read(key, start=start, end=end)

    def info(self, key: str) -> ObjectInfo:
        return self._store.info(key)

    def delete(self, key: str) -> None:
        self._count()
        self._store.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self._store.keys(prefix)


@pytest.mark.parametrize("change", [quarantine, None])
def test_a_publisher_that_dies_anywhere_is_made_up_for_by_the_next(
    yard: Yard, change: Callable[[Yard], int] | None
) -> None:
    page = stored_page(yard)
    wheel = yard.publish()
    yard.publisher.tick()
    if change is None:
        quarantine(yard)
        yard.publisher.tick()
        upstream_says(yard, page)
    else:
        change(yard)
    failures = 0
    for steps in range(40):
        dying = Publisher(
            yard.engine,
            store=FailingStore(yard.store, steps),
            clock=yard.clock,
            settings=yard.settings,
        )
        try:
            dying.tick()
        except StoreFull:
            failures += 1
        yard.clock.advance(timedelta(minutes=1))
    assert failures
    expected = 200 if change is None else 404
    assert [yard.client.get(url).status_code for url in urls_of(wheel)] == [expected, expected]
    assert bool(mentions(yard, wheel)) is (change is None)


def test_what_one_publisher_has_taken_another_leaves_alone_until_its_time_is_over(
    yard: Yard,
) -> None:
    yard.publish()
    yard.publisher.tick()
    with writing(yard.engine) as connection:
        pages.mark_page(connection, SPAM)
        pages.take_pages(connection, now=yard.clock.now(), limit=9, lasts=timedelta(seconds=45))

    assert yard.publisher.tick() == 0
    yard.clock.advance(timedelta(minutes=1))
    assert yard.publisher.tick() == 1


class Cache:
    """A cache's purge hook on a real socket."""

    def __init__(self) -> None:
        self.status = 204
        self.told: list[bytes] = []
        cache = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                cache.told.append(self.rfile.read(length))
                self.send_response(cache.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/purge"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def cache() -> Iterator[Cache]:
    cache = Cache()
    yield cache
    cache.close()


def test_a_cache_is_told_what_to_forget_until_it_has_understood(yard: Yard, cache: Cache) -> None:
    wheel = yard.publish()
    yard.publisher.tick()
    quarantine(yard)
    with http_client(contact="tests", timeout=yard.settings.upstream.timeout) as client:
        publisher = Publisher(
            yard.engine,
            store=yard.store,
            clock=yard.clock,
            settings=yard.settings,
            purge=Purge(client, cache.url, server_url=SERVER_URL),
        )
        cache.status = 503
        publisher.tick()
        assert yard.client.get(f"/{wheel.path}").status_code == 404
        cache.status, cache.told[:] = 204, []
        yard.clock.advance(timedelta(minutes=1))
        publisher.tick()
        told = b"".join(cache.told).decode()
        assert f'"{SERVER_URL}simple/spam/"' in told
        assert f'"{SERVER_URL}project/spam/"' in told
        cache.told.clear()
        yard.clock.advance(timedelta(minutes=1))
        assert publisher.tick() == 0
    assert cache.told == []


def test_the_wheels_own_urls_are_purged_even_if_the_hook_was_down_when_it_was_moved(
    yard: Yard, cache: Cache
) -> None:
    wheel = yard.publish()
    yard.publisher.tick()
    quarantine(yard)
    with http_client(contact="tests", timeout=yard.settings.upstream.timeout) as client:
        publisher = Publisher(
            yard.engine,
            store=yard.store,
            clock=yard.clock,
            settings=yard.settings,
            purge=Purge(client, cache.url, server_url=SERVER_URL),
        )
        cache.status = 503
        publisher.tick()
        cache.status, cache.told[:] = 204, []
        yard.clock.advance(timedelta(minutes=1))
        publisher.tick()
    assert wheel.path in b"".join(cache.told).decode()


def test_two_names_of_the_same_bytes_are_served_while_one_of_them_is(yard: Yard) -> None:
    wheel = yard.publish()
    twin = replace(wheel, state=WheelState.WITHDRAWN)
    assert to_withhold([wheel, twin]) == []
    assert to_withhold([twin]) == [twin]
