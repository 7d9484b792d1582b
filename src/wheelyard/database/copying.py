"""Moving a whole database to another, streamed, in one transaction, and compared afterwards."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, Table, select

from wheelyard.database.dialect import continue_numbers, load
from wheelyard.database.tables import metadata
from wheelyard.errors import DatabaseUnavailable, Refused

_ROWS_AT_ONCE = 1000
_DIGEST_BITS = 256


@dataclass(frozen=True, slots=True)
class TableContents:
    """How many rows a table has, and a digest of them that does not depend on their order."""

    table: str
    rows: int
    digest: str


def copy_database(
    source: Connection, destination: Connection, *, tell: Callable[[TableContents], None]
) -> list[TableContents]:
    """Copy every table from one connection to another, and compare what has arrived.

    Both have the newest schema; the destination is empty. `tell` hears of each table that is
    done. Memory does not grow with the database. Nothing is committed here.

    Raises:
        Refused: if the destination holds anything.
        DatabaseUnavailable: if what arrived differs from what was read.
    """
    for table in metadata.sorted_tables:
        if destination.execute(select(table).limit(1)).first() is not None:
            raise Refused(f"{table.name} is not empty", "Copy into a new database")
    copied = []
    for table in metadata.sorted_tables:
        sent = _copy_table(source, destination, table)
        continue_numbers(destination, table)
        if contents(destination, table) != sent:
            raise DatabaseUnavailable(table.name, "What arrived is not what was read")
        tell(sent)
        copied.append(sent)
    return copied


def _copy_table(source: Connection, destination: Connection, table: Table) -> TableContents:
    digest = _Digest()
    for batch in _batches(source, table):
        rows = [dict(row) for row in batch]
        for row in rows:
            digest.add(row)
        load(destination, table, rows)
    return digest.result(table)


def contents(connection: Connection, table: Table) -> TableContents:
    """Count and digest what a table holds."""
    digest = _Digest()
    for batch in _batches(connection, table):
        for row in batch:
            digest.add(dict(row))
    return digest.result(table)


def _batches(connection: Connection, table: Table) -> Iterator[list[RowMapping]]:
    query = select(table).execution_options(yield_per=_ROWS_AT_ONCE)
    for batch in connection.execute(query).mappings().partitions():
        yield list(batch)


class _Digest:
    """The sum of the digests of rows, so that the two databases may order texts differently."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def add(self, row: dict[str, Any]) -> None:
        text = _ENCODER.encode(row)
        self._rows += 1
        self._sum += int.from_bytes(hashlib.sha256(text.encode()).digest())

    def result(self, table: Table) -> TableContents:
        digest = f"{self._sum % 2**_DIGEST_BITS:064x}"
        return TableContents(table.name, self._rows, digest)


def _as_text(value: object) -> str:
    """Return the same text for the same value, whichever database it came from."""
    if isinstance(value, date):  # A moment is one, too.
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(value)


_ENCODER = json.JSONEncoder(sort_keys=True, default=_as_text)
