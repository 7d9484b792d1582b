"""Counts as files: written for spreadsheets and other wheelyards, read from these and piwheels."""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from wheelyard.database import download_rows
from wheelyard.database.downloads import ALL_TIME
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.downloads.reading import BROKEN, opened
from wheelyard.errors import BadInput, InvalidName, LibraryMissing
from wheelyard.model.download import Period
from wheelyard.model.names import parse_project_name

_BLOCK = 1024 * 1024
_BATCH = 10_000
_ADDED_AT_ONCE = 100_000
_SHOWN = 5
_PROJECT = frozenset({"package", "project", "name"})
_DAY = frozenset({"date", "day", "accessed_at", "downloaded_at", "timestamp", "time"})
_COUNT = frozenset({"count", "downloads", "downloads_count", "num_downloads"})
_EARLIEST = date(2000, 1, 1)
_ONE_DAY = timedelta(days=1)
_MOST = 2**40
"""More downloads of one project on one day are a mistake."""

_NUMBER = re.compile(r"-?[0-9]{1,17}")
"""Larger ones are a mistake, too: some of them together would not fit into a database's number."""


class FileFormat(StrEnum):
    """How counts are written."""

    CSV = "csv"
    PARQUET = "parquet"


def export(engine: Engine, folder: Path, *, form: FileFormat) -> dict[str, int]:
    """Write everything that was counted into a folder, a file for each kind of rows.

    Returns how many rows each got. What was there before stays unless everything is written.

    Raises:
        LibraryMissing: if the format's library is not there.
        BadInput: if the files cannot be written.
    """
    write = _parquet_writer() if form is FileFormat.PARQUET else _write_csv
    try:
        return _export(engine, folder, form, write)
    except OSError as error:
        raise BadInput(str(folder), f"It cannot be written: {error}") from None


def _export(engine: Engine, folder: Path, form: FileFormat, write: "_Writer") -> dict[str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.{form}" for name in download_rows.EXPORTED}
    # A file that is cut off could be imported and nobody would notice: all or nothing is there.
    partial = {name: path.with_name(f"{path.name}.part") for name, path in paths.items()}
    with reading(engine) as connection:
        written = {
            name: write(
                path, download_rows.columns_of(name), download_rows.exported(connection, name)
            )
            for name, path in partial.items()
        }
    for name, path in partial.items():
        path.replace(paths[name])
    return written


_Writer = Callable[[Path, Mapping[str, type], Iterator[dict[str, Any]]], int]


def _write_csv(path: Path, columns: Mapping[str, type], rows: Iterator[dict[str, Any]]) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _parquet_writer() -> _Writer:
    try:
        import pyarrow as pa  # noqa: PLC0415 - it is large, and few need it
        from pyarrow import parquet  # noqa: PLC0415 - as above
    except ImportError:
        raise LibraryMissing(
            "Parquet files need pyarrow: pip install 'wheelyard[parquet]', or write CSV"
        ) from None
    types = {int: pa.int64(), date: pa.date32()}

    def write(path: Path, columns: Mapping[str, type], rows: Iterator[dict[str, Any]]) -> int:
        schema = pa.schema([(name, types.get(kind, pa.string())) for name, kind in columns.items()])
        count = 0
        with parquet.ParquetWriter(path, schema) as writer:
            while batch := list(islice(rows, _BATCH)):
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                count += len(batch)
        return count

    return write


def import_counts(
    engine: Engine, path: Path, *, at: datetime, day: date | None = None
) -> int | None:
    """Add what is in an exported folder, or in a file as piwheels publishes it, to what is counted.

    Counts of packages without dates are taken to be of `day`. The same content counts once: returns
    how many rows it was, None if it was imported before.
    Either all of it is imported or nothing.

    Raises:
        BadInput: if it is neither, or rows of it make no sense; it says which.
    """
    if path.is_dir():
        return _import_folder(engine, path, at=at)
    # It is read twice, so that however long it is it need not be in memory.
    rows = sum(1 for _ in _history(path, today=at.date(), day=day))
    digest = _digest(path)
    with writing(engine) as connection:
        if not download_rows.begin_import(connection, digest, at=at):
            return None
        for counted in _parts(_history(path, today=at.date(), day=day)):
            download_rows.add_history(connection, counted)
    return rows


def _parts(history: Iterator[tuple[date, str, int]]) -> Iterator[Counter[tuple[date, str]]]:
    """Add downloads up, in parts that fit into memory: many rows may be of few days and projects.

    Each part costs its projects' months and all of their time once more.
    """
    counted: Counter[tuple[date, str]] = Counter()
    for day, project, number in history:
        counted[day, project] += number
        if len(counted) >= _ADDED_AT_ONCE:
            yield counted
            counted = Counter()
    if counted:
        yield counted


def _import_folder(engine: Engine, folder: Path, *, at: datetime) -> int | None:
    paths = {name: folder / f"{name}.csv" for name in download_rows.EXPORTED}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        raise BadInput(str(folder), f"It is no export in CSV: {', '.join(missing)} is not there")
    # Counting takes a day ahead for clocks that are wrong, so an export may have it.
    latest = at.date() + _ONE_DAY
    with writing(engine) as connection:
        digest = hashlib.sha256()
        for path in paths.values():
            digest.update(_digest(path).encode())
        if not download_rows.begin_import(connection, digest.hexdigest(), at=at):
            return None
        return sum(
            download_rows.add_rows(connection, name, _read_rows(path, name, latest=latest))
            for name, path in paths.items()
        )


def _digest(path: Path) -> str:
    """Return the SHA-256 of what a file has in it, packed or not."""
    digest = hashlib.sha256()
    try:
        with opened(path) as file:
            while block := file.read1(_BLOCK):
                digest.update(block)
    except (*BROKEN, OSError) as error:
        raise BadInput(str(path), f"It cannot be read: {error}") from None
    return digest.hexdigest()


def _read_rows(path: Path, name: str, *, latest: date) -> Iterator[dict[str, Any]]:
    """Yield the rows of an exported file, packed or not."""
    columns = download_rows.columns_of(name)
    header: list[str] = []
    for line, cells in _table(path):
        if not header:
            header = cells
            if sorted(header) != sorted(columns):
                raise BadInput(str(path), f"Its columns are not {', '.join(columns)}")
            continue
        try:
            texts = dict(zip(header, cells, strict=True))
            row = {column: _value(texts[column], kind) for column, kind in columns.items()}
            _check_day(row, latest=latest)
        except ValueError:
            raise BadInput(str(path), f"Line {line} makes no sense") from None
        yield row
    if not header:
        raise BadInput(str(path), f"Its columns are not {', '.join(columns)}")


def _value(text: str, kind: type) -> Any:  # noqa: ANN401 - of that kind
    if kind is int:
        return _number(text)
    return date.fromisoformat(text) if kind is date else kind(text)


def _check_day(row: Mapping[str, Any], *, latest: date) -> None:
    """Raise `ValueError` if a row is of a day that cannot be, or that begins no such period."""
    day = row.get("starts_on", row.get("day"))
    match row.get("period", Period.DAY):
        case Period.ALL:
            is_right = day == ALL_TIME
        case Period.MONTH:
            is_right = day.day == 1 and _EARLIEST <= day <= latest
        case _:
            is_right = _EARLIEST <= day <= latest
    if not is_right:
        raise ValueError


def _number(text: str) -> int:
    """Read a whole number; unlike `int`, nothing but ASCII digits, and not more than can be."""
    if not _NUMBER.fullmatch(text):
        raise ValueError
    return int(text)


def _history(path: Path, *, today: date, day: date | None) -> Iterator[tuple[date, str, int]]:
    """Yield downloads by package and day; `BadInput` at the end if rows made no sense."""
    bad: list[int] = []
    wrong = 0
    table = _table(path)
    columns = _columns(path, next(table, (0, []))[1], is_dated=day is None)
    for line, row in table:
        try:
            yield _history_row(row, columns, day, today=today)
        except (ValueError, IndexError, InvalidName):
            wrong += 1
            if wrong <= _SHOWN:
                bad.append(line)
    if wrong:
        lines = ", ".join(map(str, bad)) + (" …" if wrong > _SHOWN else "")
        raise BadInput(str(path), f"{wrong} rows make no sense, in line {lines}")


def _table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file, packed or not, each with the number of its last line."""
    try:
        with opened(path) as raw:
            reader = csv.reader(_lines(raw))
            for row in reader:
                if row:
                    yield reader.line_num, row
    except (*BROKEN, OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(str(path), f"It cannot be read: {error}") from None


def _lines(raw: io.BufferedIOBase) -> Iterator[str]:
    """Yield lines; one of more than a megabyte in pieces, which make no sense as rows."""
    while line := raw.readline(_BLOCK):
        yield line.decode()


class _Columns(NamedTuple):
    """Where a row has what; `day` is None if all rows are of one day, told apart from them."""

    project: int
    day: int | None
    number: int | None


def _columns(path: Path, header: Sequence[str], *, is_dated: bool) -> _Columns:
    """Return where package, date and count are; the header may have them in any order."""
    names = [name.strip().strip("\ufeff").lower() for name in header]
    project, day, count = (
        next((place for place, name in enumerate(names) if name in wanted), None)
        for wanted in (_PROJECT, _DAY, _COUNT)
    )
    shown = json.dumps(names)[:200]
    if project is None or (day is None and count is None):
        raise BadInput(str(path), f"Its first line names no package and date or count: {shown}")
    if is_dated and day is None:
        raise BadInput(str(path), f"It has no dates; say of which --day its counts are: {shown}")
    if not is_dated and day is not None:
        raise BadInput(str(path), f"It has dates of its own; leave --day out: {shown}")
    return _Columns(project, day, count)


def _history_row(
    row: Sequence[str], columns: _Columns, day: date | None, *, today: date
) -> tuple[date, str, int]:
    name = parse_project_name(row[columns.project].strip())
    found = day if columns.day is None else _day(row[columns.day].strip())
    number = 1 if columns.number is None else _number(row[columns.number].strip())
    if found is None or not (_EARLIEST <= found <= today and 0 < number <= _MOST):
        raise ValueError
    return found, name, number


def _day(text: str) -> date:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
