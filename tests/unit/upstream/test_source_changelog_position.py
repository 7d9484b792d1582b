"""What was seen of the journal, and what is news in it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from wheelyard.model.change import ChangedProject
from wheelyard.model.names import parse_project_name
from wheelyard.upstream.changelog import Position, Row, advance, read_cursor

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
START = Position(since=10, seen={})


def row(serial: int, name: str | None = "demo", *, age: timedelta = timedelta(0)) -> Row:
    project = None if name is None else parse_project_name(name)
    return Row(project=project, at=int((NOW - age).timestamp()), serial=serial)


def changed(name: str, serial: int | None, *, is_late: bool = False) -> ChangedProject:
    return ChangedProject(name=parse_project_name(name), serial=serial, is_late=is_late)


def test_a_new_row_tells_of_its_project_with_its_serial() -> None:
    projects, position = advance(START, [row(11)], now=NOW)
    assert projects == (changed("demo", 11),)
    assert position.last == 11


def test_of_many_rows_of_a_project_the_highest_serial_counts() -> None:
    projects, _ = advance(START, [row(13), row(11), row(12), row(14, "other")], now=NOW)
    assert projects == (changed("demo", 13), changed("other", 14))


def test_a_row_that_was_seen_is_no_news() -> None:
    _, position = advance(START, [row(11)], now=NOW)
    assert advance(position, [row(11)], now=NOW) == ((), position)


def test_a_row_that_came_late_is_to_be_read_in_any_case() -> None:
    _, position = advance(START, [row(12)], now=NOW)
    projects, after = advance(position, [row(11, "late"), row(12)], now=NOW)
    assert projects == (changed("late", 11, is_late=True),)
    assert after.last == 12


def test_a_late_row_outweighs_a_new_one_of_the_same_project() -> None:
    _, position = advance(START, [row(12, "other")], now=NOW)
    for rows in ([row(11), row(13)], [row(13), row(11)]):
        assert advance(position, rows, now=NOW)[0] == (changed("demo", 13, is_late=True),)


def test_another_event_under_a_known_serial_is_news() -> None:
    _, position = advance(START, [row(11, age=timedelta(minutes=1))], now=NOW)
    assert advance(position, [row(11, "other")], now=NOW)[0] == (
        changed("other", 11, is_late=True),
    )


def test_the_newest_minutes_are_read_again() -> None:
    rows = [
        row(11, age=timedelta(minutes=20)),
        row(12, age=timedelta(minutes=11)),
        row(13, age=timedelta(minutes=9)),
        row(14),
    ]
    _, position = advance(START, rows, now=NOW)
    assert (position.since, sorted(position.seen)) == (12, [13, 14])


def test_an_old_row_among_the_newest_does_not_end_the_overlap() -> None:
    rows = [row(11), row(12, age=timedelta(hours=1)), row(13)]
    _, position = advance(START, rows, now=NOW)
    assert position.since == 10


def test_when_nothing_happens_the_last_minutes_stay() -> None:
    _, position = advance(START, [row(11)], now=NOW)
    assert advance(position, [], now=NOW + timedelta(days=1)) == ((), position)


def test_a_row_from_the_future_does_not_end_the_overlap() -> None:
    rows = [row(11), row(12, age=-timedelta(days=1000))]
    _, position = advance(START, rows, now=NOW)
    assert position.since == 10


def test_a_clock_that_is_ahead_does_not_end_the_overlap() -> None:
    _, position = advance(START, [row(11), row(12)], now=NOW + timedelta(days=1))
    assert position.since == 10


def test_no_more_than_some_thousand_rows_are_remembered() -> None:
    _, position = advance(START, [row(serial) for serial in range(11, 6011)], now=NOW)
    assert (position.since, len(position.seen)) == (1010, 5000)


def test_a_row_without_a_usable_name_moves_the_position_only() -> None:
    projects, position = advance(START, [row(11, None)], now=NOW)
    assert (projects, position.last) == ((), 11)


def test_a_position_comes_back_from_its_cursor() -> None:
    _, position = advance(START, [row(11), row(13)], now=NOW)
    assert read_cursor(position.cursor()) == position
    assert read_cursor(None) is None


@given(
    st.lists(st.integers(11, 60), unique=True, min_size=1),
    st.randoms(use_true_random=False),
    st.data(),
)
def test_in_whatever_order_rows_become_visible_each_is_told_once(
    serials: list[int], random: object, data: st.DataObject
) -> None:
    """Rows become visible in any order, within the overlap; every answer shows all that are."""
    del random
    order = data.draw(st.permutations(serials))
    position = START
    told: list[str] = []
    for count in range(1, len(order) + 1):
        visible = [row(serial, f"p{serial}") for serial in sorted(order[:count])]
        rows = [one for one in visible if one.serial > position.since]
        projects, position = advance(position, rows, now=NOW)
        told += [project.name for project in projects]
    assert sorted(told) == sorted(f"p{serial}" for serial in serials)
