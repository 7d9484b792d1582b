"""A publisher with much to do: what matters comes first, and nothing holds the rest up."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from fake_purge_hook import PurgeHook
from wheelyard.client import http_client
from wheelyard.database import pages
from wheelyard.database.engine import reading, writing
from wheelyard.errors import BadInput
from wheelyard.model.names import parse_project_name
from wheelyard.publish.publisher import Publisher
from wheelyard.publish.purge import Purge
from withdrawn import InterruptedStore, killed, quarantined, statuses, upstream_page, upstream_says
from yard import SERVER_URL, Yard, make_yard

SPAM = parse_project_name("spam")
OTHERS = [f"other{number:02}" for number in range(60)]


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yield yard
    yard.engine.dispose()


@pytest.fixture
def hook() -> Iterator[PurgeHook]:
    hook = PurgeHook()
    yield hook
    hook.close()


@pytest.fixture
def telling(yard: Yard, hook: PurgeHook) -> Iterator[Publisher]:
    """A publisher that tells the hook."""
    with http_client(contact="tests", timeout=yard.settings.upstream.timeout) as client:
        yield Publisher(
            yard.engine,
            store=yard.store,
            clock=yard.clock,
            settings=yard.settings,
            purge=Purge(client, hook.url, server_url=SERVER_URL),
        )


def waiting(yard: Yard) -> list[str]:
    with reading(yard.engine) as connection:
        return [page.project for page in pages.pages_to_write(connection, limit=1000)]


def write_all(publisher: Publisher) -> None:
    while publisher.tick():
        pass


def test_a_quarantine_does_not_wait_for_pages_that_were_marked_before(yard: Yard) -> None:
    yard.project()
    wheel = yard.publish()
    write_all(yard.publisher)
    for name in OTHERS:
        yard.project(name)
    upstream_says(yard, quarantined(upstream_page(yard, SPAM)))

    yard.publisher.tick()

    assert statuses(yard, wheel) == [404, 404]
    assert len(waiting(yard)) >= len(OTHERS) / 2


def test_a_yank_does_not_wait_for_a_new_form_of_all_pages(yard: Yard) -> None:
    yard.project()
    yard.publish()
    for name in OTHERS:
        yard.project(name)
    write_all(yard.publisher)
    with writing(yard.engine) as connection:
        pages.mark_all_pages(connection)
    yard.project(yanked=True, yanked_reason="broken")
    upstream_says(yard, upstream_page(yard, SPAM))

    assert waiting(yard)[0] == SPAM


def test_marking_all_pages_lets_what_waits_already_keep_its_place(yard: Yard) -> None:
    for name in OTHERS[:3]:
        yard.project(name)
    write_all(yard.publisher)
    with writing(yard.engine) as connection:
        pages.mark_page(connection, parse_project_name(OTHERS[2]))
        pages.mark_all_pages(connection)

    assert waiting(yard) == [OTHERS[2], OTHERS[0], OTHERS[1]]


class ParticularStore(InterruptedStore):
    """A store that takes nothing for one project."""

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        if key.startswith("project/refused/"):
            raise BadInput(key)
        super().put(key, data)


def test_a_project_whose_pages_cannot_be_written_holds_no_other_up(yard: Yard) -> None:
    for name in ("before", "refused", "after"):
        yard.project(name)
    store = ParticularStore(yard.store, before=1000, happens=killed)
    publisher = Publisher(yard.engine, store=store, clock=yard.clock, settings=yard.settings)

    with pytest.raises(BadInput):
        publisher.tick()
    assert waiting(yard) == ["refused", "after"]
    assert publisher.tick() == 1

    assert waiting(yard) == ["refused"]
    assert yard.client.get("/project/after/").status_code == 200


def test_a_cache_is_told_of_the_first_page_though_it_was_away_when_that_was_written(
    hook: PurgeHook, telling: Publisher
) -> None:
    hook.status = 503
    telling.tick()
    hook.status = 204

    telling.tick()

    assert SERVER_URL in hook.urls
    assert f"{SERVER_URL}simple/" in hook.urls


def test_a_cache_is_told_of_wheels_that_came_back_though_it_was_away_then(
    yard: Yard, hook: PurgeHook, telling: Publisher
) -> None:
    yard.project()
    wheel = yard.publish()
    active = upstream_page(yard, SPAM)
    upstream_says(yard, quarantined(active))
    write_all(telling)
    upstream_says(yard, active)
    hook.status = 503
    telling.tick()
    hook.status, hook.urls[:] = 204, []

    telling.tick()

    assert f"{SERVER_URL}{wheel.path}" in hook.urls


def test_a_cache_is_told_of_an_index_page_that_is_no_more(
    yard: Yard, hook: PurgeHook, telling: Publisher
) -> None:
    yard.project()
    yard.publish()
    yard.activate("bookworm-cp311-x86_64", "trixie-cp313-x86_64")
    write_all(telling)
    hook.urls.clear()
    with writing(yard.engine) as connection:
        pages.mark_page(connection, SPAM)

    write_all(telling)

    assert yard.client.get("/simple/spam/").status_code == 404
    assert f"{SERVER_URL}simple/spam/" in hook.urls


def test_a_cache_is_told_of_builds_and_logs_that_are_withdrawn(
    yard: Yard, hook: PurgeHook, telling: Publisher
) -> None:
    yard.project()
    wheel = yard.publish()
    write_all(telling)
    hook.urls.clear()
    upstream_says(yard, quarantined(upstream_page(yard, SPAM)))

    write_all(telling)

    paths = (f"build/{wheel.build_id}/", f"logs/{wheel.build_id}.log", wheel.path)
    assert {f"{SERVER_URL}{path}" for path in paths} <= set(hook.urls)
