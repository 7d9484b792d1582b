"""The few statements in which SQLite and PostgreSQL differ."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

WRITING = "wheelyard_writing"
"""The execution option that marks a connection whose transaction may write."""


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
