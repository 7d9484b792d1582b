"""Which targets builders offer, and whom jobs are left to, on both databases."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from factories import NOW, TARGET
from stocked import claim, enqueue, register, stock
from wheelyard.database import builders
from wheelyard.database.engine import Connection, Engine, writing
from wheelyard.database.offers import offers_of, save_offers, served_faster
from wheelyard.model.lane import Lane, Offer
from wheelyard.model.names import TargetName

SINCE = NOW - timedelta(seconds=60)
OTHER = TargetName("trixie-cp313-aarch64")
TARGETS = (TargetName(TARGET), OTHER)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with writing(engine) as connection:
        yield connection


def offering(connection: Connection, name: str, lane: Lane, speed: float) -> int:
    number = register(connection, name).id
    offer = Offer(target=TargetName(TARGET), lane=lane, speed=speed)
    save_offers(connection, number, [offer])
    builders.touch_builder(connection, number, at=NOW)
    return number


def left(connection: Connection, number: int) -> frozenset[TargetName]:
    return served_faster(connection, number, TARGETS, seen_since=SINCE)


def test_a_slower_lane_leaves_jobs_to_a_faster_one_that_is_idle(connection: Connection) -> None:
    slow = offering(connection, "emulator", Lane.EMULATED, 0.2)
    fast = offering(connection, "board", Lane.NATIVE, 1.0)

    assert left(connection, slow) == {TARGET}
    assert left(connection, fast) == frozenset()


def test_it_is_speed_that_counts_not_the_lane(connection: Connection) -> None:
    board = offering(connection, "board", Lane.NATIVE, 0.3)
    emulator = offering(connection, "emulator", Lane.EMULATED, 0.6)

    assert left(connection, board) == {TARGET}
    assert left(connection, emulator) == frozenset()


def test_two_that_are_nearly_alike_do_not_wait_for_each_other(connection: Connection) -> None:
    one = offering(connection, "one", Lane.NATIVE, 1.0)
    other = offering(connection, "other", Lane.NATIVE, 1.2)

    assert left(connection, one) == frozenset()
    assert left(connection, other) == frozenset()


def test_nobody_waits_for_one_that_is_busy_away_drained_or_revoked(connection: Connection) -> None:
    stock(connection)
    enqueue(connection)
    slow = offering(connection, "emulator", Lane.EMULATED, 0.2)
    busy = register(connection, "busy")
    fast = Offer(target=TargetName(TARGET), lane=Lane.NATIVE, speed=1.0)
    save_offers(connection, busy.id, [fast])
    builders.touch_builder(connection, busy.id, at=NOW)
    claim(connection, busy)
    away = offering(connection, "away", Lane.NATIVE, 1.0)
    builders.touch_builder(connection, away, at=SINCE - timedelta(seconds=1))
    offering(connection, "drained", Lane.NATIVE, 1.0)
    builders.drain_builder(connection, "drained", is_draining=True)
    offering(connection, "revoked", Lane.NATIVE, 1.0)
    builders.revoke_builder(connection, "revoked", at=NOW)

    assert left(connection, slow) == frozenset()


def test_new_offers_take_the_place_of_the_old_ones(connection: Connection) -> None:
    number = offering(connection, "board", Lane.NATIVE, 1.0)
    offer = Offer(target=OTHER, lane=Lane.CROSS, speed=2.0)
    save_offers(connection, number, [offer])

    assert offers_of(connection) == {number: [offer]}


def test_a_forgotten_builder_offers_nothing(connection: Connection) -> None:
    number = offering(connection, "board", Lane.NATIVE, 1.0)

    assert builders.forget_builder(connection, number)
    assert offers_of(connection) == {}


def test_signs_of_life_are_noted_now_and_then(connection: Connection) -> None:
    number = register(connection, "board").id
    every = timedelta(seconds=10)
    seen = []
    for second in (0, 5, 10):
        at = NOW + timedelta(seconds=second)
        builders.note_signs_of_life(connection, number, at=at, every=every)
        known = builders.builder_named(connection, "board")
        assert known is not None
        seen.append(known.last_seen_at)

    assert seen == [NOW, NOW, NOW + timedelta(seconds=10)]
