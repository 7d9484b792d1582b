"""Publishers that die or are overtaken while wheels are withdrawn or come back."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from wheelyard.database import pages
from wheelyard.database.engine import writing
from wheelyard.model.names import parse_project_name
from wheelyard.model.wheel import Wheel
from wheelyard.publish.publisher import Publisher
from wheelyard.storage.store import Store
from withdrawn import (
    InterruptedStore,
    Killed,
    killed,
    quarantined,
    statuses,
    upstream_page,
    upstream_says,
)
from yard import Yard, make_yard

SPAM = parse_project_name("spam")
LONGER_THAN_PAGES_ARE_TAKEN = timedelta(minutes=1)
CHANGES_OF_A_TICK = 18


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project()
    yield yard
    yard.engine.dispose()


def published(yard: Yard) -> tuple[Wheel, list[bytes]]:
    wheel = yard.publish()
    yard.publisher.tick()
    return wheel, [yard.client.get(f"/{wheel.path}{end}").content for end in ("", ".metadata")]


def contents(yard: Yard, wheel: Wheel) -> list[bytes]:
    return [yard.client.get(f"/{wheel.path}{end}").content for end in ("", ".metadata")]


def publisher_on(yard: Yard, store: Store) -> Publisher:
    return Publisher(yard.engine, store=store, clock=yard.clock, settings=yard.settings)


def catch_up(yard: Yard) -> None:
    yard.clock.advance(LONGER_THAN_PAGES_ARE_TAKEN)
    while yard.publisher.tick():
        yard.clock.advance(LONGER_THAN_PAGES_ARE_TAKEN)


@pytest.mark.parametrize("change", range(CHANGES_OF_A_TICK))
def test_a_quarantine_cleared_after_its_publisher_was_killed_brings_the_same_bytes_back(
    yard: Yard, change: int
) -> None:
    wheel, before = published(yard)
    active = upstream_page(yard, SPAM)
    upstream_says(yard, quarantined(active))
    store = InterruptedStore(yard.store, before=change, happens=killed)
    with suppress(Killed):
        publisher_on(yard, store).tick()

    upstream_says(yard, active)
    catch_up(yard)

    assert contents(yard, wheel) == before
    assert statuses(yard, wheel) == [200, 200]


@pytest.mark.parametrize("change", range(CHANGES_OF_A_TICK))
def test_a_quarantine_after_a_publisher_was_killed_bringing_wheels_back_takes_them_away(
    yard: Yard, change: int
) -> None:
    wheel, _ = published(yard)
    active = upstream_page(yard, SPAM)
    upstream_says(yard, quarantined(active))
    yard.publisher.tick()
    upstream_says(yard, active)
    store = InterruptedStore(yard.store, before=change, happens=killed)
    with suppress(Killed):
        publisher_on(yard, store).tick()

    upstream_says(yard, quarantined(active))
    catch_up(yard)

    assert statuses(yard, wheel) == [404, 404]


def test_bytes_that_are_delivered_again_after_the_withdrawal_are_not_served(yard: Yard) -> None:
    wheel, (data, metadata) = published(yard)
    upstream_says(yard, quarantined(upstream_page(yard, SPAM)))
    yard.publisher.tick()
    yard.store.put(f"{wheel.path}.metadata", metadata)
    yard.store.put(wheel.path, data)
    with writing(yard.engine) as connection:
        pages.mark_page(connection, SPAM)

    yard.publisher.tick()

    assert statuses(yard, wheel) == [404, 404]


@pytest.mark.parametrize("change", range(CHANGES_OF_A_TICK))
@pytest.mark.parametrize("is_cleared", [True, False])
def test_a_publisher_that_was_overtaken_while_upstream_changed_its_mind_loses_nothing(
    yard: Yard, change: int, *, is_cleared: bool
) -> None:
    wheel, before = published(yard)
    active = upstream_page(yard, SPAM)
    upstream_says(yard, quarantined(active))
    if not is_cleared:
        yard.publisher.tick()
        upstream_says(yard, active)

    def overtake() -> None:
        upstream_says(yard, active if is_cleared else quarantined(active))
        yard.clock.advance(LONGER_THAN_PAGES_ARE_TAKEN)
        yard.publisher.tick()

    slow = InterruptedStore(yard.store, before=change, happens=overtake)
    publisher_on(yard, slow).tick()
    if not slow.has_happened:
        overtake()
    catch_up(yard)

    assert statuses(yard, wheel) == ([200, 200] if is_cleared else [404, 404])
    upstream_says(yard, active)
    catch_up(yard)
    assert contents(yard, wheel) == before
