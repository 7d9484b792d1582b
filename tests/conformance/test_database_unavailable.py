"""A database that is away, locked, full or read-only: one clear error, and then it goes on."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from factories import NOW, PROJECT, project_page
from postgres import Cluster, running_cluster
from stocked import claim, enqueue, register, stock
from wheelyard.database import engine as engine_module
from wheelyard.database import migrate, queue
from wheelyard.database.engine import Connection, Engine, connect, reading, writing
from wheelyard.database.projects import project_overview, save_page
from wheelyard.database.state import current_serial, get_state, put_state
from wheelyard.errors import DatabaseUnavailable, InvalidSetting

WAIT_SECONDS = 300.0


@pytest.fixture
def other_sqlite(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of somebody else to the database of `sqlite_engine`."""
    connection = sqlite3.connect(tmp_path / "wheelyard.sqlite", isolation_level=None)
    yield connection
    connection.close()


def on_each_connection(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "connect")
    def run(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's connection
        connection.execute(statement)


def write(engine: Engine, value: object = "value") -> None:
    with writing(engine) as connection:
        put_state(connection, "name", value)


def read(engine: Engine) -> object:
    with reading(engine) as connection:
        return get_state(connection, "name")


def test_a_reader_cannot_write(engine: Engine) -> None:
    def write_while_reading() -> None:
        with reading(engine) as connection:
            put_state(connection, "name", "value")

    with pytest.raises(DatabaseUnavailable, match=r"(?i)read-?only"):
        write_while_reading()
    write(engine)
    assert read(engine) == "value"


def test_what_a_failed_transaction_wrote_is_gone(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            put_state(connection, "name", "value")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert read(engine) is None


def test_postgresql_that_cuts_a_connection_is_unavailable_and_works_again(
    postgresql_engine: Engine, postgresql_database: str, cluster: Cluster
) -> None:
    def lose_connection() -> None:
        with writing(postgresql_engine) as connection:
            put_state(connection, "name", "lost")
            cluster.cut_connections(postgresql_database)
            put_state(connection, "name", "lost too")

    with pytest.raises(DatabaseUnavailable, match="terminating connection"):
        lose_connection()

    assert read(postgresql_engine) is None
    write(postgresql_engine)
    assert read(postgresql_engine) == "value"


def test_a_connection_that_is_lost_at_the_commit_is_said_to_be_lost(
    postgresql_engine: Engine, postgresql_database: str, cluster: Cluster
) -> None:
    def lose_connection() -> None:
        with writing(postgresql_engine) as connection:
            put_state(connection, "name", "lost")
            cluster.cut_connections(postgresql_database)

    with pytest.raises(DatabaseUnavailable):
        lose_connection()
    assert read(postgresql_engine) is None


def test_a_connection_that_is_lost_while_it_rests_is_not_noticed(
    postgresql_engine: Engine,
    postgresql_database: str,
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wheelyard.database.engine._REST_SECONDS", 0.0)
    write(postgresql_engine)
    cluster.cut_connections(postgresql_database)

    assert read(postgresql_engine) == "value"


def test_postgresql_that_stops_and_starts_loses_nothing() -> None:
    with running_cluster() as cluster:
        engine = connect(cluster.url(cluster.create()))
        migrate.upgrade(engine)
        with writing(engine) as connection:
            stock(connection)
            enqueue(connection)
            claim(connection, register(connection))
        cluster.stop()
        try:
            with pytest.raises(DatabaseUnavailable, match="The database cannot be used"):
                read(engine)
            with pytest.raises(DatabaseUnavailable):
                write(engine)

            cluster.start()
            write(engine)
            with reading(engine) as connection:
                (leased,) = queue.job_counts(connection)
            assert leased.count == 1
        finally:
            engine.dispose()


def test_the_error_never_shows_the_password(tmp_path: Path) -> None:
    engine = connect(f"postgresql://user:secret@/none?host={tmp_path}")

    with pytest.raises(DatabaseUnavailable) as raised:
        read(engine)
    assert "secret" not in str(raised.value)
    assert "user:***@" in str(raised.value)


def test_postgresql_that_only_reads_is_unavailable_for_writing(
    postgresql_engine: Engine, postgresql_database: str
) -> None:
    with writing(postgresql_engine) as connection:
        connection.execute(
            text(f"ALTER DATABASE {postgresql_database} SET default_transaction_read_only = on")
        )
    postgresql_engine.dispose()

    with pytest.raises(DatabaseUnavailable, match="read-only transaction"):
        write(postgresql_engine)
    assert read(postgresql_engine) is None


def test_postgresql_gives_up_waiting_for_a_lock(postgresql_engine: Engine) -> None:
    def wait_for_lock() -> None:
        with writing(postgresql_engine) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
            save_page(connection, project_page(), at=NOW)

    with writing(postgresql_engine) as connection:
        save_page(connection, project_page(), at=NOW)
        with pytest.raises(DatabaseUnavailable, match="lock timeout"):
            wait_for_lock()


def test_a_deadlock_costs_one_transaction_and_no_data(postgresql_engine: Engine) -> None:
    with writing(postgresql_engine) as connection:
        put_state(connection, "a", "before")
        put_state(connection, "b", "before")
    both = threading.Barrier(2)
    outcomes: list[str] = []

    def write_both(first: str, second: str) -> None:
        try:
            with writing(postgresql_engine) as connection:
                put_state(connection, first, first)
                both.wait(WAIT_SECONDS)
                put_state(connection, second, first)
        except DatabaseUnavailable as error:
            outcomes.append("deadlock" if "deadlock" in str(error) else str(error))
        else:
            outcomes.append(first)

    threads = [threading.Thread(target=write_both, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = set(outcomes) - {"deadlock"}
    assert len(outcomes) == 2
    with reading(postgresql_engine) as connection:
        assert (get_state(connection, "a"), get_state(connection, "b")) == (winner, winner)


def test_sqlite_that_stays_locked_is_unavailable_and_works_again(
    sqlite_engine: Engine, other_sqlite: sqlite3.Connection
) -> None:
    on_each_connection(sqlite_engine, "PRAGMA busy_timeout = 50")
    other_sqlite.execute("BEGIN IMMEDIATE")

    with pytest.raises(DatabaseUnavailable, match="database is locked"):
        write(sqlite_engine)
    assert read(sqlite_engine) is None

    other_sqlite.execute("ROLLBACK")
    write(sqlite_engine)
    assert read(sqlite_engine) == "value"


def test_sqlite_that_is_full_is_unavailable_and_keeps_what_it_has(sqlite_engine: Engine) -> None:
    write(sqlite_engine, "kept")
    sqlite_engine.dispose()
    on_each_connection(sqlite_engine, "PRAGMA max_page_count = 1")

    with pytest.raises(DatabaseUnavailable, match="full"):
        write(sqlite_engine, "x" * 10_000_000)
    assert read(sqlite_engine) == "kept"


def test_sqlite_that_can_only_be_read_is_unavailable_for_writing(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    write(sqlite_engine)
    engine = connect(f"sqlite:///file:{tmp_path / 'wheelyard.sqlite'}?mode=ro&uri=true")

    with pytest.raises(DatabaseUnavailable, match="readonly"):
        write(engine, "other")
    assert read(engine) == "value"
    engine.dispose()


def test_an_sqlite_file_in_no_folder_is_unavailable(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'missing' / 'wheelyard.sqlite'}")

    with pytest.raises(DatabaseUnavailable, match="unable to open database file"):
        write(engine)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "wheelyard.sqlite").write_bytes(b"This is a letter, not a database. " * 100)
    engine = connect(f"sqlite:///{tmp_path / 'wheelyard.sqlite'}")

    with pytest.raises(DatabaseUnavailable, match="file is not a database"):
        write(engine)


def test_a_database_without_tables_is_unavailable(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'wheelyard.sqlite'}")

    with pytest.raises(DatabaseUnavailable, match="no such table"):
        read(engine)
    engine.dispose()


def test_too_many_connections_at_once_is_unavailable(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"_POOL_SIZE": 1, "_POOL_OVERFLOW": 0, "_WAIT_SECONDS": 0.05}.items():
        monkeypatch.setattr(engine_module, name, value)
    engine = connect(sqlite_engine.url.render_as_string())

    with reading(engine), pytest.raises(DatabaseUnavailable, match="All connections are in use"):
        read(engine)
    assert read(engine) is None
    engine.dispose()


def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(sqlite_engine: Engine) -> None:
    with reading(sqlite_engine) as connection:
        settings = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }

    assert settings == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "busy_timeout": 30000,
        "synchronous": 2,
    }


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_of_no_usable_database_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting):
        connect(url)


def test_using_a_function_on_an_empty_database_tells_nothing_and_breaks_nothing(
    engine: Engine,
) -> None:
    with reading(engine) as connection:
        assert project_overview(connection, PROJECT) is None
        assert current_serial(connection) == 0
        assert queue.job_counts(connection) == []
        assert isinstance(connection, Connection)
