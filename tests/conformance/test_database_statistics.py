"""What is asked of the counts of downloads, and counts that go from one wheelyard to another."""

import csv
import gzip
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from sqlalchemy import select, update

from downloaded import PIP, ROBOT, TODAY, download, put_on_record
from factories import NOW
from wheelyard.database import tables
from wheelyard.database.download_rows import EXPORTED, columns_of, exported
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.migrate import upgrade
from wheelyard.database.statistics import project_statistics, statistics
from wheelyard.downloads import exchange
from wheelyard.downloads.exchange import FileFormat, export, import_counts
from wheelyard.errors import BadInput
from wheelyard.model.download import Client, ClientClass, Dimension, Request, RequestKind
from wheelyard.model.statistics import ProjectStatistics, Share, Statistics, Sum

EVDEV = download("evdev-1.0-cp311-cp311-linux_armv7l.whl")
SIX = download("six-1.16.0-py2.py3-none-any.whl")
DAY = timedelta(days=1)
UV = Client(client_class=ClientClass.INSTALLER, installer="uv", installer_version="0.5")


def found(engine: Engine, *, today: date = TODAY) -> Statistics:
    with reading(engine) as connection:
        return statistics(connection, today=today)


def of_project(engine: Engine, project: str) -> ProjectStatistics | None:
    with reading(engine) as connection:
        return project_statistics(connection, project, today=TODAY)


def some_months(engine: Engine) -> None:
    put_on_record(
        engine,
        {
            (TODAY, EVDEV, PIP): 2,
            (TODAY, EVDEV, ROBOT): 100,
            (TODAY, SIX, UV): 5,
            (TODAY - DAY, EVDEV, PIP): 3,
            (date(2026, 10, 31), SIX, PIP): 7,
            (date(2026, 8, 1), EVDEV, UV): 11,
        },
    )
    with writing(engine) as connection:
        saved = tables.request_counts.c
        for day, milliseconds in ((TODAY, 5000), (date(2026, 8, 1), 700)):
            connection.execute(
                update(tables.request_counts)
                .where(saved.day == day, saved.client_class == ClientClass.INSTALLER)
                .values(saved_ms=milliseconds, comparable_ms=2 * milliseconds)
            )


def test_of_nothing_the_statistics_are_empty(engine: Engine) -> None:
    empty = found(engine)
    assert empty.all_time == Sum()
    assert len(empty.days) == 30
    assert {day.sum for day in empty.days} == {Sum()}
    assert [month.starts_on for month in empty.months] == [date(2026, 11, 1)]
    assert empty.top == ()
    assert of_project(engine, "evdev") is None


def test_downloads_are_added_up_by_day_by_month_and_in_all(engine: Engine) -> None:
    some_months(engine)
    all_of_it = found(engine)
    assert all_of_it.all_time == Sum(downloads=28, saved_ms=5700, comparable_ms=11_400)
    assert [day.starts_on for day in all_of_it.days] == [TODAY - n * DAY for n in range(29, -1, -1)]
    assert [day.sum.downloads for day in all_of_it.days if day.sum.downloads] == [7, 3, 7]
    assert all_of_it.days[-1].sum.saved_ms == 5000
    assert [(month.starts_on.month, month.sum.downloads) for month in all_of_it.months] == [
        (8, 11),
        (9, 0),
        (10, 7),
        (11, 10),
    ]


def test_the_top_is_that_of_this_month_and_the_last_without_robots(engine: Engine) -> None:
    some_months(engine)
    top = [(one.project, one.sum.downloads) for one in found(engine).top]
    assert top == [("six", 12), ("evdev", 5)]


def test_who_is_on_top_one_month_keeps_what_was_counted_far_down_in_the_other(
    engine: Engine,
) -> None:
    last_month = date(2026, 10, 5)
    late = download("late-1.0-py3-none-any.whl")
    many = {
        (last_month, download(f"p{number}-1.0-py3-none-any.whl"), PIP): 1000
        for number in range(100)
    }
    put_on_record(engine, many | {(last_month, late, PIP): 900, (TODAY, late, PIP): 500})
    first = found(engine).top[0]
    assert (first.project, first.sum.downloads) == ("late", 1400)


def test_installers_are_shared_out_by_what_they_told_in_thirty_days(engine: Engine) -> None:
    some_months(engine)
    shares = found(engine).shares
    assert shares[Dimension.INSTALLER] == (
        Share(value="pip 23.0", downloads=12),
        Share(value="uv 0.5", downloads=5),
    )
    assert shares[Dimension.ARCHITECTURE][0] == Share(value="armv7l", downloads=12)
    later = found(engine, today=TODAY + 40 * DAY)
    assert not any(later.shares.values())


def test_all_requests_are_told_by_kind_and_by_who_asked(engine: Engine) -> None:
    some_months(engine)
    put_on_record(engine, {(TODAY, Request(RequestKind.METADATA, EVDEV.name), PIP): 4})
    assert found(engine).requests == {
        RequestKind.DOWNLOAD: {ClientClass.INSTALLER: 28, ClientClass.ROBOT: 100},
        RequestKind.METADATA: {ClientClass.INSTALLER: 4},
    }


def test_a_project_has_its_own_sums(engine: Engine) -> None:
    some_months(engine)
    put_on_record(engine, {(TODAY, Request(RequestKind.SEARCH, "spam"), PIP): 3})
    evdev = of_project(engine, "evdev")
    assert evdev is not None
    assert evdev.all_time.downloads == 16
    assert [day.sum.downloads for day in evdev.days[-2:]] == [3, 2]
    assert [month.sum.downloads for month in evdev.months] == [11, 0, 0, 5]
    spam = of_project(engine, "spam")
    assert spam is not None
    assert spam.all_time == Sum()


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with reading(engine) as connection:
        return {name: list(exported(connection, name)) for name in EXPORTED}


def test_what_is_exported_is_complete_in_another_wheelyard_and_counts_once(
    engine: Engine, tmp_path: Path
) -> None:
    some_months(engine)
    written = export(engine, tmp_path / "out", form=FileFormat.CSV)
    assert set(written) == set(EXPORTED)
    other = connect(f"sqlite:///{tmp_path / 'other.sqlite'}")
    upgrade(other)
    put_on_record(other, {(TODAY, SIX, PIP): 1})

    assert import_counts(other, tmp_path / "out", at=NOW) == sum(written.values())
    assert import_counts(other, tmp_path / "out", at=NOW) is None
    assert found(other).all_time.downloads == found(engine).all_time.downloads + 1
    here, there = rows(engine), rows(other)
    assert {row["filename"] for row in there["files"]} == {row["filename"] for row in here["files"]}
    assert there["clients"] != here["clients"]
    other.dispose()


def test_an_export_may_be_packed_and_have_what_clocks_that_run_fast_told(
    engine: Engine, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    put_on_record(engine, {(TODAY + DAY, SIX, PIP): 2})
    export(engine, folder, form=FileFormat.CSV)
    before = rows(engine)
    for path in folder.iterdir():
        path.write_bytes(gzip.compress(path.read_bytes()))
    import_counts(engine, folder, at=NOW)
    after = rows(engine)
    assert {name: len(some) for name, some in after.items()} == {
        name: len(some) for name, some in before.items()
    }
    assert [row["downloads"] for row in after["files"]] == [4]


def test_rows_of_the_same_key_add_up(engine: Engine, tmp_path: Path) -> None:
    put_on_record(engine, {(TODAY, SIX, PIP): 2})
    export(engine, tmp_path, form=FileFormat.CSV)
    path = tmp_path / "files.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n")
    import_counts(engine, tmp_path, at=NOW)
    assert [row["downloads"] for row in rows(engine)["files"]] == [6]


def test_an_export_that_fails_leaves_the_last_one_as_it_was(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    put_on_record(engine, {(TODAY, SIX, PIP): 2})
    export(engine, folder, form=FileFormat.CSV)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {f"{name}.csv" for name in EXPORTED}
    put_on_record(engine, {(TODAY, SIX, PIP): 2})
    (folder / "requests.csv.part").mkdir()
    with pytest.raises(BadInput, match="requests"):
        export(engine, folder, form=FileFormat.CSV)
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_history_that_is_added_in_parts_is_added_whole(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "_ADDED_AT_ONCE", 2)
    path = tmp_path / "history.csv"
    path.write_text("package,date\n" + "six,2026-11-20\nevdev,2026-11-21\nspam,2026-11-22\n" * 9)
    assert import_counts(engine, path, at=NOW) == 27
    for name in ("six", "evdev", "spam"):
        project = of_project(engine, name)
        assert project is not None
        assert project.all_time.downloads == 9
        assert [month.sum.downloads for month in project.months] == [9]
    assert found(engine).all_time == Sum(downloads=27)


def test_parquet_files_have_the_same_rows(engine: Engine, tmp_path: Path) -> None:
    some_months(engine)
    export(engine, tmp_path, form=FileFormat.PARQUET)
    for name, expected in rows(engine).items():
        table = parquet.read_table(tmp_path / f"{name}.parquet")
        assert table.column_names == list(columns_of(name))
        assert table.to_pylist() == expected


@pytest.mark.parametrize(
    "text",
    [
        "package,date\nSix,2026-11-20\nsix,2026-11-20\nevdev,2026-11-21\n",
        "date,package,count\n2026-11-20,six,2\n2026-11-21,evdev,1\n",
        "\ufeffPackage,Downloads,Day\nsix,2,2026-11-20\nevdev,1,2026-11-21\n",
        """accessed_at,name
2026-11-20 13:14:15,six
2026-11-20T23:59:59+00:00,six
2026-11-22 00:30:00+01:00,evdev
""",
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_another_services_history_is_added_once(
    engine: Engine, tmp_path: Path, text: str, *, is_packed: bool
) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(gzip.compress(text.encode()) if is_packed else text.encode())
    assert import_counts(engine, path, at=NOW) == text.count("\n") - 1
    path.write_bytes(text.encode())
    assert import_counts(engine, path, at=NOW) is None
    six, evdev = of_project(engine, "six"), of_project(engine, "evdev")
    assert six is not None
    assert evdev is not None
    assert [day.sum.downloads for day in six.days[-5:]] == [0, 2, 0, 0, 0]
    assert [day.sum.downloads for day in evdev.days[-5:]] == [0, 0, 1, 0, 0]
    assert found(engine).all_time == Sum(downloads=3)


def test_counts_without_dates_are_of_a_day_that_is_told(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("package,downloads\nsix,20\nevdev,1\nSix,2\n")
    with pytest.raises(BadInput, match="--day"):
        import_counts(engine, path, at=NOW)
    with pytest.raises(BadInput, match="make no sense"):
        import_counts(engine, path, at=NOW, day=NOW.date() + timedelta(days=1))
    assert import_counts(engine, path, at=NOW, day=date(2026, 11, 20)) == 3
    six = of_project(engine, "six")
    assert six is not None
    assert [day.sum.downloads for day in six.days[-5:]] == [0, 22, 0, 0, 0]
    assert found(engine).all_time == Sum(downloads=23)
    path.write_text("package,date\nsix,2026-11-20\n")
    with pytest.raises(BadInput, match="dates of its own"):
        import_counts(engine, path, at=NOW, day=date(2026, 11, 20))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no package and date"),
        ("a,b\n1,2\n", "no package and date"),
        ("package,date\nsix,2026-11-20\n../etc,2026-11-20\nsix,yesterday\nsix\n", "lines? 3, 4, 5"),
        ("package,date,count\nsix,2026-11-20,-1\n", "line 2"),
        ("package,date,count\nsix,2026-11-20,1_000\n", "line 2"),
        ("package,date\n" + "six,never\n" * 9, "9 rows make no sense, in line 2, 3, 4, 5, 6 …"),
        ("package,date,count\nsix,2026-11-20,99999999999999999999\n", "line 2"),
        ("package,date\nsix,2027-11-20\n", "line 2"),
        ("package,date\nsix,0001-01-01\n", "line 2"),
        ("package,date\n\udcff,2026-11-20\n", "cannot be read"),
        ('package,date\n"' + "x" * 200_000 + '",2026-11-20\n', "cannot be read"),
    ],
)
def test_of_a_history_with_bad_rows_nothing_is_imported(
    engine: Engine, tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(BadInput, match=complaint):
        import_counts(engine, path, at=NOW)
    assert found(engine).all_time == Sum()
    with reading(engine) as connection:
        assert connection.execute(select(tables.log_positions)).all() == []


@pytest.mark.parametrize(
    ("period", "starts_on"),
    [
        ("all", "2026-11-01"),
        ("month", "2026-11-02"),
        ("month", "2027-01-01"),
        ("day", "1970-01-01"),
    ],
)
def test_a_period_begins_when_it_begins(
    engine: Engine, tmp_path: Path, period: str, starts_on: str
) -> None:
    some_months(engine)
    export(engine, tmp_path, form=FileFormat.CSV)
    before = rows(engine)
    with (tmp_path / "projects.csv").open("a", encoding="utf-8") as file:
        file.write(f"{period},{starts_on},six,1,1,1,1,1\n")
    with pytest.raises(BadInput, match=r"projects.*makes no sense"):
        import_counts(engine, tmp_path, at=NOW)
    assert rows(engine) == before


def set_last(cell: int, text: str) -> Callable[[list[list[str]]], None]:
    def change(lines: list[list[str]]) -> None:
        lines[-1][cell] = text

    return change


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(list.clear, id="empty"),
        pytest.param(lambda lines: lines[0].__setitem__(0, "other"), id="columns"),
        pytest.param(lambda lines: lines[-1].pop(), id="short"),
        pytest.param(lambda lines: lines[-1].append("1"), id="long"),
        pytest.param(lambda lines: lines.append(["\udcff"]), id="bytes"),
        pytest.param(lambda lines: lines.append(["x" * 200_000]), id="long cell"),
        pytest.param(set_last(-1, "many"), id="no number"),
        pytest.param(set_last(-1, "1_000"), id="underscore"),
        pytest.param(set_last(-1, str(2**63 - 1)), id="large"),
        pytest.param(set_last(-1, "-5"), id="negative"),
        pytest.param(set_last(0, "century"), id="no kind"),
        pytest.param(set_last(2, "2026-11-25"), id="future"),
        pytest.param(set_last(2, "1999-12-31"), id="early"),
    ],
)
def test_of_a_damaged_export_nothing_is_imported(
    engine: Engine, tmp_path: Path, damage: Callable[[list[list[str]]], None]
) -> None:
    some_months(engine)
    export(engine, tmp_path, form=FileFormat.CSV)
    before = rows(engine)
    path = tmp_path / "requests.csv"
    lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    damage(lines)
    text = "".join(",".join(line) + "\n" for line in lines)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(BadInput, match="requests"):
        import_counts(engine, tmp_path, at=NOW)
    assert rows(engine) == before


@pytest.mark.parametrize("is_missing", [True, False])
def test_an_export_without_all_of_its_files_is_not_imported(
    engine: Engine, tmp_path: Path, *, is_missing: bool
) -> None:
    some_months(engine)
    export(engine, tmp_path, form=FileFormat.CSV)
    before = rows(engine)
    path = tmp_path / "requests.csv"
    if is_missing:
        path.unlink()
    else:
        path.write_bytes(gzip.compress(path.read_bytes())[:-9])
    with pytest.raises(BadInput, match="requests"):
        import_counts(engine, tmp_path, at=NOW)
    assert rows(engine) == before
