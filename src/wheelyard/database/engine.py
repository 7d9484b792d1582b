"""Connections and transactions.

SQLite: write-ahead log, foreign keys, and `BEGIN IMMEDIATE` for what writes, so that two writers
queue up instead of failing half-way. PostgreSQL: psycopg 3, snapshots for what reads.
"""

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from wheelyard.database.dialect import WRITING
from wheelyard.errors import DatabaseUnavailable, InvalidSetting, WheelyardError

__all__ = ["Connection", "Engine", "connect", "reading", "writing"]

_WAIT_SECONDS = 30
_CONNECT_SECONDS = 10
_POOL_SIZE = 5
_POOL_OVERFLOW = 20
_REST_SECONDS = 2.0
_WAL_PAUSE_SECONDS = 0.05
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def connect(url: str) -> Engine:
    """Return an engine for an SQLAlchemy URL: `sqlite:////absolute/file` or `postgresql://…`.

    Nothing is opened yet, so a database that is away does not matter until it is used.

    Raises:
        InvalidSetting: if the URL is none, or names another kind of database.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InvalidSetting(repr(url), "A database's URL reads sqlite:////folder/file") from None
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite(parsed)
        case "postgresql":
            return _postgresql(parsed)
        case other:
            raise InvalidSetting(other, "The database is SQLite or PostgreSQL")


def _sqlite(url: URL) -> Engine:
    if url.database in {None, "", ":memory:"}:
        raise InvalidSetting(url, "SQLite needs a file, which several processes can open")
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_WAIT_SECONDS,
        connect_args={"timeout": _WAIT_SECONDS, "isolation_level": None},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_WAIT_SECONDS,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "application_name": "wheelyard",
            # What is asked for all the time is in memory or on a disk without moving parts.
            "options": f"-c timezone=UTC -c lock_timeout={_WAIT_SECONDS}s -c random_page_cost=1.1",
        },
    )
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_after_a_rest)
    return engine


def _note_use(_connection: object, record: Any) -> None:  # noqa: ANN401 - the pool's own type
    record.info["used_at"] = time.monotonic()


def _ping_after_a_rest(connection: Any, record: Any, _proxy: object) -> None:  # noqa: ANN401 - the driver's and the pool's own types
    """Have the pool replace a connection that has died while nobody used it.

    One that was in use a moment ago is believed to live: asking each time would be dear, and a
    transaction that finds it dead fails as it would if it died a moment later.
    """
    if time.monotonic() - record.info.get("used_at", math.inf) < _REST_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error:
        raise DisconnectionError from None


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The default `synchronous=FULL` stays: a commit that is lost when the power fails could let a
    # filename that was published come back with other bytes.
    connection.execute("PRAGMA foreign_keys = ON")
    _use_write_ahead_log(connection)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Turn the write-ahead log on, once per file.

    The busy timeout does not hold for this statement, so two processes that open a new file
    together would fail without the loop.
    """
    give_up_at = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF in _SQLITE_BUSY
            if not is_busy or time.monotonic() > give_up_at:
                raise
            time.sleep(_WAL_PAUSE_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(WRITING):
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a connection for read-only work that sees one consistent moment throughout.

    Raises:
        DatabaseUnavailable: if the database cannot be reached, or fails on the way.
    """
    with _mapped_errors(engine), engine.connect() as connection:
        yield _read_only(connection)


def _read_only(connection: Connection) -> Connection:
    if connection.dialect.name != "postgresql":
        return connection
    return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a connection for one transaction that writes; it commits when the block ends well.

    Raises:
        DatabaseUnavailable: if the database cannot be reached, or fails on the way; nothing of
            the transaction is kept then, unless the very answer to the commit was lost.
    """
    with (
        _mapped_errors(engine),
        engine.connect() as opened,
        opened.execution_options(**{WRITING: True}) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def _mapped_errors(engine: Engine) -> Iterator[None]:
    """Turn the driver's "it does not work" into our error; mistakes of ours stay what they are."""
    try:
        yield
    except PoolTimeoutError:
        raise DatabaseUnavailable(_shown(engine), "All connections are in use") from None
    except StatementError as error:
        if isinstance(error.orig, WheelyardError):
            raise error.orig from None
        if not _is_unavailable(error):
            raise
        raise DatabaseUnavailable(_shown(engine), _first_line(error.orig)) from error


def _is_unavailable(error: StatementError) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return (
        isinstance(error, OperationalError | InterfaceError)
        or error.connection_invalidated
        or type(error.orig) is sqlite3.DatabaseError
        or getattr(error.orig, "sqlstate", None) == _READ_ONLY_TRANSACTION
    )


_READ_ONLY_TRANSACTION = "25006"
"""PostgreSQL's code for a write on a server that only reads, such as a stand-by."""


def _first_line(error: Any) -> str:  # noqa: ANN401 - whatever the driver raised
    return str(error).strip().partition("\n")[0]


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
