"""Counts of downloads: added up in one transaction, frozen, rolled up, and never without bounds."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from downloaded import TODAY, counts, put_on_record
from factories import NOW, wheel, wheel_file
from stocked import build_id, claim, enqueue, register, stock
from wheelyard.database import downloads, log_positions, tables
from wheelyard.database.builds import close_build
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.log_positions import Known
from wheelyard.database.wheels import record_wheel
from wheelyard.downloads.record import record
from wheelyard.downloads.saved import Saving
from wheelyard.model.build import BuildState
from wheelyard.model.download import Client, ClientClass, Request, RequestKind

WHEEL = "evdev-1.0-cp311-cp311-linux_armv7l.whl"
DOWNLOAD = Request(RequestKind.DOWNLOAD, WHEEL)
PIP = Client(client_class=ClientClass.INSTALLER, installer="pip", architecture="armv7l")
ROBOT = Client(client_class=ClientClass.ROBOT)


def build_wheel(engine: Engine, *, seconds: float) -> None:
    """Put a wheel on record whose build took so many seconds."""
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
        close_build(
            connection,
            build_id=build_id(),
            state=BuildState.SUCCEEDED,
            finished_at=NOW,
            build_seconds=seconds,
        )
        record_wheel(connection, wheel(build_id=build_id(), file=wheel_file(WHEEL)))


def rows(engine: Engine, table: str) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        found = connection.execute(select(tables.metadata.tables[table])).mappings()
        return [dict(row) for row in found]


def total(engine: Engine, table: str, column: str) -> int:
    counted = tables.metadata.tables[table].c[column]
    with reading(engine) as connection:
        return int(connection.scalar(select(func.coalesce(func.sum(counted), 0))) or 0)


def test_downloads_are_counted_with_the_time_that_they_saved(engine: Engine) -> None:
    build_wheel(engine, seconds=106.7)
    put_on_record(engine, {(TODAY, DOWNLOAD, PIP): 2, (TODAY, DOWNLOAD, ROBOT): 5})
    put_on_record(engine, {(TODAY, DOWNLOAD, PIP): 1})

    by_class = {row["client_class"]: row for row in rows(engine, "file_counts")}
    assert by_class[ClientClass.INSTALLER]["downloads"] == 3
    assert by_class[ClientClass.INSTALLER]["build_ms"] == 106_700
    assert by_class[ClientClass.INSTALLER]["saved_ms"] == 300_000
    assert by_class[ClientClass.ROBOT]["downloads"] == 5
    assert by_class[ClientClass.ROBOT]["saved_ms"] == 0
    assert total(engine, "request_counts", "requests") == 8
    assert total(engine, "request_counts", "saved_ms") == 300_000
    assert total(engine, "request_counts", "comparable_ms") == 800_000


def test_the_board_that_built_counts(engine: Engine) -> None:
    build_wheel(engine, seconds=100)
    with writing(engine) as connection:
        connection.execute(
            update(tables.builders).values(capabilities={"machine": "Raspberry Pi 5 Model B"})
        )
        saving = Saving(factors={"": {"armv7l": 2}, "Raspberry Pi 5": {"armv7l": 3}})
        record(connection, counts({(TODAY, DOWNLOAD, PIP): 1}), saving=saving)
    assert total(engine, "request_counts", "saved_ms") == 293_300


def test_projects_are_counted_by_day_by_month_and_for_ever(engine: Engine) -> None:
    yesterday, before = TODAY - timedelta(days=1), TODAY - timedelta(days=40)
    search = Request(RequestKind.SEARCH, "evdev")
    page = Request(RequestKind.PAGE, "evdev")
    put_on_record(
        engine,
        {
            (TODAY, DOWNLOAD, PIP): 1,
            (yesterday, DOWNLOAD, PIP): 2,
            (before, DOWNLOAD, PIP): 4,
            (TODAY, DOWNLOAD, ROBOT): 100,
            (TODAY, search, PIP): 8,
            (TODAY, page, PIP): 16,
        },
    )
    found = {
        (row["period"].value, row["starts_on"].isoformat()): (
            row["downloads"],
            row["searches"],
            row["pages"],
        )
        for row in rows(engine, "project_counts")
    }
    assert found == {
        ("day", "2026-11-23"): (1, 8, 16),
        ("day", "2026-11-22"): (2, 0, 0),
        ("day", "2026-10-14"): (4, 0, 0),
        ("month", "2026-11-01"): (3, 8, 16),
        ("month", "2026-10-01"): (4, 0, 0),
        ("all", "1970-01-01"): (7, 8, 16),
    }


def test_a_duration_is_frozen_when_a_download_is_counted(engine: Engine) -> None:
    build_wheel(engine, seconds=106.7)
    put_on_record(engine, {(TODAY, DOWNLOAD, PIP): 1})
    with writing(engine) as connection:
        connection.execute(update(tables.builds).values(build_seconds=1006.7))
    put_on_record(engine, {(TODAY, DOWNLOAD, PIP): 1})

    assert sorted((row["build_ms"], row["saved_ms"]) for row in rows(engine, "file_counts")) == [
        (106_700, 100_000),
        (1_006_700, 1_000_000),
    ]


def test_history_outlives_the_wheel_and_its_project(engine: Engine) -> None:
    build_wheel(engine, seconds=106.7)
    put_on_record(engine, {(TODAY, DOWNLOAD, PIP): 1})
    with writing(engine) as connection:
        connection.execute(delete(tables.wheels))
    put_on_record(engine, {(TODAY, DOWNLOAD, PIP): 1})

    assert total(engine, "project_counts", "saved_ms") == 3 * 100_000
    assert total(engine, "file_counts", "downloads") == 2


def test_the_bytes_that_were_fetched_tell_whose_build_it_was(engine: Engine) -> None:
    build_wheel(engine, seconds=106.7)
    of_it = Request(RequestKind.DOWNLOAD, WHEEL, wheel_file(WHEEL).sha256)
    of_another = Request(RequestKind.DOWNLOAD, WHEEL, "f" * 64)
    with reading(engine) as connection:
        times = downloads.build_times(connection, {WHEEL})

    assert set(times) == {(WHEEL, of_it.sha256), (WHEEL, None)}
    assert {time.ms for time in times.values()} == {106_700}
    put_on_record(engine, {(TODAY, of_it, PIP): 1, (TODAY, of_another, PIP): 1})
    assert total(engine, "file_counts", "saved_ms") == 200_000


def test_clients_are_counted_by_each_thing_that_they_tell(engine: Engine) -> None:
    told = Client(
        client_class=ClientClass.INSTALLER,
        installer="pip",
        installer_version="23.0",
        python="3.11",
        implementation="CPython",
        distribution="debian gnu/linux",
        distribution_version="12",
        libc="glibc 2.36",
        architecture="armv7l",
        is_ci=False,
    )
    silent = Client(client_class=ClientClass.INSTALLER)
    put_on_record(engine, {(TODAY, DOWNLOAD, told): 2, (TODAY, DOWNLOAD, silent): 1})

    found = {
        (row["dimension"].value, row["value"]): row["downloads"]
        for row in rows(engine, "client_counts")
    }
    assert found == {
        ("installer", "pip 23.0"): 2,
        ("python", "3.11"): 2,
        ("implementation", "CPython"): 2,
        ("distribution", "debian gnu/linux 12"): 2,
        ("libc", "glibc 2.36"): 2,
        ("architecture", "armv7l"): 2,
        ("ci", "no"): 2,
        **{
            (dimension, ""): 1
            for dimension in (
                *("installer", "python", "implementation", "distribution", "libc"),
                *("architecture", "ci"),
            )
        },
    }


def test_clients_that_make_things_up_fill_no_table(engine: Engine) -> None:
    for start in (0, 400):
        invented = {
            (
                TODAY,
                DOWNLOAD,
                Client(
                    client_class=ClientClass.INSTALLER,
                    installer=f"tool-{number}",
                    architecture=f"cpu-{number}",
                ),
            ): 1
            for number in range(start, start + 400)
        }
        put_on_record(engine, invented)

    values = [row["value"] for row in rows(engine, "client_counts")]
    assert len(values) < 320
    assert total(engine, "client_counts", "downloads") == 7 * 800
    assert {row["architecture"] for row in rows(engine, "file_counts")} == {"other"}


def test_old_days_become_months_and_no_download_is_lost(engine: Engine) -> None:
    build_wheel(engine, seconds=106.7)
    days = [TODAY - timedelta(days=past) for past in range(0, 120, 7)]
    put_on_record(engine, {(day, DOWNLOAD, PIP): 1 for day in days})
    saved = total(engine, "file_counts", "saved_ms")
    before = date(2026, 10, 1)

    def roll_up() -> int:
        with writing(engine) as connection:
            return downloads.roll_up(connection, before=before)

    steps = 0
    while roll_up():
        steps += 1
    found = rows(engine, "file_counts")
    assert steps == 3
    assert total(engine, "file_counts", "downloads") == len(days)
    assert total(engine, "file_counts", "saved_ms") == saved
    assert all(row["starts_on"] >= before for row in found if row["period"] == "day")
    assert {row["starts_on"].isoformat() for row in found if row["period"] == "month"} == {
        "2026-07-01",
        "2026-08-01",
        "2026-09-01",
    }
    put_on_record(engine, {(days[-1], DOWNLOAD, PIP): 1})
    assert roll_up()
    assert total(engine, "file_counts", "downloads") == len(days) + 1
    assert total(engine, "request_counts", "requests") == len(days) + 1


def test_a_position_moves_only_from_where_it_was(engine: Engine) -> None:
    def move(start: Known | None, end: Known) -> bool:
        with writing(engine) as connection:
            return log_positions.move_position(
                connection, "access.log", "file", start=start, end=end, at=NOW
            )

    assert move(None, Known(10))
    assert not move(None, Known(20))
    assert not move(Known(5), Known(20))
    assert move(Known(10), Known(20, is_finished=True))
    assert not move(Known(20), Known(30))
    with reading(engine) as connection:
        assert log_positions.known_positions(connection, "access.log") == {
            "file": Known(20, is_finished=True)
        }
        assert log_positions.known_positions(connection, "other.log") == {}


def test_rejected_lines_add_up_and_only_some_are_kept(engine: Engine) -> None:
    with writing(engine) as connection:
        for start in range(0, 30, 3):
            samples = [f"line {number}" for number in range(start, start + 3)]
            log_positions.add_rejects(
                connection, "access.log", day=TODAY, lines=1000, samples=samples
            )
    (found,) = rows(engine, "log_rejects")
    assert found["lines"] == 10_000
    assert found["samples"] == [f"line {number}" for number in range(20)]


def test_hosts_count_once_a_day_and_only_the_number_is_kept(engine: Engine) -> None:
    yesterday = TODAY - timedelta(days=1)
    with writing(engine) as connection:
        for _ in range(2):
            downloads.add_hosts(connection, {(TODAY, "a"), (yesterday, "a"), (yesterday, "b")})
        downloads.settle_hosts(connection, before=TODAY)

    assert rows(engine, "hosts_seen") == [{"day": TODAY, "digest": "a"}]
    assert rows(engine, "host_counts") == [{"day": yesterday, "hosts": 2}]


@pytest.mark.parametrize(
    ("day", "following"),
    [(date(2026, 1, 31), date(2026, 2, 1)), (date(2026, 12, 1), date(2027, 1, 1))],
)
def test_a_month_is_followed_by_the_next(day: date, following: date) -> None:
    assert downloads.next_month(day) == following
