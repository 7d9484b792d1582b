from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest
from sqlalchemy import URL, Dialect

from wheelyard.database.columns import Count, Label, Level, Prose, Timestamp, Word, clean, one_of
from wheelyard.errors import BadInput
from wheelyard.model.build import JobState, Priority

SQLITE: Dialect = URL.create("sqlite").get_dialect()()
POSTGRESQL: Dialect = URL.create("postgresql+psycopg").get_dialect()()
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_check_lists_the_values_of_an_enum() -> None:
    assert one_of("state", JobState) == "state IN ('scheduled', 'waiting', 'leased')"
    assert one_of("priority", Priority) == "priority IN (10, 20, 30, 40, 50, 60)"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("a\0b", "a\ufffdb"),
        ("\N{SNAKE}", "\N{SNAKE}"),
        ("\ud800", "\ufffd\ufffd\ufffd"),
    ],
)
def test_text_is_cleaned_of_what_cannot_be_stored(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
    assert Prose().process_bind_param(text, POSTGRESQL) == cleaned


@pytest.mark.parametrize("column", [Word(), Count(), Timestamp(), Prose(), Label(JobState)])
def test_nothing_stays_nothing(column: Word) -> None:
    assert column.process_bind_param(None, SQLITE) is None


def test_a_word_of_the_greatest_length_is_kept_and_a_longer_one_refused() -> None:
    assert Word().process_bind_param("x" * 300, POSTGRESQL) == "x" * 300
    with pytest.raises(BadInput):
        Word().process_bind_param("x" * 301, POSTGRESQL)


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL])
def test_a_moment_is_stored_in_utc(dialect: Dialect) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=-5)))
    stored = Timestamp().process_bind_param(there, dialect)

    assert stored is not None
    assert stored.isoformat().startswith("2026-11-23T12:00:00")
    assert Timestamp().process_result_value(stored, dialect) == NOON


def test_sqlite_is_given_moments_without_a_zone() -> None:
    assert Timestamp().process_bind_param(NOON, SQLITE) == NOON.replace(tzinfo=None)


def test_an_enums_member_is_stored_by_its_value_and_comes_back() -> None:
    assert Label(JobState).process_bind_param(JobState.WAITING, SQLITE) == "waiting"
    assert Label(JobState).process_result_value("waiting", SQLITE) is JobState.WAITING
    assert Level(Priority).process_bind_param(Priority.NORMAL, SQLITE) == 40
    assert Level(Priority).process_result_value(40, SQLITE) is Priority.NORMAL


def test_a_member_of_another_enum_is_a_mistake() -> None:
    class Other(StrEnum):
        GONE = "gone"

    with pytest.raises(ValueError, match="gone"):
        Label(JobState).process_bind_param(Other.GONE, SQLITE)  # type: ignore[arg-type] # the mistake that is tested
