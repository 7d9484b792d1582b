"""The few statements in which SQLite and PostgreSQL differ."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

WRITING = "wheelyard_writing"
"""The execution option that marks a connection whose transaction may write."""

_BINDS_CLOSELY = 10


def insert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say what happens on a conflict (`on_conflict_do_…`)."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def locked(
    connection: Connection, statement: Select[Any], *, of: Table, skip_locked: bool = False
) -> Select[Any]:
    """Let a query lock the rows of one table until the transaction ends, if that may write.

    `skip_locked` passes over rows that somebody else has locked. On SQLite a writing transaction
    is alone anyway, and SQLAlchemy leaves the clause out.
    """
    if not connection.get_execution_options().get(WRITING):
        return statement
    return statement.with_for_update(of=of, skip_locked=skip_locked)


def lock_for_this_transaction(connection: Connection, key: int) -> None:
    """Wait until nobody else holds the lock called `key`, and hold it until the transaction ends.

    On SQLite a writing transaction is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def clock_time(connection: Connection) -> datetime:
    """Return what time it is on the clock of the database, which all processes share."""
    if connection.dialect.name == "sqlite":
        # One file is on one machine, and its clock is that machine's.
        return datetime.now(UTC)
    moment: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)


def load(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many whole rows, all with the same columns, as fast as the database can: by COPY."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(table), rows)
        return
    columns = [table.c[name] for name in rows[0]]
    stored = [
        column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        for column in columns
    ]
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.format_column(column) for column in columns)
    statement = f"COPY {preparer.format_table(table)} ({names}) FROM STDIN"
    with (
        closing(connection.connection.cursor()) as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            values = zip(row.values(), stored, strict=True)
            copy.write_row([value if store is None else store(value) for value, store in values])


def continue_numbers(connection: Connection, table: Table) -> None:
    """Let the numbers of new rows go on after those that were given when the rows were copied.

    SQLite does so by itself.
    """
    column = table.autoincrement_column
    if column is None or connection.dialect.name == "sqlite":
        return
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    last = select(func.max(column)).scalar_subquery()
    connection.execute(select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None))))


def insert_many(
    connection: Connection,
    statement: postgresql.Insert | sqlite.Insert,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Run an INSERT, with what it does on a conflict, for many rows that have the same columns.

    PostgreSQL gets one statement with an array for each column, which is several times as fast as
    a statement for each row; a value that all rows have in common is sent once.
    """
    if not rows:
        return
    if not isinstance(statement, postgresql.Insert):
        connection.execute(statement, rows)
        return
    values = {name: [row[name] for row in rows] for name in rows[0]}
    columns = statement.table.c
    arrays = {name: several for name, several in values.items() if len(set(several)) > 1}
    arrays = arrays or {next(iter(values)): next(iter(values.values()))}
    source = func.unnest(
        *(
            bindparam(None, several, type_=postgresql.ARRAY(columns[name].type))
            for name, several in arrays.items()
        )
    ).table_valued(*arrays)
    alias = source.render_derived()
    chosen = [
        alias.c[name] if name in arrays else literal(several[0], columns[name].type)
        for name, several in values.items()
    ]
    connection.execute(statement.from_select(list(values), select(*chosen), include_defaults=False))


def add_up(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *, sums: Sequence[str]
) -> None:
    """Add rows to a table of counts: where a key is there already, the columns `sums` are added.

    All rows have the same columns, and no two the same key; they must come in the same order from
    everybody, or two who write at once lock each other out. PostgreSQL gets them by COPY.
    """
    if not rows:
        return
    keys = list(table.primary_key)
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(table)
        added = {name: table.c[name] + statement.excluded[name] for name in sums}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), rows)
        return
    names = list(rows[0])
    passing = Table(
        f"passing_{table.name}",
        MetaData(),
        *(Column(name, table.c[name].type) for name in names),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DROP",
    )
    passing.create(connection)
    load(connection, passing, rows)
    source = select(*(passing.c[name] for name in names))
    grown = postgresql.insert(table).from_select(names, source, include_defaults=False)
    connection.execute(
        grown.on_conflict_do_update(
            index_elements=keys, set_={name: table.c[name] + grown.excluded[name] for name in sums}
        )
    )
    passing.drop(connection)


def listed(connection: Connection, values: Sequence[str]) -> FromClause:
    """Return texts as something to select from, with a column `value`; one parameter in all."""
    if connection.dialect.name == "sqlite":
        return func.json_each(json.dumps(values)).table_valued(column("value", String))
    array = bindparam(None, list(values), type_=postgresql.ARRAY(String))
    return func.unnest(array).table_valued(column("value", String)).render_derived()


def is_before(
    connection: Connection,
    one: ColumnElement[str],
    other: ColumnElement[str],
    *,
    or_equal: bool = False,
) -> ColumnElement[bool]:
    """Compare texts by their bytes, as an index with `text_pattern_ops` has them on PostgreSQL."""
    sign = "<=" if or_equal else "<"
    if connection.dialect.name == "postgresql":
        sign = f"~{sign}~"
    # It binds as closely as PostgreSQL's `||`, so that a concatenation gets its brackets.
    return one.op(sign, precedence=_BINDS_CLOSELY, is_comparison=True)(other)
