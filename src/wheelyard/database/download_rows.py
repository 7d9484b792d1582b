"""All counts of downloads as rows, to be taken out and brought into another wheelyard."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, Date, Select, select
from sqlalchemy.exc import DataError, IntegrityError

from wheelyard.database import downloads, log_positions
from wheelyard.database.columns import Count, Label
from wheelyard.database.dialect import add_up
from wheelyard.database.downloads import ProjectSums, Sums
from wheelyard.database.engine import Connection
from wheelyard.database.log_positions import Known
from wheelyard.database.tables import (
    client_counts,
    counted_files,
    file_counts,
    project_counts,
    request_counts,
)
from wheelyard.errors import BadInput
from wheelyard.model.download import ClientClass, RequestKind

_TABLES = {
    "files": file_counts,
    "projects": project_counts,
    "clients": client_counts,
    "requests": request_counts,
}
_AT_ONCE = 5_000

EXPORTED = tuple(_TABLES)
"""The names of what can be taken out: together they are everything."""


def columns_of(name: str) -> dict[str, type]:
    """Return the columns of exported rows, and the type of each: text, labels, numbers, days."""
    columns = {column.name: _python_type(column) for column in _TABLES[name].columns}
    if name == "files":
        del columns["file_id"]
        columns = {"filename": str, "project": str} | columns
    return columns


def exported(connection: Connection, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of one of `EXPORTED`, in a fixed order, a few thousand in memory at a time."""
    query = _query(name).execution_options(yield_per=_AT_ONCE)
    for row in connection.execute(query).mappings():
        yield {key: str(value) if isinstance(value, str) else value for key, value in row.items()}


def _query(name: str) -> Select[Any]:
    table = _TABLES[name]
    if name != "files":
        return select(table).order_by(*table.primary_key)
    rest = [column for column in table.columns if column.name != "file_id"]
    return (
        select(counted_files.c.filename, counted_files.c.project, *rest)
        .join_from(table, counted_files, counted_files.c.id == table.c.file_id)
        .order_by(table.c.period, table.c.starts_on, counted_files.c.filename, *rest[2:5])
    )


def begin_import(connection: Connection, digest: str, *, at: datetime) -> bool:
    """Note that something with a digest is imported; false if it was before."""
    downloads.begin_adding(connection)
    end = Known(0, is_finished=True)
    return log_positions.move_position(
        connection, f"import:{digest}", "whole", start=None, end=end, at=at
    )


def add_rows(connection: Connection, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Add exported rows to what is on record; return how many they were.

    They must have the columns and types of `columns_of`; rows of the same key add up. Raises
    `BadInput` for numbers that cannot be.
    """
    table = _TABLES[name]
    keys = [column.name for column in table.primary_key]
    sums = [column.name for column in table.columns if column.name not in keys]
    added = 0
    remaining = iter(rows)
    while some := list(islice(remaining, _AT_ONCE)):
        prepared = _with_ids(connection, some) if name == "files" else some
        ordered = [_in_order(table.columns, row) for row in prepared]
        try:
            add_up(connection, table, _together(ordered, keys, sums), sums=sums)
        except (IntegrityError, DataError) as error:
            raise BadInput(name, f"Some of its rows cannot be: {error.orig}") from None
        added += len(some)
    return added


def add_history(connection: Connection, counted: Mapping[tuple[date, str], int]) -> None:
    """Add downloads by day and project of another service, which says no more of them."""
    by_day: Counter[date] = Counter()
    for (day, _), number in counted.items():
        by_day[day] += number
    downloads.add_projects(
        connection, {key: ProjectSums(downloads=number) for key, number in counted.items()}
    )
    downloads.add_requests(
        connection,
        {
            (day, RequestKind.DOWNLOAD, ClientClass.INSTALLER): Sums(number)
            for day, number in by_day.items()
        },
    )


def _with_ids(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = list(rows)
    ids = downloads.file_ids(connection, {row["filename"]: row["project"] for row in rows})
    return [{**row, "file_id": ids[row["filename"]]} for row in rows]


def _together(
    rows: Iterable[dict[str, Any]], keys: Iterable[str], sums: Iterable[str]
) -> list[dict[str, Any]]:
    """Add rows of the same key up; PostgreSQL takes no key twice in one statement."""
    by_key: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        kept = by_key.setdefault(tuple(row[key] for key in keys), row)
        if kept is not row:
            kept.update({name: kept[name] + row[name] for name in sums})
    return list(by_key.values())


def _in_order(columns: Iterable[Column[Any]], row: Mapping[str, Any]) -> dict[str, Any]:
    return {column.name: row[column.name] for column in columns}


def _python_type(column: Column[Any]) -> type:
    if isinstance(column.type, Label):
        return column.type.enum
    if isinstance(column.type, Count):
        return int
    return date if isinstance(column.type, Date) else str
