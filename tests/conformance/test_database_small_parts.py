"""Serials, named values, the outbox, targets, builders and recipes, the same on both databases."""

import threading
from datetime import timedelta

import pytest

from factories import NOW, PROJECT, TARGET, digest, project_name, project_page, target
from wheelyard.database import builders, pages, state, targets
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.projects import project_overview, save_page
from wheelyard.errors import UnknownProject
from wheelyard.model.builder import Builder
from wheelyard.model.names import TargetName

LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    "value", [0, "text", None, [1, {"a": None}], {"emoji": "\N{SNAKE}", "nul": "\0"}, 2**70]
)
def test_a_value_comes_back_as_it_was_put(engine: Engine, value: object) -> None:
    with writing(engine) as connection:
        state.put_state(connection, "name", "before")
        state.put_state(connection, "name", value)

    with reading(engine) as connection:
        assert state.get_state(connection, "name") == value
        assert state.get_state(connection, "other") is None


def test_a_value_is_swapped_for_what_was_there(engine: Engine) -> None:
    with writing(engine) as connection:
        swapped = [state.swap_state(connection, "name", value) for value in (1, "two", 3)]
    assert swapped == [None, 1, "two"]


def test_serials_start_at_one_and_grow(engine: Engine) -> None:
    with writing(engine) as connection:
        assert state.current_serial(connection) == 0
        assert [state.next_serial(connection) for _ in range(3)] == [1, 2, 3]

    with reading(engine) as connection:
        assert state.current_serial(connection) == 3


def test_a_serial_of_a_transaction_that_failed_is_given_again(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            state.next_serial(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with writing(engine) as connection:
        assert state.next_serial(connection) == 1


def test_two_transactions_never_get_one_serial(engine: Engine) -> None:
    given: list[int] = []

    def take() -> None:
        for _ in range(10):
            with writing(engine) as connection:
                given.append(state.next_serial(connection))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(given) == list(range(1, 41))


def test_marked_pages_wait_in_the_order_of_their_marks(engine: Engine) -> None:
    with writing(engine) as connection:
        for name in ("evdev", "spidev"):
            save_page(connection, project_page(name=name), at=NOW)
        pages.mark_page(connection, PROJECT)

        assert pages.pages_to_write(connection, limit=9) == [
            pages.PageToWrite(project_name("spidev"), 2),
            pages.PageToWrite(PROJECT, 3),
        ]
        assert [page.revision for page in pages.pages_to_write(connection, limit=1)] == [2]


def test_a_page_that_was_written_waits_no_more(engine: Engine) -> None:
    with writing(engine) as connection:
        save_page(connection, project_page(), at=NOW)
        pages.page_written(connection, PROJECT, 1)
        assert pages.pages_to_write(connection, limit=9) == []

        overview = project_overview(connection, PROJECT)
        assert overview is not None
        assert overview.serial == 1


def test_a_page_that_was_marked_while_it_was_written_goes_on_waiting(engine: Engine) -> None:
    with writing(engine) as connection:
        save_page(connection, project_page(), at=NOW)
        (page,) = pages.pages_to_write(connection, limit=9)
        pages.mark_page(connection, PROJECT)
        pages.page_written(connection, page.project, page.revision)

        assert pages.pages_to_write(connection, limit=9) == [pages.PageToWrite(PROJECT, 2)]


def test_a_slow_publisher_does_not_take_out_a_later_mark(engine: Engine) -> None:
    with writing(engine) as connection:
        save_page(connection, project_page(), at=NOW)
        pages.page_written(connection, PROJECT, 1)
        pages.mark_page(connection, PROJECT)
        pages.page_written(connection, PROJECT, 1)

        assert len(pages.pages_to_write(connection, limit=9)) == 1


def test_the_page_of_an_unknown_project_cannot_be_marked(engine: Engine) -> None:
    with writing(engine) as connection, pytest.raises(UnknownProject):
        pages.mark_page(connection, PROJECT)


def test_exactly_the_saved_targets_are_active(engine: Engine) -> None:
    bookworm, trixie = target(), target("trixie-cp313-aarch64", python_full="3.13.5")
    for saved in ([trixie, bookworm], [trixie], [], [bookworm, trixie]):
        with writing(engine) as connection:
            targets.save_targets(connection, saved)
        with reading(engine) as connection:
            assert targets.active_targets(connection) == sorted(saved, key=lambda it: it.name)


def test_a_target_takes_over_a_newer_python(engine: Engine) -> None:
    with writing(engine) as connection:
        targets.save_targets(connection, [target(python_full="3.11.2")])
        targets.save_targets(connection, [target(python_full="3.11.9")])

        assert targets.active_targets(connection) == [target(python_full="3.11.9")]


def test_a_builder_is_found_by_its_tokens_hash_only(engine: Engine) -> None:
    with writing(engine) as connection:
        added = builders.add_builder(
            connection,
            name="board",
            token_hash=digest("token"),
            targets=frozenset({TargetName(TARGET)}),
            at=NOW,
            expires_at=LATER,
        )

    with reading(engine) as connection:
        assert builders.builder_by_token_hash(connection, digest("token")) == added
        assert builders.builder_by_token_hash(connection, digest("other")) is None
    assert added == Builder(
        id=added.id,
        name="board",
        targets=frozenset({TargetName(TARGET)}),
        created_at=NOW,
        expires_at=LATER,
    )


def test_a_new_token_replaces_the_old_one_and_lifts_a_revocation(engine: Engine) -> None:
    with writing(engine) as connection:
        first = builders.add_builder(
            connection, name="board", token_hash=digest(1), targets=frozenset(), at=NOW
        )
        builders.revoke_builder(connection, "board", at=NOW)
        second = builders.add_builder(
            connection, name="board", token_hash=digest(2), targets=frozenset(), at=LATER
        )

        assert second == first
        assert builders.builder_by_token_hash(connection, digest(1)) is None
        assert builders.all_builders(connection) == [second]


def test_a_builder_is_revoked_once(engine: Engine) -> None:
    with writing(engine) as connection:
        builders.add_builder(
            connection, name="board", token_hash=digest(1), targets=frozenset(), at=NOW
        )

        assert builders.revoke_builder(connection, "board", at=LATER)
        assert not builders.revoke_builder(connection, "board", at=LATER)
        assert not builders.revoke_builder(connection, "nobody", at=LATER)
        (board,) = builders.all_builders(connection)
    assert board.revoked_at == LATER


def test_a_builder_is_seen_and_tells_of_itself(engine: Engine) -> None:
    with writing(engine) as connection:
        board = builders.add_builder(
            connection, name="board", token_hash=digest(1), targets=frozenset(), at=NOW
        )
        assert builders.builder_capabilities(connection, board.id) == {}
        builders.touch_builder(connection, board.id, at=NOW, capabilities={"cores": 4})
        builders.touch_builder(connection, board.id, at=LATER)

        assert builders.builder_capabilities(connection, board.id) == {"cores": 4}
        (board,) = builders.all_builders(connection)
    assert board.last_seen_at == LATER
