"""Counts as files: written for spreadsheets and other wheelyards, read from these and piwheels."""

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from wheelyard.database import download_rows
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.downloads.reading import BROKEN, opened
from wheelyard.errors import BadInput, InvalidName, LibraryMissing
from wheelyard.model.names import parse_project_name

_BLOCK = 1024 * 1024
_BATCH = 10_000
_SHOWN = 5
_PROJECT = frozenset({"package", "project", "name"})
_DAY = frozenset({"date", "day", "accessed_at", "downloaded_at", "timestamp", "time"})
_COUNT = frozenset({"count", "downloads", "downloads_count", "num_downloads"})
_EARLIEST = date(2000, 1, 1)
_MOST = 2**40
"""More downloads of one project on one day are a mistake."""


class FileFormat(StrEnum):
    """How counts are written."""

    CSV = "csv"
    PARQUET = "parquet"


def export(engine: Engine, folder: Path, *, form: FileFormat) -> dict[str, int]:
    """Write everything that was counted into a folder, a file for each kind of rows.

    Returns how many rows each got. Raises `LibraryMissing` if the format's library is not there.
    """
    write = _parquet_writer() if form is FileFormat.PARQUET else _write_csv
    folder.mkdir(parents=True, exist_ok=True)
    with reading(engine) as connection:
        return {
            name: write(
                folder / f"{name}.{form}",
                download_rows.columns_of(name),
                download_rows.exported(connection, name),
            )
            for name in download_rows.EXPORTED
        }


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


def import_counts(engine: Engine, path: Path, *, at: datetime) -> int | None:
    """Add what is in an exported folder, or in a file as piwheels publishes it, to what is counted.

    The same content counts once: returns how many rows it was, None if it was imported before.
    Either all of it is imported or nothing.

    Raises:
        BadInput: if it is neither, or rows of it make no sense; it says which.
    """
    if path.is_dir():
        return _import_folder(engine, path, at=at)
    counted, rows = _read_history(path, today=at.date())
    digest = _digest(path)
    with writing(engine) as connection:
        if not download_rows.begin_import(connection, digest, at=at):
            return None
        download_rows.add_history(connection, counted)
    return rows


def _import_folder(engine: Engine, folder: Path, *, at: datetime) -> int | None:
    paths = {name: folder / f"{name}.csv" for name in download_rows.EXPORTED}
    missing = [path.name for path in paths.values() if not path.is_file()]
    if missing:
        raise BadInput(str(folder), f"It is no export in CSV: {', '.join(missing)} is not there")
    with writing(engine) as connection:
        digest = hashlib.sha256()
        for path in paths.values():
            digest.update(_digest(path).encode())
        if not download_rows.begin_import(connection, digest.hexdigest(), at=at):
            return None
        return sum(
            download_rows.add_rows(connection, name, _read_rows(path, name))
            for name, path in paths.items()
        )


def _digest(path: Path) -> str:
    """Return the SHA-256 of what a file has in it, packed or not."""
    digest = hashlib.sha256()
    with opened(path) as file:
        while block := file.read1(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _read_rows(path: Path, name: str) -> Iterator[dict[str, Any]]:
    columns = download_rows.columns_of(name)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if set(reader.fieldnames or ()) != set(columns):
            raise BadInput(str(path), f"Its columns are not {', '.join(columns)}")
        for row in reader:
            try:
                yield {column: _value(row[column], kind) for column, kind in columns.items()}
            except (TypeError, ValueError):
                raise BadInput(str(path), f"Line {reader.line_num} makes no sense") from None


def _value(text: str, kind: type) -> Any:  # noqa: ANN401 - of that kind
    if text is None:
        raise TypeError
    return date.fromisoformat(text) if kind is date else kind(text)


def _read_history(path: Path, *, today: date) -> tuple[Counter[tuple[date, str]], int]:
    """Read downloads by package and day: a row for each download, or with a count."""
    counted: Counter[tuple[date, str]] = Counter()
    bad: list[str] = []
    rows = 0
    try:
        with opened(path) as raw:
            reader = csv.reader(_lines(raw))
            columns = _columns(path, next(reader, []))
            for row in reader:
                if not row:
                    continue
                try:
                    day, project, number = _history_row(row, columns, today)
                except (ValueError, IndexError, InvalidName):
                    bad.append(str(reader.line_num))
                    continue
                counted[day, project] += number
                rows += 1
    except (*BROKEN, OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(str(path), f"It cannot be read: {error}") from None
    if bad:
        lines = ", ".join(bad[:_SHOWN]) + (" …" if len(bad) > _SHOWN else "")
        raise BadInput(str(path), f"{len(bad)} rows make no sense, in line {lines}")
    return counted, rows


def _lines(raw: io.BufferedIOBase) -> Iterator[str]:
    """Yield lines; one of more than a megabyte in pieces, which make no sense as rows."""
    while line := raw.readline(_BLOCK):
        yield line.decode()


def _columns(path: Path, header: Sequence[str]) -> tuple[int, int, int | None]:
    """Return where package, date and count are; the header may have them in any order."""
    names = [name.strip().strip("\ufeff").lower() for name in header]
    found = [
        next((place for place, name in enumerate(names) if name in wanted), None)
        for wanted in (_PROJECT, _DAY, _COUNT)
    ]
    project, day, count = found
    if project is None or day is None:
        raise BadInput(
            str(path), f"Its first line names no package and date: {json.dumps(names)[:200]}"
        )
    return project, day, count


def _history_row(
    row: Sequence[str], columns: tuple[int, int, int | None], today: date
) -> tuple[date, str, int]:
    project, day, count = columns
    name = parse_project_name(row[project].strip())
    found = _day(row[day].strip())
    number = 1 if count is None else int(row[count])
    if not (_EARLIEST <= found <= today and 0 < number <= _MOST):
        raise ValueError
    return found, name, number


def _day(text: str) -> date:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()
