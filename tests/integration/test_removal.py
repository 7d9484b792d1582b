"""Removing a project takes its files, pages and logs, and never leaves a dead link on the way."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from wheelyard.database import builders, listings, pages, projects, removal, wheels
from wheelyard.database import reading as due_list
from wheelyard.database.engine import reading, writing
from wheelyard.errors import Refused, UnknownProject
from wheelyard.model.build import BuildState
from wheelyard.model.names import parse_project_name
from wheelyard.model.project import Want
from wheelyard.model.wheel import Wheel, WheelState, withheld_path
from wheelyard.publish.publisher import Publisher
from wheelyard.publish.removal import remove_closed_project, write_now
from wheelyard.queue.withdrawal import settle_wheels
from wheelyard.storage.store import ObjectInfo, Store
from yard import Yard, make_yard

SPAM = parse_project_name("spam")
_LINK = re.compile(r'(?:href|src)="([^"]+)"')


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project(versions=("1.0", "2.0"))
    yard.project("eggs")
    yield yard
    yard.engine.dispose()


def dead_links(yard: Yard, *, to: re.Pattern[str] = re.compile("")) -> list[str]:
    """Follow every link from every stored page, or those whose paths have a pattern in them."""
    dead = []
    for key in [key for key in yard.store.keys("") if key.endswith(".html")]:
        page = f"/{key.removesuffix('index.html')}"
        for link in _LINK.findall(yard.store.get(key).decode()):
            url = urlsplit(urljoin(f"http://yard.example.org{page}", link))
            if url.netloc == "yard.example.org" and to.search(url.path):
                status = yard.client.get(unquote(url.path)).status_code
                dead += [f"{page} -> {url.path}"] if status == 404 else []
    return dead


class FollowedStore:
    """A store that follows all links to what is removed whenever an object has gone.

    The pages of versions are made from rows of the database, and go with these.
    """

    _REMOVED = re.compile(r"spam(?!/\d)|/build/|/logs/")

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.store = yard.store
        self.dead: list[str] = []
        self.deleted: list[str] = []

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        self.store.put(key, data)

    def get(self, key: str) -> bytes:
        return self.store.get(key)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return self.store.read(key, start=start, end=end)

    def info(self, key: str) -> ObjectInfo:
        return self.store.info(key)

    def delete(self, key: str) -> None:
        self.store.delete(key)
        self.deleted.append(key)
        self.dead += dead_links(self.yard, to=self._REMOVED)

    def keys(self, prefix: str) -> Iterator[str]:
        return self.store.keys(prefix)


def remove(yard: Yard, store: Store | None = None) -> None:
    with writing(yard.engine) as connection:
        removal.close_project(connection, SPAM, at=yard.clock.now())
    finish(yard, store or yard.store)


def finish(yard: Yard, store: Store) -> None:
    publisher = Publisher(yard.engine, store=store, clock=yard.clock, settings=yard.settings)
    remove_closed_project(yard.engine, store, SPAM, publisher=publisher, at=yard.clock.now())


def objects_about_spam(yard: Yard, *made: Wheel) -> list[str]:
    ids = {wheel.build_id for wheel in made}
    return [key for key in yard.store.keys("") if "spam" in key or any(one in key for one in ids)]


def test_a_removed_project_is_gone_with_files_pages_and_logs(yard: Yard) -> None:
    made = [yard.publish(), yard.publish(version="2.0")]
    kept = yard.publish("eggs")
    yard.decide()
    yard.publisher.tick()
    assert objects_about_spam(yard, *made)

    remove(yard)

    assert objects_about_spam(yard, *made) == []
    assert "spam" not in yard.client.get("/").text + yard.client.get("/simple/").text
    assert yard.client.get(f"/build/{made[0].build_id}/").status_code == 404
    assert yard.client.get(f"/{kept.path}").status_code == 200
    assert dead_links(yard) == []


def test_at_no_moment_a_page_has_a_link_to_what_is_gone(yard: Yard) -> None:
    yard.publish()
    yard.publish("eggs")
    yard.decide()
    yard.publisher.tick()
    assert dead_links(yard) == []
    store = FollowedStore(yard)

    remove(yard, store)

    assert len(store.deleted) > 4
    assert store.dead == []


def test_names_and_digests_of_a_removed_project_stay_known(yard: Yard) -> None:
    wheel = yard.publish()
    remove(yard)

    with reading(yard.engine) as connection:
        known = wheels.wheel_by_path(connection, wheel.path)
        assert known is not None
        assert (known.state, known.is_recalled) == (WheelState.WITHDRAWN, True)
        assert listings.listings(connection) == []


def test_a_removal_that_was_interrupted_is_taken_up(yard: Yard) -> None:
    wheel = yard.publish()
    yard.publisher.tick()
    with writing(yard.engine) as connection:
        removal.close_project(connection, SPAM, at=yard.clock.now())
        pages.mark_page(connection, SPAM)
    yard.publisher.tick()
    assert yard.store.info(withheld_path(wheel.path))

    remove(yard)

    assert objects_about_spam(yard, wheel) == []


def test_a_new_layout_does_not_bring_the_pages_back(yard: Yard) -> None:
    yard.publish()
    remove(yard)

    yard.activate("bookworm-cp311-x86_64", "trixie-cp313-x86_64")
    yard.publisher.tick()

    assert yard.client.get("/project/spam/").status_code == 404


def test_a_project_that_is_asked_for_meanwhile_keeps_its_pages(yard: Yard) -> None:
    yard.publish()
    with writing(yard.engine) as connection:
        removal.close_project(connection, SPAM, at=yard.clock.now())
        projects.want(connection, Want(project=SPAM), at=yard.clock.now())

    with pytest.raises(Refused):
        finish(yard, yard.store)
    assert yard.client.get("/project/spam/").status_code == 200


def test_a_project_that_is_asked_for_again_starts_anew(yard: Yard) -> None:
    wheel = yard.publish()
    remove(yard)

    yard.project(versions=("1.0", "2.0"))
    with writing(yard.engine) as connection:
        settle_wheels(connection, SPAM)
    again = yard.publish(tags=("cp311-abi3-linux_x86_64",))
    yard.publisher.tick()

    page = yard.client.get("/simple/spam/").text
    assert again.file.filename in page
    assert wheel.file.filename not in page
    assert yard.client.get(f"/build/{again.build_id}/").status_code == 200


def test_a_build_of_a_removed_project_is_lost(yard: Yard) -> None:
    build_id = yard.build()
    remove(yard)

    with reading(yard.engine) as connection:
        overview = projects.project_overview(connection, SPAM)
    assert overview is not None
    assert [(build.id, build.state) for build in overview.builds] == [(build_id, BuildState.LOST)]
    assert (overview.wants, overview.read_at, overview.serial) == ((), None, None)


def test_a_reader_that_is_late_does_not_bring_a_project_back(yard: Yard) -> None:
    now = yard.clock.now()
    with writing(yard.engine) as connection:
        (taken, *_) = [
            one
            for one in due_list.take_due(connection, now=now, limit=9, lasts=timedelta(minutes=5))
            if one.name == SPAM
        ]
    remove(yard)
    with writing(yard.engine) as connection:
        due_list.note_unchanged(connection, taken, serial=7, at=now)
        due_list.was_read(connection, taken, etag='"old"', due_at=now)
        projects.want(connection, Want(project=SPAM), at=now)
        (again,) = [
            one
            for one in due_list.take_due(connection, now=now, limit=9, lasts=timedelta(minutes=5))
            if one.name == SPAM
        ]

    assert (again.has_been_read, again.etag, again.stored_serial) == (False, None, None)


def test_what_is_not_on_record_cannot_be_removed(yard: Yard) -> None:
    with writing(yard.engine) as connection, pytest.raises(UnknownProject):
        removal.close_project(connection, parse_project_name("ham"), at=yard.clock.now())


def test_what_is_there_of_a_project_is_counted(yard: Yard) -> None:
    yard.publish()
    yard.decide()
    yard.build(version="2.0")

    with reading(yard.engine) as connection:
        assert removal.holdings(connection, SPAM) == removal.Holdings(
            decisions=1, jobs=1, builds=2, wheels=1, logs=1
        )


def recall(yard: Yard, name: str) -> int:
    with writing(yard.engine) as connection:
        builder = builders.builder_named(connection, name)
        assert builder is not None
        concerned = removal.projects_of_builder(connection, builder.id)
        count = removal.recall_wheels(connection, builder.id, at=yard.clock.now())
    write_now(yard.engine, concerned, publisher=yard.publisher)
    return count


def test_a_builders_wheels_are_withdrawn_and_stay_so(yard: Yard) -> None:
    bad, good = yard.publish(), yard.publish(version="2.0")
    yard.publisher.tick()

    assert recall(yard, "board1") == 1
    with writing(yard.engine) as connection:
        assert settle_wheels(connection, SPAM) == 0
        assert pages.pages_to_write(connection, limit=9) == []

    assert yard.client.get(f"/{bad.path}").status_code == 404
    assert yard.client.get(f"/{good.path}").status_code == 200
    assert bad.file.filename not in yard.client.get("/simple/spam/").text
    assert dead_links(yard) == []


def test_a_builders_wheels_are_withdrawn_once(yard: Yard) -> None:
    yard.publish()
    recall(yard, "board1")

    assert recall(yard, "board1") == 0


def test_the_build_of_a_recalled_wheel_is_still_explained(yard: Yard) -> None:
    wheel = yard.publish()
    recall(yard, "board1")

    assert yard.client.get(f"/build/{wheel.build_id}/").status_code == 200
    assert wheel.build_id in yard.client.get("/project/spam/").text
