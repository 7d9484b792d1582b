"""How change sources do, as the database keeps it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.sources import (
    save_source,
    save_source_order,
    source_status,
    stored_sources,
)
from wheelyard.model.change import SourceStatus

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = SourceStatus(
    name="changelog",
    cursor='{"since": 7}',
    serial=7,
    told_until=NOW,
    tried_at=NOW,
    succeeded_at=NOW,
    error="no",
    failures=2,
    retry_at=NOW + MINUTE,
    is_missing=False,
)


def save(engine: Engine, *statuses: SourceStatus, order: tuple[str, ...] = ()) -> None:
    with writing(engine) as connection:
        for status in statuses:
            save_source(connection, status)
        save_source_order(connection, order)


def stored(engine: Engine) -> dict[str, SourceStatus]:
    with reading(engine) as connection:
        return stored_sources(connection)


def shown(engine: Engine) -> list[SourceStatus]:
    with reading(engine) as connection:
        return source_status(connection)


def test_a_status_comes_back_whole(engine: Engine) -> None:
    empty = SourceStatus(name="rss")
    missing = replace(FULL, name="serial-list", is_missing=True)
    save(engine, FULL, empty, missing)
    assert stored(engine) == {"changelog": FULL, "rss": empty, "serial-list": missing}


def test_a_status_replaces_the_one_before(engine: Engine) -> None:
    save(engine, FULL)
    save(engine, replace(FULL, serial=8))
    assert stored(engine) == {"changelog": replace(FULL, serial=8)}


def test_an_error_may_hold_anything_and_be_of_any_length(engine: Engine) -> None:
    save(engine, replace(FULL, error="\0\ud800" + "x" * 10_000))
    error = stored(engine)["changelog"].error
    assert error is not None
    assert error.startswith("\ufffd")
    assert len(error) == 1000


def test_before_anything_was_followed_there_are_no_sources(engine: Engine) -> None:
    assert (stored(engine), shown(engine)) == ({}, [])


def test_sources_are_shown_in_their_order_and_only_those_that_are_configured(
    engine: Engine,
) -> None:
    save(engine, FULL, replace(FULL, name="old"), order=("changelog", "project-poll"))
    assert [(status.name, status.is_used) for status in shown(engine)] == [
        ("changelog", True),
        ("project-poll", False),
    ]


@pytest.mark.parametrize(
    "given_up",
    [
        replace(FULL, failures=3),
        replace(FULL, failures=1, is_missing=True),
        replace(FULL, failures=1, retry_at=NOW + 6 * MINUTE),
    ],
    ids=["failed-often", "missing", "asked-for-patience"],
)
def test_the_next_source_is_used_where_one_is_given_up(
    engine: Engine, given_up: SourceStatus
) -> None:
    save(engine, given_up, order=("changelog", "project-poll"))
    assert [status.name for status in shown(engine) if status.is_used] == ["project-poll"]


def test_the_lag_is_the_time_since_all_was_told() -> None:
    assert FULL.lag(NOW + MINUTE) == MINUTE
    assert FULL.lag(NOW - MINUTE) == timedelta(0)
    assert SourceStatus(name="rss").lag(NOW) is None
