"""Priorities and turns."""

from datetime import timedelta

import pytest

from factories import NOW, TARGET
from wheelyard.model.build import Priority
from wheelyard.queue.order import Standing, Turns, priority, turn

DAY = timedelta(days=1)


def standing(
    *,
    is_requested: bool = False,
    is_followed: bool = True,
    is_newest: bool = True,
    age: timedelta | None = DAY,
) -> Standing:
    return Standing(
        is_requested=is_requested,
        is_followed=is_followed,
        is_newest=is_newest,
        uploaded_at=None if age is None else NOW - age,
    )


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (standing(is_requested=True, is_newest=False), Priority.REQUESTED),
        (standing(), Priority.NEW_RELEASE),
        (standing(age=14 * DAY), Priority.NORMAL),
        (standing(age=None), Priority.NORMAL),
        (standing(is_followed=False), Priority.NORMAL),
        (standing(is_newest=False), Priority.BACKLOG),
    ],
)
def test_priorities_follow_from_where_a_release_stands(where: Standing, expected: Priority) -> None:
    assert priority(where, at=NOW) is expected


def test_a_turn_begins_where_the_queue_is_now() -> None:
    assert turn(now=70, position=0, owner_waiting=0, demand=0) == 70
    assert turn(now=70, position=3, owner_waiting=0, demand=0) == 73


def test_an_owner_has_four_jobs_a_turn() -> None:
    waiting = (0, 3, 4, 40)
    turns = [turn(now=0, position=0, owner_waiting=number, demand=0) for number in waiting]
    assert turns == [0, 0, 1, 10]
    assert turn(now=0, position=12, owner_waiting=40, demand=0) == 12


def test_demand_makes_turns_come_sooner() -> None:
    turns = [turn(now=0, position=30, owner_waiting=0, demand=demand) for demand in (0, 1, 1023)]
    assert turns == [30, 15, 2]


def test_a_turn_fits_into_its_column() -> None:
    assert turn(now=2**31 - 1, position=9, owner_waiting=0, demand=0) == 2**31 - 1
    assert turn(now=0, position=5, owner_waiting=0, demand=-7) == 5


def test_what_is_handed_out_counts_for_the_owners_next_project() -> None:
    turns = Turns({(TARGET, Priority.NORMAL): 5}, {"acme": 10})
    assert turns.of_others("acme", own=4) == 6
    turns.count("acme", more=8)
    turns.count("other", more=2)
    turns.count(None, more=2)
    assert turns.of_others("acme", own=0) == 18
    assert turns.of_others("other", own=0) == 2
    assert turns.of_others(None, own=0) == 0
    at = turns.give(TARGET, Priority.NORMAL, position=1, owner_waiting=18, demand=0)
    assert at == 9
